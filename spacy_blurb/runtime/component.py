"""`blurb_runtime`: the encoder of an exported pipeline, in the place of `transformer`."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NoReturn

from spacy.language import Language
from spacy.pipeline import Pipe
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import minibatch
from spacy.vocab import Vocab
from thinc.api import Model

from ..encoder.architecture import NAME
from ..encoder.precision import Precision
from ..encoder.windows import check_window
from ..errors import BlurbError, Errors
from .doc_data import DocData
from .encoder import Backend, RuntimeEncoder
from .listener import RuntimeListener
from .untrained import refuse_replacement, refuse_training


@Language.factory(
    "blurb_runtime",
    assigns=["doc._.trf_data"],
    default_config={
        "model": None,
        "backend": "openvino-bf16",
        "precision": "auto",
        "window": 512,
        "overlap": 64,
        "threads": None,
    },
)
def make_runtime(
    nlp: Language,
    name: str,
    model: None,
    backend: Backend,
    precision: Precision,
    window: int,
    overlap: int,
    threads: int | None,
) -> "BlurbRuntime":
    """Build the component `blurb_runtime`; `spacy blurb export` makes pipelines that hold it.

    model (None): Nothing: the encoder is stored whole. `nlp.replace_listeners` looks for a section
        of that name before it comes to what refuses it.
    backend (str): What the stored network was made for: "openvino-bf16", "openvino-int8" or
        "onnx-int8".
    precision (str): Of OpenVINO's floating-point numbers: "fp32"; "bf16" for bfloat16 where the
        processor has it; "auto" where it is faster too, with AMX, but not beside products of 8
        bits: these pipelines give the same results on all processors that multiply them. Otherwise
        float32, of "openvino-bf16" with a warning.
    window, overlap (int): Word pieces; see `spacy_blurb.Encoder.v1`.
    threads (int | None): From 1; None for OMP_NUM_THREADS, or else all processors, and one in
        processes that `multiprocessing` started, such as those of `nlp.pipe(n_process=…)`.
    RAISES (BlurbError): B306 `window` and `overlap` do not fit each other, B706 no threads.
    """
    check_window(window, overlap)
    # spaCy lets "2" pass, as an environment variable has it.
    if threads is not None and (type(threads) is not int or threads < 1):
        raise BlurbError(Errors.B706.format(threads=threads))
    encoder = RuntimeEncoder(
        backend, precision=precision, window=window, overlap=overlap, threads=threads
    )
    return BlurbRuntime(nlp.vocab, encoder, name)


class BlurbRuntime(Pipe):
    """Compute what heads read of Docs, without torch; components listen to it.

    It cannot be trained: train the pipeline that it was exported from.
    """

    def __init__(self, vocab: Vocab, encoder: RuntimeEncoder, name: str = "transformer") -> None:
        """Initialise the component; see `make_runtime`."""
        self.vocab = vocab
        self.name = name
        self.model: Model[list[Doc], list[DocData]] = Model(
            NAME,
            _forward,
            dims={"nO": None},
            attrs={
                "replace_listener": refuse_replacement,
                "replace_listener_cfg": refuse_replacement,
            },
            shims=[encoder],
        )
        self.listener_map: dict[str, list[Model]] = {}
        _offer_data()

    @property
    def encoder(self) -> RuntimeEncoder:
        """What computes."""
        encoder: Any = self.model.shims[0]
        return encoder

    def __call__(self, doc: Doc) -> Doc:
        """Put the encoder's output on a Doc; RETURNS the same Doc."""
        _offer_data()
        (doc._.trf_data,) = self.model.predict([doc])
        return doc

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Put the encoder's output on Docs, `batch_size` at a time; YIELDS them in order.

        Of a batch that it cannot read it tells `nlp.set_error_handler`'s function, as the heads do.
        """
        _offer_data()
        handle = self.get_error_handler()
        for docs in minibatch(stream, batch_size):
            try:
                for doc, data in zip(docs, self.model.predict(docs), strict=True):
                    doc._.trf_data = data
                yield from docs
            except Exception as error:  # whatever it is, the user's function decides
                handle(self.name, self, docs, error)

    def update(self, examples: Iterable[Example], **settings: Any) -> NoReturn:
        """Refuse.

        RAISES (BlurbError): B700, always.
        """
        refuse_training()

    # spaCy's protocol `ListenedToComponent`.

    @property
    def listeners(self) -> list[Model]:
        """The listeners of all components."""
        return [listener for found in self.listener_map.values() for listener in found]

    @property
    def listening_components(self) -> list[str]:
        """The names of the components that listen."""
        return list(self.listener_map)

    def add_listener(self, listener: Model, component_name: str) -> None:
        """Note a listener and tell it the width of vectors."""
        known = self.listener_map.setdefault(component_name, [])
        if listener not in known:
            known.append(listener)
        if self.model.has_dim("nO") and listener.has_dim("nO") is None:
            listener.set_dim("nO", self.model.get_dim("nO"))

    def remove_listener(self, listener: Model, component_name: str) -> bool:
        """Forget a listener; RETURNS whether there was one."""
        known = self.listener_map.get(component_name, [])
        if listener not in known:
            return False
        known.remove(listener)
        if not known:
            del self.listener_map[component_name]
        return True

    def find_listeners(self, component: Any) -> None:
        """Note the listeners of a component that name this one."""
        model = getattr(component, "model", None)
        for node in model.walk() if isinstance(model, Model) else ():
            if isinstance(node, RuntimeListener) and node.upstream_name in ("*", self.name):
                self.add_listener(node, component.name)

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Write the encoder as a folder of files."""
        self.encoder.to_disk(Path(path))

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> "BlurbRuntime":
        """Read what `to_disk` wrote."""
        self.encoder.from_disk(Path(path))
        return self._sized()

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Return the encoder in one piece."""
        return self.encoder.to_bytes()

    def from_bytes(self, data: bytes, *, exclude: Iterable[str] = ()) -> "BlurbRuntime":
        """Restore what `to_bytes` returned."""
        self.encoder.from_bytes(data)
        return self._sized()

    def _sized(self) -> "BlurbRuntime":
        if self.encoder.is_loaded:
            self.model.set_dim("nO", self.encoder.sizes.hidden_width, force=True)
        return self


def _offer_data() -> None:
    """Give Docs `_.trf_data`; also where a pickled component has come, which nothing has made."""
    if not Doc.has_extension("trf_data"):
        Doc.set_extension("trf_data", default=None)


def _forward(
    model: Model, docs: list[Doc], is_train: bool
) -> tuple[list[DocData], Callable[[Any], list[Doc]]]:
    encoder: Any = model.shims[0]
    return encoder.predict_docs(docs, model.ops), lambda d_datas: docs
