"""Relations from files to scores by commands: docs/howto/relations.md, and the tasks' raw files."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.cli._util import app
from typer.testing import CliRunner

import spacy_blurb.cli.main  # noqa: F401  (adds `blurb` to spaCy's own commands)
from spacy_blurb.data.readers import make_corpus_v1
from spacy_blurb.errors import BlurbError
from spacy_blurb.evaluation.packaging import _performance

from .howtos import run_line

# spaCy leaves the files that it writes to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def fails(command: str) -> str:
    result = CliRunner().invoke(app, shlex.split(command))
    assert result.exit_code == 1
    (line,) = result.output.strip().splitlines()
    return line


def test_the_howto_runs(workplace: Path, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    howto = (project / "docs" / "howto" / "relations.md").read_text(encoding="utf-8")
    for name, content in re.findall(r"^`(\S+)`:\n\n```\w*\n(.*?)\n```$", howto, re.M | re.S):
        (workplace / name).parent.mkdir(exist_ok=True)
        (workplace / name).write_text(content, encoding="utf-8")
    names: dict[str, Any] = {}
    outputs = []
    blocks = re.findall(r"^```(bash|python)\n(.*?)\n```$", howto, re.M | re.S)
    kinds = [kind for kind, _ in blocks]
    assert kinds == ["bash", "bash", "bash", "bash", "python", "python"]
    for kind, content in blocks:
        if kind == "python":
            exec(content, names)
            continue
        for line in content.splitlines():
            outputs.append(run_line(line.removeprefix("python -m spacy ")))
    assert "train  3 Docs, 6 mentions, 2 relations, 0 not on token boundaries" in outputs[0]
    assert "train  1 Docs, 2 mentions, 1 relations" in outputs[1]
    shown = capsys.readouterr().out
    assert re.search(r"aspirin Causes fever (1\.0|0\.\d+)\nTrue\n", shown)
    given = json.loads((workplace / "metrics" / "rel.json").read_text(encoding="utf-8"))
    assert (given["score"], given["gold"], given["candidate_recall"]) == (1.0, 2, 1.0)
    assert (given["entities"], given["task"]) == ("gold", "rel")
    both = json.loads((workplace / "metrics" / "both.json").read_text(encoding="utf-8"))
    assert (both["score"], both["gold"], both["entities"]) == (1.0, 2, "predicted")
    run_line("blurb score metrics/both.predictions.jsonl rel corpus/own/test.spacy -o again.json")
    again = json.loads((workplace / "again.json").read_text(encoding="utf-8"))
    assert (again["score"], again["entities"], again["ci95"]) == (1.0, "predicted", both["ci95"])
    rows = (workplace / "metrics" / "both.predictions.jsonl").read_text(encoding="utf-8")
    assert "aspirin" not in rows
    (relation,) = json.loads(rows.splitlines()[0])["relations"]
    assert relation["head"] == [0, 7, "Drug"]
    assert names["nlp"].get_pipe("rel").cfg["threshold"] == 0.9
    reencoded = spacy.load(workplace / "training" / "reencoded" / "model-last").get_pipe("rel")
    attrs = reencoded.model.attrs  # type: ignore[attr-defined]
    assert (attrs["marking"], attrs["features"]) == ("typed_markers", "start")
    go_on_in_python(workplace / "training" / "both" / "model-last", workplace)


def go_on_in_python(trained: Path, workplace: Path) -> None:
    """With spaCy's own ways, of which the optimizer's section is read without the others."""
    nlp = spacy.load(trained)
    training = nlp.config["training"]
    assert training["optimizer"]["learn_rate"]["total_steps"] == training["max_steps"]
    examples = list(make_corpus_v1(workplace / "corpus" / "own" / "train.spacy")(nlp))
    with pytest.raises(BlurbError, match=r"B464.*annotates=\['sentencizer'\]"):
        nlp.update(examples, sgd=nlp.resume_training())
    spacy.load(trained).update(examples, annotates=["sentencizer"])
    filled, raw = workplace / "filled.cfg", workplace / "training" / "both.cfg"
    run_line(f"init fill-config {raw} {filled}")
    run_line(f"debug config {filled}")
    # Of three texts it finds that they are few.
    output = CliRunner().invoke(app, ["debug", "data", str(filled)]).output
    assert "Pipeline can be initialized with data" in output


GAD = """index	sentence	label
a	aspirin @GENE$ causes @DISEASE$	1
b	@DISEASE$ in rats, @GENE$ in rats	0
"""


def test_gad_from_files_to_scores(workplace: Path) -> None:
    (workplace / "raw").mkdir()
    for number, split in enumerate(("train", "dev", "test")):
        rows = GAD.replace("a\t", f"a{number}\t").replace("b\t", f"b{number}\t")
        (workplace / "raw" / f"{split}.tsv").write_text(rows, encoding="utf-8")
    output = run_line("blurb convert gad raw corpus --form blurb")
    assert "train  2 Docs, 2 pairs (paper: 4,261), 1 relations, 0 not on token" in output
    run_line(
        "blurb init-config gad rel.cfg --corpus corpus --encoder encoders/small --epochs 20 "
        "--batch-docs 2 --learning-rate 0.01"
    )
    reencoded = "--components.rel.model.@architectures spacy_blurb.ReencodedRelations.v1"
    run_line(f"train rel.cfg --output training --training.eval_frequency 20 {reencoded}")
    output = run_line("blurb evaluate training/model-last gad corpus/test.spacy -o gad.json")
    assert output.startswith("gad: micro_f1 100.00 (95 % ")
    assert "1 gold (100.00 % of them candidates), 1 predicted relations between gold" in output
    result = json.loads((workplace / "gad.json").read_text(encoding="utf-8"))
    keys = {"task", "metric", "score", "ci95", "n", "model", "seed", "versions", "predictions"}
    assert keys <= set(result)
    # F1 of the positive class.
    assert result["per_label"] == {"1": {"precision": 1.0, "recall": 1.0, "f1": 1.0, "gold": 1}}
    # The file alone gives the same; it does not tell how many pairs were candidates.
    output = run_line("blurb score gad.predictions.jsonl gad corpus/test.spacy -o again.json")
    assert "1 gold, 1 predicted relations between gold entities in 2 documents" in output
    again = json.loads((workplace / "again.json").read_text(encoding="utf-8"))
    same = ("score", "ci95", "n", "per_label", "entities", "gold_sha256", "data_sha256")
    assert {key: again[key] for key in same} == {key: result[key] for key in same}
    performance = _performance(workplace / "gad.json")
    assert next(iter(performance.items())) == ("rel_micro_f", 1.0)
    line = fails("blurb evaluate training/model-last ddi corpus/test.spacy -o x.json")
    assert "[B471] The data have relations 1, which are not those of task ddi" in line


def test_docs_without_relations_cannot_be_scored(workplace: Path, corpus: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("blurb_rel", name="rel")
    nlp.to_disk(workplace / "nlp")
    data = corpus / "test.spacy"
    line = fails(f"blurb evaluate nlp rel {data} -o x.json")
    assert "[B470] Document 's0' is not annotated for relations" in line
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer", name="rel")
    nlp.to_disk(workplace / "other")
    (workplace / "raw").mkdir()
    for split in ("train", "dev", "test"):
        (workplace / "raw" / f"{split}.tsv").write_text(GAD, encoding="utf-8")
    run_line("blurb convert gad raw corpus --form blurb")
    line = fails("blurb evaluate other rel corpus/test.spacy -o x.json")
    assert "[B473] Component 'rel' is a Sentencizer" in line


@pytest.mark.parametrize("name", ["rel", "ner_rel"])
def test_the_templates_are_complete(project: Path, tiny_encoder: Path, name: str) -> None:
    """Filling in spaCy's defaults adds no setting to the component."""
    overrides = {f"paths.{key}": str(tiny_encoder) for key in ("train", "dev", "encoder")}
    config = spacy.util.load_config(project / "configs" / f"{name}.cfg", overrides=overrides)
    nlp = spacy.util.load_model_from_config(config, auto_fill=True)
    filled = nlp.config.interpolate()["components"]["rel"]
    written = config.interpolate()["components"]["rel"]
    assert filled.keys() - written.keys() == {"scorer"}
    assert filled["candidates"] == written["candidates"]
    assert filled["model"].keys() - written["model"].keys() == {"hidden_width", "nO"}
