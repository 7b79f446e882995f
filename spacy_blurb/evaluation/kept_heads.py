"""Can the head of a trained pipeline learn the entities or relations of these corpora?"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from spacy.vocab import Vocab

from ..components.gold_pairs import collect_labels
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
    known = _read_saved(pipeline, component).get("label_sets")
    if known is None:
        return
    docs = (doc for path in paths for doc in read_docbin(path, Vocab()))
    for key, sets in collect_label_sets(docs, name=component).items():
        own = known.get(key, {})
        taught = {name: _learner(name, own) for name in sets}
        if not any(map(own.__contains__, taught.values())):
            raise BlurbError(
                Errors.B527.format(
                    encoder=pipeline, component=component, known=_listed(own), found=_listed(sets)
                )
            )
        # A mention of a label that its set does not have would be taught as none.
        missing = {
            label
            for name, labels in sets.items()
            if taught[name] in own
            for label in set(labels) - set(own[taught[name]])
        }
        if missing:
            labels = {label for own_labels in own.values() for label in own_labels}
            raise BlurbError(
                Errors.B528.format(
                    encoder=pipeline, component=component, found=", ".join(sorted(missing)),
                    known=", ".join(sorted(labels)),
                )
            )  # fmt: skip


def check_relations(pipeline: Path, component: str, paths: Iterable[Path]) -> None:
    """Refuse relations that a kept `blurb_rel` would learn to pass over.

    pipeline, component, paths: See `check_entities`.
    RAISES (BlurbError): B528 relations that the component does not have.
    """
    known = _read_saved(pipeline, component).get("labels")
    if known is None:
        return
    found = collect_labels(doc for path in paths for doc in read_docbin(path, Vocab()))
    if missing := [label for label in found if label not in known]:
        raise BlurbError(
            Errors.B528.format(
                encoder=pipeline, component=component, found=", ".join(missing),
                known=", ".join(known),
            )
        )  # fmt: skip


def _read_saved(pipeline: Path, component: str) -> dict[str, Any]:
    """Read what a component saved; {} for a component of another kind, which saves nothing."""
    path = pipeline / component / "cfg"
    saved: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return saved


def _learner(name: str, own: dict[str, list[str]]) -> str:
    """Return which of a component's label sets learns from Docs of one, see `gold_tags.teaches`."""
    if UNNAMED in own:
        return UNNAMED
    return next(iter(own)) if name == UNNAMED and len(own) == 1 else name


def _listed(sets: Iterable[str]) -> str:
    return ", ".join(name or "one without a name" for name in sets) or "none"
