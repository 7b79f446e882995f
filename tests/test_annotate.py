"""docs/howto/annotate.md runs as a reader would run it; mistakes on the command line."""

import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import Result
from spacy.tokens import DocBin
from typer.testing import CliRunner

from spacy_blurb.cli.main import app

from .howtos import run_howto


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["annotate", *map(str, arguments)])


def test_the_howto_runs(
    project: Path,
    rule_pipeline: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    page = project / "docs" / "howto" / "annotate.md"
    name, content = re.findall(
        r"^`(\S+)`:\n\n```json\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S
    )[0]
    Path(name).write_text(content, encoding="utf-8")
    table = 'PMID,Title,Abstract,Year\n7,"A <i>title</i>, quoted.",Sj&ouml;gren.,2001\n'
    Path("records.csv").write_text(table, encoding="utf-8")
    outputs = []

    def run(*words: str) -> str:
        line = shlex.join(words).replace("PIPELINE", str(rule_pipeline))
        result = CliRunner().invoke(app, shlex.split(line)[1:])
        assert result.exit_code == 0, result.output
        outputs.append(result.stdout)
        return result.stdout

    run_howto(page, rule_pipeline, run)
    printed = capsys.readouterr().out
    assert "abstracts.jsonl 3 [B167]" in printed
    assert "a1 1999 [('aspirin', 'Chemical'), ('fever', 'Disease')]" in printed
    expected = {"id": "7", "text": "A title, quoted. Sjögren.", "year": "2001"}
    assert json.loads(Path("records.jsonl").read_bytes()) == expected
    assert len(outputs) == 6
    assert Path("newest.jsonl").read_bytes() == Path("annotated.jsonl").read_bytes()
    assert outputs[0].startswith("annotate: 2 documents, 1 rejected, ")
    assert len(DocBin().from_disk("annotated.spacy")) == 2
    assert Path("annotated.pubtator").read_text("utf-8").count("|t|") == 2
    assert len(json.loads(Path("annotated.json").read_bytes())["documents"]) == 2
    assert Path("by_ray.jsonl").read_bytes() == Path("annotated.jsonl").read_bytes()
    assert Path("graph/edges.csv").read_text("utf-8").count("CO_MENTION") == 2


def test_the_last_of_several_versions_is_kept(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    page = (project / "docs" / "howto" / "annotate.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```python\n(with [^`]*newest\.jsonl.*?)^```$", page, re.M | re.S)
    lines = [f'{{"id": "{own_id}", "n": {n}}}\n' for n, own_id in enumerate("abacb")]
    Path("annotated.jsonl").write_text("".join(lines), encoding="utf-8")
    exec(compile(block, "howto", "exec"), {"json": json})
    assert Path("newest.jsonl").read_text(encoding="utf-8") == "".join(lines[2:])


def test_mistakes_are_one_line(rule_pipeline: Path, tmp_path: Path) -> None:
    source = tmp_path / "a.jsonl"
    source.write_text("bad\n", encoding="utf-8")
    output = tmp_path / "o.jsonl"
    for arguments, code in [
        (("no_such_package", source, "-o", output), "B501"),
        ((rule_pipeline, tmp_path / "no.txt", "-o", output), "B100"),
        ((rule_pipeline, source, "-o", tmp_path / "o.docx"), "B750"),
        ((rule_pipeline, source, "-o", output, "--input-format", "xml"), "B751"),
        ((rule_pipeline, source, "-o", output, "--gpu"), "B773"),
        ((rule_pipeline, source, "-o", tmp_path / "o.json", "--vectors"), "B779"),
        ((rule_pipeline, source, "-o", output), "B759"),
    ]:
        result = call(*arguments)
        assert (result.exit_code, result.stdout) == (1, "")
        (line,) = result.stderr.splitlines()
        assert line.startswith(f"✘ [{code}]")
    # What was rejected is told all the same.
    assert (tmp_path / "o.jsonl.rejected.jsonl").read_text("utf-8").count("\n") == 1


def test_files_that_are_left_out_are_told(rule_pipeline: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("aspirin\nfever", encoding="utf-8")
    (tmp_path / "in" / "a.md5").write_text("", encoding="utf-8")
    (tmp_path / "in" / ".a.txt").write_text("fever", encoding="utf-8")
    result = call(rule_pipeline, tmp_path / "in", "-o", tmp_path / "o.jsonl")
    assert result.exit_code == 0
    assert "2 left out, hidden, of other kinds or not readable: .a.txt, a.md5" in result.stderr
    assert "the id of an earlier one" not in result.stderr
    row = json.loads((tmp_path / "o.jsonl").read_bytes())
    assert (row["id"], row["text"]) == ("a", "aspirin\nfever")
    again = call(rule_pipeline, tmp_path / "in", "-o", tmp_path / "o.jsonl")
    assert "1 documents (1 of them before), 0 rejected" in again.stdout


def test_repeated_ids_are_told(rule_pipeline: Path, tmp_path: Path) -> None:
    """When the run is done, and when it was done before."""
    source = tmp_path / "a.jsonl"
    source.write_text('{"id": "1", "text": "a"}\n' * 3, encoding="utf-8")
    for _ in range(2):
        result = call(rule_pipeline, source, "-o", tmp_path / "o.jsonl")
        assert "3 documents" in result.stdout
        (line,) = result.stderr.splitlines()
        assert line.startswith("2 documents have the id of an earlier one")


@pytest.mark.parametrize("output", ["-", "/dev/null"])
def test_an_output_that_nothing_could_go_on_with(
    output: str, rule_pipeline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_text("aspirin\n", encoding="utf-8")
    result = call(rule_pipeline, "a.txt", "-o", output, "--format", "jsonl")
    assert result.exit_code == 1
    assert "[B776]" in result.output
    assert [path.name for path in Path().iterdir()] == ["a.txt"]
