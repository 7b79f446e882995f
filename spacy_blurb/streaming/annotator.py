"""How does one batch become annotations? The same function in every process and on every node."""

import re
from collections.abc import Sequence

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import raise_error

from ..annotations import RECORD, copy_record, set_questions, set_record, travelling_vector
from ..data.readers import make_predicted
from ..errors import BlurbError, Errors
from .items import Annotated, Item, Rejected
from .outputs import OUTPUTS

_PROBE = "Naloxone reverses the antihypertensive effect of clonidine."
_Made = tuple[Item, Doc]
_ADDRESS = re.compile(r"0x[0-9a-fA-F]+")


class Annotator:
    """A loaded pipeline and an output format.

    nlp (Language): Its components annotate; errors in them are raised from now on, whatever its
        error handler did with them.
    format_name (str): A key of `OUTPUTS`.
    vector (bool): Whether vectors of Docs are written.
    """

    def __init__(self, nlp: Language, format_name: str, *, vector: bool = False) -> None:
        nlp.set_error_handler(raise_error)
        self._nlp = nlp
        self._output = OUTPUTS[format_name](vector=vector)
        self._vector = vector

    def check(self) -> None:
        """Annotate and encode a short text: a pipeline that cannot fails before, not for each text.

        RAISES (BlurbError): B757 it fails, B758 it has no vectors and these are asked for.
        """
        try:
            doc = self._nlp(_PROBE)
            self._output.encode([doc])
        except Exception as error:  # the components are anybody's
            raise BlurbError(Errors.B757.format(reason=_describe(error))) from error
        if self._vector and travelling_vector(doc) is None:
            raise BlurbError(Errors.B758)

    def __call__(self, items: Sequence[Item]) -> Annotated:
        """Annotate a batch.

        Where the pipeline fails on the batch its documents are annotated one by one, and those on
        which it fails again are rejected. So are those whose annotations cannot be written.

        RAISES (BlurbError): B757 it fails on all of them, and on a short text too.
        """
        rejected: list[Rejected] = []
        # Words that the texts bring along are forgotten with the Docs, so memory does not grow.
        with self._nlp.memory_zone():
            made = self._predict_together(items)
            if made is None:
                made = self._predict_apart(items, rejected)
            docs, payload = self._encode(made, rejected)
            words = sum(len(doc.text.split()) for doc in docs)
            count = len(docs)
            del docs, made
        if items and not count:
            # Where it fails on everything by now, as without its GPU, the run is to go on later.
            self.check()
        return Annotated(payload, count, words, rejected)

    def _predict_together(self, items: Sequence[Item]) -> list[_Made] | None:
        try:
            made = [self._make_doc(item) for item in items]
            docs = list(self._nlp.pipe(made, batch_size=max(len(made), 1)))
            # A component may leave Docs out, which "strict" tells.
            for before, after in zip(made, docs, strict=True):
                _keep_record(before, after)
        except Exception:  # the components are anybody's; the second try says why
            return None
        return list(zip(items, docs, strict=True))

    def _predict_apart(self, items: Sequence[Item], rejected: list[Rejected]) -> list[_Made]:
        made = []
        for item in items:
            try:
                before = self._make_doc(item)
                after = self._nlp(before)
                _keep_record(before, after)
            except Exception as error:  # see above
                rejected.append(_reject(item, Errors.B762, error))
            else:
                made.append((item, after))
        return made

    def _encode(self, made: Sequence[_Made], rejected: list[Rejected]) -> tuple[list[Doc], bytes]:
        """Return the Docs that can be written, and the payload of all of them."""
        docs = [doc for _, doc in made]
        try:
            return docs, self._output.encode(docs)
        except Exception:  # the values are anybody's; the second try says whose
            docs = [doc for item, doc in made if self._can_encode(item, doc, rejected)]
        return docs, self._output.encode(docs)

    def _can_encode(self, item: Item, doc: Doc, rejected: list[Rejected]) -> bool:
        try:
            self._output.encode([doc])
        except Exception as error:  # see above
            rejected.append(_reject(item, Errors.B777, error))
            return False
        return True

    def _make_doc(self, item: Item) -> Doc:
        if item.doc:
            doc = make_predicted(self._nlp, Doc(self._nlp.vocab).from_bytes(item.doc))
        else:
            doc = self._nlp.make_doc(item.text)
        if item.questions:
            set_questions(doc, item.questions)
        set_record(doc, item.id, group=item.group, title_end=item.title_end, fields=item.fields)
        return doc


def _keep_record(before: Doc, after: Doc) -> None:
    """A component may return another Doc, which does not know what it is."""
    if RECORD not in after.spans:
        copy_record(before, after)


def _reject(item: Item, message: str, error: Exception) -> Rejected:
    reason = message.format(doc_id=item.id, reason=_describe(error))
    return Rejected(item.file, item.record, reason)


def _describe(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [""]
    reason = f"{type(error).__name__}: {lines[0]}"[:300]
    # Two runs give the same file.
    return _ADDRESS.sub("0x…", reason)
