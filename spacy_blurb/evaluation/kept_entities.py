"""Can the head of a trained pipeline learn the entities of these corpora?"""

import json
from collections.abc import Iterable
from pathlib import Path

from spacy.vocab import Vocab

from ..components.gold_tags import collect_label_sets
from ..components.tables import UNNAMED
from ..data.docbin import read_docbin
from ..errors import BlurbError, Errors


def check_entities(pipeline: Path, component: str, paths: Iterable[Path]) -> None:
    """Refuse entities that a kept `blurb_ner` would pass over, in training and without a word.

    pipeline (Path): The saved pipeline.
    component (str): Its name in it.
    paths (Iterable[Path]): `.spacy` files to learn from.
    RAISES (BlurbError): B527 annotated for a label set that the component does not have, B528 for a
        label.
    """
    saved = pipeline / component / "cfg"
    if not saved.is_file():
        return
    known = json.loads(saved.read_text(encoding="utf-8")).get("label_sets", {})
    docs = (doc for path in paths for doc in read_docbin(path, Vocab()))
    for key, sets in collect_label_sets(docs, name=component).items():
        own = known.get(key, {})
        is_named = UNNAMED not in own and not (UNNAMED in sets and len(own) == 1)
        missing_sets = sorted(set(sets) - set(own)) if is_named else []
        if missing_sets:
            raise BlurbError(
                Errors.B527.format(
                    encoder=pipeline, component=component, found=", ".join(missing_sets),
                    known=", ".join(own) or "none",
                )
            )  # fmt: skip
        labels = {label for own_labels in own.values() for label in own_labels}
        found = {label for new_labels in sets.values() for label in new_labels}
        if missing := sorted(found - labels):
            raise BlurbError(
                Errors.B528.format(
                    encoder=pipeline, component=component, found=", ".join(missing),
                    known=", ".join(sorted(labels)),
                )
            )  # fmt: skip
