"""How a component that makes Docs of its own, such as pairs, reaches the encoder of its pipeline.

spaCy tells a component nothing about the pipeline that it is in: sourced into another one, it is
the same object, and in a spawned process there is no pipeline at all. So the encoder is looked up
at every call, and the first of these that exists is right:

1. an encoder inside the component's own model, where `nlp.replace_listeners` put it;
2. in training, the encoder that has just sent its output to the component's listener;
3. the encoder of the Docs of the same vocab, so of the same pipeline, that the component has seen
   last: its output on a Doc names it. This is what holds after `source=`, also where the pipeline
   that the component comes from goes on using it;
4. the encoder of the pipeline that the component was made for or initialised in, also a disabled
   one, provided that the Docs are of that pipeline;
5. the encoder that the component was pickled with.

Pickled, a link takes the encoder that it finds along: processes that are spawned get the components
of a pipeline in one piece, so that it is the same object as that of `transformer` there.
"""

import weakref
from collections.abc import Callable, Iterable
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc
from spacy.vocab import Vocab
from thinc.api import Model

from ..errors import BlurbError, Errors
from .architecture import NAME
from .output import encode_docs
from .output_checks import output_of
from .own_encoder import split_by_doc

Backprop = Callable[[Any], None]

KEPT_VOCABS = 16
"""Vocabs whose encoder a link knows. Each is held whole, and a program that reads Docs from many
files may make one per file."""


class EncoderLink:
    """The way from one component to its encoder; see the module."""

    def __init__(self, name: str, model: Model, nlp: Language | None = None) -> None:
        """Make the link of a component.

        name (str): The component's, for messages.
        model (Model): The component's, with its listener.
        nlp (Language | None): The pipeline that it is made for.
        """
        self.name = name
        self.model = model
        self._nlp: Callable[[], Language | None] = _nothing
        # By the vocab's identity, since vocabs have no weak references; held here, so that none
        # can be taken for another one.
        self._seen: dict[int, tuple[Vocab, Callable[[], Any]]] = {}
        self._last: Callable[[], Any] = _nothing
        self._carried: Any = None
        if nlp is not None:
            self.attach(nlp)

    def attach(self, nlp: Language) -> None:
        """Take the encoder of this pipeline; to be called in `initialize` too."""
        self._nlp = weakref.ref(nlp)

    def see(self, docs: Iterable[Doc]) -> None:
        """Remember the encoder of these Docs; to be called with all Docs that pass through."""
        for doc in docs:
            data = output_of(doc)
            if data is not None and hasattr(data, "encoder"):
                self._remember(doc.vocab, data.encoder)
                return

    def has_seen(self, vocab: Vocab) -> bool:
        """Tell whether Docs of this vocab passed through, by an encoder that is still there."""
        _, encoder = self._seen.get(id(vocab), (None, _nothing))
        return encoder() is not None

    def _remember(self, vocab: Vocab, encoder: Callable[[], Any]) -> None:
        """Note the encoder of a vocab; forget those of pipelines that are gone, and the oldest."""
        others = [
            (key, entry)
            for key, entry in self._seen.items()
            if key != id(vocab) and entry[1]() is not None
        ]
        # In one step: other threads look up theirs meanwhile.
        self._seen = {**dict(others[1 - KEPT_VOCABS :]), id(vocab): (vocab, encoder)}
        self._last = encoder

    def _seen_for(self, docs: Iterable[Doc]) -> Any:
        """Return the encoder seen last of the Docs' vocabs, None where there was none."""
        found = None
        for key in {id(doc.vocab) for doc in docs}:
            _, encoder = self._seen.get(key, (None, _nothing))
            other = encoder()
            if found is not None and other is not None and other is not found:
                raise BlurbError(Errors.B311.format(name=self.name))
            found = found or other
        return found

    def predict(self, docs: list[Doc], pooling: Model[list[Any], Any]) -> Any:
        """Encode Docs and pool the output.

        docs (list[Doc]): At least one has tokens.
        pooling (Model): From the encoder's output to vectors, as `average_starts`: the ref
            "pooling" of a listener's model.
        RETURNS: What `pooling` gives.
        RAISES (BlurbError): B310 no encoder, B311 the Docs are of another pipeline.
        """
        return pooling.predict(self._find(docs).predict_docs(docs, self.model.ops))

    def begin_update(self, docs: list[Doc], pooling: Model[list[Any], Any]) -> tuple[Any, Backprop]:
        """Encode Docs for training; to be called before the component's listener is given back
        its gradient, which ends what the listener knows of this step.

        The function that is returned adds to the gradients of the encoder's weights, which change
        when the pipeline updates `transformer`. Of a frozen encoder it does nothing.

        docs, pooling: See `predict`.
        RETURNS (tuple): What `pooling` gives, and a function that takes its gradient.
        RAISES (BlurbError): B310 no encoder, B311 the Docs are of another pipeline.
        """
        shim = self._find(docs)
        if self._is_frozen():
            return self.predict(docs, pooling), _nothing
        datas, encoder_backprop = split_by_doc(docs, *encode_docs(shim, self.model.ops, docs, True))
        vectors, unpool = pooling.begin_update(datas)

        def backprop(d_vectors: Any) -> None:
            encoder_backprop(unpool(d_vectors))

        return vectors, backprop

    def _is_frozen(self) -> bool:
        """A frozen encoder sends nothing to listeners; it writes to the Docs instead."""
        listeners = self._listeners()
        return bool(listeners) and all(node._batch_id is None for node in listeners)

    def _find(self, docs: list[Doc]) -> Any:
        found = self._own() or self._sent() or self._seen_for(docs)
        if found is not None:
            return found
        nlp = self._nlp()
        found = None if nlp is None else self._of_pipeline(nlp)
        if nlp is not None and found is not None:
            if any(doc.vocab is not nlp.vocab for doc in docs):
                raise BlurbError(Errors.B311.format(name=self.name))
            return found
        if self._carried is not None:
            return self._carried
        raise BlurbError(Errors.B310.format(name=self.name))

    def _own(self) -> Any:
        return next(_encoders(self.model), None)

    def _listeners(self) -> list[Any]:
        return [node for node in self.model.walk() if hasattr(node, "upstream_name")]

    def _sent(self) -> Any:
        for listener in self._listeners():
            for data in listener._outputs or ():
                if hasattr(data, "encoder"):
                    return data.encoder()
        return None

    def _of_pipeline(self, nlp: Language) -> Any:
        upstream = {listener.upstream_name for listener in self._listeners()}
        for name, component in nlp.components:
            model = getattr(component, "model", None)
            is_upstream = hasattr(component, "find_listeners") and upstream & {"*", name}
            # None in spaCy's `tok2vec`, which others may listen to.
            if is_upstream and (found := next(_encoders(model), None)) is not None:
                return found
        return None

    def __getstate__(self) -> dict[str, Any]:
        """Take the encoder along."""
        nlp = self._nlp()
        found = self._last() or self._carried
        if found is None and nlp is not None:
            found = self._of_pipeline(nlp)
        return {"name": self.name, "model": self.model, "encoder": found}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a pickled link."""
        self.__init__(state["name"], state["model"])  # type: ignore[misc]
        self._carried = state["encoder"]


def _encoders(model: Any) -> Any:
    """Yield the encoders (EncoderShim, or RuntimeEncoder in an exported pipeline) in a model."""
    for node in model.walk() if isinstance(model, Model) else ():
        if node.name == NAME:
            yield node.shims[0]


def _nothing(*args: Any) -> None:
    return None
