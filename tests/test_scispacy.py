"""scispaCy's linker and detector on what our components write; docs/howto/scispacy.md."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import Doc, DocBin

pytest.importorskip("scispacy", reason="scispaCy is not installed (make scispacy)")

from scispacy import candidate_generation
from scispacy.abbreviation import AbbreviationDetector
from scispacy.linking import EntityLinker
from scispacy.linking_utils import Entity, KnowledgeBase

from spacy_blurb.annotations import doc_abbreviations
from spacy_blurb.components.abbreviations import BlurbAbbreviations

from .howtos import run_howto

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*W036"),
    # scispaCy leaves the files that it reads to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

# scispaCy's index forgets triples of characters that fewer than ten names have.
FORMS = ("", "s", "-like", " dose", " level", " alone", " in rats", " in man", " study", " effect")
CONCEPTS = {"D1": "aspirin", "D2": "naloxone", "S1": "fever", "S2": "hypertension"}


@pytest.fixture(autouse=True)
def _ours_again() -> Iterator[None]:
    """Both programs claim the same attributes: leave them to ours."""
    yield
    BlurbAbbreviations()


@pytest.fixture(scope="module")
def base() -> KnowledgeBase:
    return KnowledgeBase(
        [
            Entity(concept, name, [name + form for form in FORMS])
            for concept, name in CONCEPTS.items()
        ]
    )


@pytest.fixture(scope="module")
def linker(base: KnowledgeBase) -> EntityLinker:
    with pytest.MonkeyPatch.context() as patch:
        # It refuses scipy from 1.11 on for the sake of saving in half precision; nothing is saved.
        patch.setattr(candidate_generation, "scipy_supports_sparse_float16", lambda: True)
        return EntityLinker.from_kb(base, filter_for_definitions=False)


def linked(doc: Doc) -> list[tuple[str, list[str]]]:
    return [(ent.text, [concept for concept, _ in ent._.kb_ents]) for ent in doc.ents]


def test_the_linker_finds_concepts_of_our_entities(
    linker: EntityLinker, trained_folder: Path
) -> None:
    nlp = spacy.load(trained_folder)
    assert nlp.pipe_names[:2] == ["transformer", "ner"]
    texts = ["aspirin causes fever in rats", "naloxone reduces hypertension", "rats in rats"]
    docs = [linker(doc) for doc in nlp.pipe(texts)]
    assert [linked(doc) for doc in docs] == [
        [("aspirin", ["D1"]), ("fever", ["S1"])],
        [("naloxone", ["D2"]), ("hypertension", ["S2"])],
        [],
    ]
    for ent in docs[0].ents:
        assert ent._.kb_ents[0][1] == pytest.approx(1.0, abs=1e-6)
        assert 0 < ent._.score <= 1
    # What it writes is Docs' user data, and ours stays beside it.
    stored = DocBin(docs=docs, store_user_data=True).to_bytes()
    copies = list(DocBin().from_bytes(stored).get_docs(nlp.vocab))
    assert [linked(doc) for doc in copies] == [linked(doc) for doc in docs]
    assert copies[0].ents[0]._.score == docs[0].ents[0]._.score


@pytest.mark.parametrize("factory", ["blurb_abbreviations", "abbreviation_detector"])
def test_the_linker_resolves_abbreviations_of_either_program(
    linker: EntityLinker, factory: str
) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe(factory)
    ruler: Any = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "Disease", "pattern": "FVR"}])
    doc = linker(nlp("A fever (FVR) in rats. FVR passes."))
    assert linked(doc) == [("FVR", ["S1"]), ("FVR", ["S1"])]
    unresolved = linker(nlp("FVR passes."))
    assert linked(unresolved) == [("FVR", [])]


def test_their_detector_on_docs_of_ours(trained_folder: Path) -> None:
    """On the same Docs, one after the other: the same pairs, and entities stay as they were."""
    nlp = spacy.load(trained_folder)
    nlp.add_pipe("blurb_abbreviations")
    docs = list(
        nlp.pipe(
            [
                "fever in rats (FIR) causes hypertension. FIR in rats.",
                "aspirin (ASA), low dose aspirin (LDA): LDA, ASA",
                "aspirin causes fever in rats",
            ]
        )
    )
    ours = [[_pair(span) for span in doc._.abbreviations] for doc in docs]
    entities = [[(ent.text, ent._.score) for ent in doc.ents] for doc in docs]
    assert sum(map(len, ours)) == 4
    detector = AbbreviationDetector(nlp)
    for doc, expected, ents in zip(docs, ours, entities, strict=True):
        detector(doc)
        theirs = sorted(_pair(span) for span in doc._.abbreviations)
        assert theirs == sorted(expected)
        # Where ours are kept, whoever has the attribute.
        assert [span.start_char for span in doc_abbreviations(doc)] == [p[0] for p in expected]
        assert [(ent.text, ent._.score) for ent in doc.ents] == ents


def _pair(span: Any) -> tuple[int, str, str]:
    return span.start_char, span.text, span._.long_form.text


@pytest.fixture
def workplace(tmp_path: Path, trained_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(trained_folder, tmp_path / "training" / "model")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_howto_runs(workplace: Path, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = project / "docs" / "howto" / "scispacy.md"
    text = page.read_text(encoding="utf-8")
    ((name, content),) = re.findall(r"^`(\S+)`:\n\n```json\n(.*?)^```$", text, re.M | re.S)
    (workplace / name).write_text(content, encoding="utf-8")
    (shown,) = re.findall(r"^prints\n\n```\n(.*?)^```$", text, re.M | re.S)
    run_howto(page, workplace, _no_command)
    printed = capsys.readouterr().out
    assert shown in printed
    assert "[('aspirin', 'DRUG:1', 1.0), ('fever', 'SIGN:1', " in printed
    assert "[('ASA', 'acetylsalicylic acid')]\n" in printed


def _no_command(*words: str) -> str:
    raise AssertionError(words)
