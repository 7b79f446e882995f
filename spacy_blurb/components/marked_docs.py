"""A Doc per candidate pair: its context, with the two entities replaced or marked.

Dummies are those of BLURB: the text is the row that it distributes. Typed markers are those of Zhou
and Chen 2021 (arXiv 2102.01373), made of punctuation: "@ * chemical * aspirin @ inhibits # ^ gene ^
COX-2 #", "@" and "*" for the head, "#" and "^" for the tail. Both go in as plain text. BERT's
tokenizers read "@CHEMICAL$" as "@", "chemical", "$", and the markers as a piece each, so that the
vocabulary and the embeddings of any encoder stay as they are.
"""

from dataclasses import dataclass
from typing import Literal

from spacy.tokens import Doc

from .doc_pairs import DocPairs

Marking = Literal["dummies", "typed_markers", "none"]
TokenSpan = tuple[int, int]
"""First token, token behind the last."""

_SHORT = {"CHEMICAL": "CHEM"}
"""Names inside the dummy of two overlapping entities, as in BLURB's rows."""
_MARKS = {"head": ("@", "*"), "tail": ("#", "^")}


@dataclass(frozen=True, slots=True)
class MarkedDoc:
    """The Doc of one candidate.

    head, tail (TokenSpan): The dummies, or the entities between their markers.
    head_start, tail_start (int): The token that each begins with: dummy or opening marker.
    """

    doc: Doc
    head: TokenSpan
    tail: TokenSpan
    head_start: int
    tail_start: int


class Marker:
    """Makes the Docs of one Doc's candidates."""

    def __init__(self, pairs: DocPairs, marking: Marking) -> None:
        doc = pairs.doc
        self._pairs = pairs
        self._marking = marking
        self._words = [token.text for token in doc]
        self._spaces = [bool(token.whitespace_) for token in doc]
        is_divided = doc.has_annotation("SENT_START")
        starts = [token.i for token in doc if token.is_sent_start] if is_divided else []
        self._starts = sorted({0, *starts})

    def mark(self, row: int) -> MarkedDoc:
        """Make the Doc of a pair.

        row (int): In `DocPairs.pairs`.
        """
        head, tail = (int(i) for i in self._pairs.pairs[row])
        spans = [(int(a), int(b)) for a, b in self._pairs.spans[[head, tail]]]
        labels = [self._pairs.mentions[i][2] for i in (head, tail)]
        first, last = self._context(spans)
        if self._marking == "dummies":
            return self._with_dummies(first, last, spans, labels)
        return self._with_markers(first, last, spans, labels if self._marking != "none" else None)

    def _context(self, spans: list[TokenSpan]) -> TokenSpan:
        """From the sentence of the earlier entity to that of the later one, white space cut off."""
        earliest, latest = min(s for s, _ in spans), max(s for s, _ in spans)
        first = max(start for start in self._starts if start <= earliest)
        last = min((s for s in self._starts if s > latest), default=len(self._words))
        # White space inside an entity stays, so that the entity ends inside of the context.
        behind = max(end for _, end in spans)
        last = max(last, behind)
        while last > behind and self._words[last - 1].isspace():
            last -= 1
        return first, last

    def _with_dummies(
        self, first: int, last: int, spans: list[TokenSpan], labels: list[str]
    ) -> MarkedDoc:
        builder = _Builder(self._words, self._spaces)
        order = sorted((0, 1), key=lambda i: (spans[i], i))
        left, right = (spans[i] for i in order)
        names = [labels[i].upper() for i in order]
        if right[0] < left[1]:
            builder.copy(first, left[0])
            name = "-".join(sorted(_SHORT.get(name, name) for name in names))
            joint = builder.add_dummy(name, max(left[1], right[1]))
            builder.copy(max(left[1], right[1]), last)
            return builder.finish(self._pairs.doc, joint, joint, joint[0], joint[0])
        builder.copy(first, left[0])
        places = [builder.add_dummy(names[0], left[1])]
        builder.copy(left[1], right[0])
        places.append(builder.add_dummy(names[1], right[1]))
        builder.copy(right[1], last)
        head, tail = (places[order.index(i)] for i in (0, 1))
        return builder.finish(self._pairs.doc, head, tail, head[0], tail[0])

    def _with_markers(
        self, first: int, last: int, spans: list[TokenSpan], labels: list[str] | None
    ) -> MarkedDoc:
        """Insert markers; without labels only find the places."""
        builder = _Builder(self._words, self._spaces)
        begins, inside, ends = {}, {}, {}
        for position in range(first, last + 1):
            # What was opened last is closed first, and of two that begin here the longer one opens.
            for i in sorted((0, 1), key=lambda i: (-spans[i][0], -i)):
                if spans[i][1] == position:
                    ends[i] = len(builder.words)
                    if labels is not None:
                        builder.close(_MARKS["head" if i == 0 else "tail"][0])
            for i in sorted((0, 1), key=lambda i: (-spans[i][1], i)):
                if spans[i][0] == position:
                    begins[i] = len(builder.words)
                    if labels is not None:
                        builder.open(*_MARKS["head" if i == 0 else "tail"], labels[i].lower())
                    inside[i] = len(builder.words)
            if position < last:
                builder.copy(position, position + 1)
        head, tail = ((inside[i], ends[i]) for i in (0, 1))
        return builder.finish(self._pairs.doc, head, tail, begins[0], begins[1])


class _Builder:
    """Collects the words of a Doc."""

    def __init__(self, words: list[str], spaces: list[bool]) -> None:
        self._source = words, spaces
        self.words: list[str] = []
        self.spaces: list[bool] = []

    def copy(self, first: int, last: int) -> None:
        """Take over tokens of the source."""
        self.words += self._source[0][first:last]
        self.spaces += self._source[1][first:last]

    def add_dummy(self, name: str, behind: int) -> TokenSpan:
        """Add "@NAME$" for what ends before the source's token `behind`."""
        start = len(self.words)
        self.words += ["@", name, "$"]
        self.spaces += [False, False, self._source[1][behind - 1]]
        return start, start + 3

    def open(self, mark: str, around: str, name: str) -> None:
        """Add "@ * name * "."""
        self.words += [mark, around, name, around]
        self.spaces += [True] * 4

    def close(self, mark: str) -> None:
        """Add " @" behind the last word, with the space that this one had."""
        self.words.append(mark)
        self.spaces.append(self.spaces[-1])
        self.spaces[-2] = True

    def finish(
        self, source: Doc, head: TokenSpan, tail: TokenSpan, head_start: int, tail_start: int
    ) -> MarkedDoc:
        """Make the Doc."""
        if self.spaces:
            self.spaces[-1] = False
        doc = Doc(source.vocab, words=self.words, spaces=self.spaces)
        return MarkedDoc(doc, head, tail, head_start, tail_start)
