"""The registered names are the public surface: changed on purpose or not at all."""

from importlib.metadata import distribution

import pytest
import spacy

NAMES = {
    "console_scripts": {"spacy-blurb"},
    "spacy_cli": {"blurb"},
    "spacy_factories": {
        "blurb_ner",
        "blurb_textcat",
        "blurb_sts",
        "blurb_doc_cleaner",
        "blurb_qa",
        "blurb_rel",
        "blurb_sentencizer",
        "blurb_abbreviations",
        "blurb_runtime",
    },
    "spacy_displacy_colors": {"spacy_blurb"},
    "spacy_tokenizers": {"spacy_blurb.BiomedTokenizer.v1"},
    "spacy_architectures": {
        "spacy_blurb.Encoder.v1",
        "spacy_blurb.OwnEncoder.v1",
        "spacy_blurb.RuntimeListener.v1",
        "spacy_blurb.TokenVectors.v1",
        "spacy_blurb.SequenceVector.v1",
        "spacy_blurb.MeanVector.v1",
        "spacy_blurb.SpanVectors.v1",
        "spacy_blurb.SequenceTokenVectors.v1",
        "spacy_blurb.TokenClassifier.v1",
        "spacy_blurb.BiLSTM.v1",
        "spacy_blurb.SequenceHead.v1",
        "spacy_blurb.AnswerClassifier.v1",
        "spacy_blurb.AnswerSpans.v1",
        "spacy_blurb.AnswerChoice.v1",
        "spacy_blurb.SharedRelations.v1",
        "spacy_blurb.ReencodedRelations.v1",
    },
    "spacy_scorers": {
        "spacy_blurb.entity_scorer.v1",
        "spacy_blurb.label_scorer.v1",
        "spacy_blurb.pair_scorer.v1",
        "spacy_blurb.answer_scorer.v1",
        "spacy_blurb.relation_scorer.v1",
    },
    "spacy_misc": {"spacy_blurb.candidates.v1"},
    "spacy_readers": {"spacy_blurb.Corpus.v1"},
    "spacy_callbacks": {
        "spacy_blurb.exported.v1",
        "spacy_blurb.measured_scores.v1",
        "spacy_blurb.resolve_optimizer.v1",
    },
    "thinc_optimizers": {"spacy_blurb.exported.v1"},
    "spacy_batchers": {
        "spacy_blurb.batch_by_length.v1",
        "spacy_blurb.batch_by_pairs.v1",
        "spacy_blurb.batch_by_task.v1",
    },
}


def test_entry_points_are_the_pinned_ones() -> None:
    found: dict[str, set[str]] = {}
    for point in distribution("spacy-blurb").entry_points:
        found.setdefault(point.group, set()).add(point.name)
    assert found == NAMES


@pytest.mark.parametrize(
    ("registry", "name"),
    [
        (group.removeprefix("spacy_").removeprefix("thinc_"), name)
        for group, names in NAMES.items()
        if group not in {"console_scripts", "spacy_cli", "spacy_factories", "spacy_displacy_colors"}
        for name in sorted(names)
    ],
)
def test_registered_functions_are_found(registry: str, name: str) -> None:
    assert callable(getattr(spacy.registry, registry).get(name))


@pytest.mark.parametrize("name", sorted(NAMES["spacy_factories"]))
def test_factories_have_meta(name: str) -> None:
    meta = spacy.blank("en").get_factory_meta(name)
    # Four factories learn nothing; one of them is scored, and one adds nothing.
    rules = {"blurb_doc_cleaner", "blurb_sentencizer", "blurb_abbreviations", "blurb_runtime"}
    assert name in rules or meta.default_config["model"]
    assert meta.scores or name in rules - {"blurb_sentencizer"}
    assert meta.assigns or name == "blurb_doc_cleaner"
