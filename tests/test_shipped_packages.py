"""en_blurb_sm and en_blurb_xs as a fresh clone has them."""

import warnings
import zipfile
from pathlib import Path

import pytest
import spacy


@pytest.mark.parametrize("name", ["en_blurb_sm", "en_blurb_xs"])
def test_the_wheel_finds_entities_relations_and_abbreviations(
    project: Path, tmp_path: Path, name: str
) -> None:
    pytest.importorskip("openvino")
    (wheel,) = (project / "assets" / "packages").glob(f"{name}-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    (config,) = tmp_path.glob(f"{name}/*/config.cfg")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a processor without VNNI
        nlp = spacy.load(config.parent)
        doc = nlp("Clozapine caused agranulocytosis (AGC) in two patients. BRCA1 is a gene.")
    assert [(ent.text, ent.label_) for ent in doc.ents] == [
        ("Clozapine", "Chemical"),
        ("agranulocytosis", "Disease"),
        ("AGC", "Disease"),
        ("BRCA1", "Gene"),
    ]
    found = {(r.head.text, r.label, r.tail.text) for r in doc._.relations}
    assert ("Clozapine", "CID", "agranulocytosis") in found
    assert [(s.text, s._.long_form.text) for s in doc._.abbreviations] == [
        ("AGC", "agranulocytosis")
    ]
