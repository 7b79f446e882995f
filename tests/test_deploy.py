"""From a trained pipeline to a wheel without torch: docs/howto/deploy.md."""

import shlex
import shutil
from pathlib import Path
from zipfile import ZipFile

import pytest
from spacy.cli._util import app
from typer.testing import CliRunner

import spacy_blurb.cli.main  # noqa: F401  (adds `blurb` to spaCy's own commands)

from .howtos import run, run_howto

# spaCy leaves the files that it writes to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def workplace(
    tmp_path: Path, trained_folder: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    shutil.copytree(trained_folder, tmp_path / "training" / "model")
    shutil.copytree(corpus, tmp_path / "corpus")
    texts = "aspirin causes fever in rats\n\nnaloxone reduces hypertension\n" * 2
    (tmp_path / "texts.txt").write_text(texts, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_howto_runs(
    workplace: Path, project: Path, tiny_encoder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = run_howto(project / "docs" / "howto" / "deploy.md", tiny_encoder, run)
    assert [ent.text for ent in names["doc"].ents] == ["aspirin", "fever"]
    output = capsys.readouterr().out
    assert "ents_f 1.0" in output
    assert output.splitlines()[-1] == "4"
    with ZipFile(workplace / "packages" / "en_blurb_fast-0.1.0-py3-none-any.whl") as wheel:
        (name,) = (name for name in wheel.namelist() if name.endswith("dist-info/METADATA"))
        metadata = wheel.read(name).decode("utf-8")
    required = [line for line in metadata.splitlines() if line.startswith("Requires-Dist: ")]
    (line,) = required
    assert line.startswith("Requires-Dist: spacy-blurb[openvino]")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--backend openvino-int8", "B720"),
        ("--backend openvino-int4", "B725"),
        ("--calibration corpus/empty.txt --backend openvino-int8", "B721"),
        ("--calibration texts.txt --calibration none.txt --backend openvino-int8", "B100"),
        ("--dev corpus/dev.spacy --tolerance -2", "B724"),
    ],
)
def test_refusals(workplace: Path, arguments: str, message: str) -> None:
    (workplace / "corpus" / "empty.txt").write_text("\n", encoding="utf-8")
    command = f"blurb export training/model out {arguments}"
    result = CliRunner().invoke(app, shlex.split(command))
    assert result.exit_code == 1
    assert message in result.output
    assert not (workplace / "out").exists()


def test_it_does_not_overwrite(workplace: Path) -> None:
    (workplace / "out").mkdir()
    result = CliRunner().invoke(app, ["blurb", "export", "training/model", "out"])
    assert result.exit_code == 1
    assert "B723" in result.output


def test_overwriting_takes_nothing_but_an_exported_pipeline(workplace: Path) -> None:
    """Not a folder of other things, nor the pipeline that is exported."""
    other = workplace / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("years of work", encoding="utf-8")
    for output in ("other", "training/model"):
        arguments = ["blurb", "export", "training/model", output, "--overwrite"]
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 1
        assert "B726" in result.output
    assert (other / "thesis.txt").exists()
    assert (workplace / "training" / "model" / "config.cfg").exists()
