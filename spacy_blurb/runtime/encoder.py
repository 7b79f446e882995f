"""The encoder of an exported pipeline: tokenizer, windows and a network that needs no torch."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import srsly
from numpy.typing import NDArray
from spacy.tokens import Doc
from thinc.api import Ops, Shim
from tokenizers import Tokenizer

from ..encoder.packing import Batch, pack
from ..encoder.pieces import PieceReader, join, read_docs
from ..encoder.precision import Precision
from ..encoder.reference import EncoderReference
from ..encoder.windows import fit_positions
from ..errors import BlurbError, Errors
from .doc_data import DocData, describe_doc, empty_data
from .onnx_network import FILE as ONNX_FILE
from .onnx_network import OnnxNetwork
from .openvino_network import FILES as OPENVINO_FILES
from .openvino_network import OpenVinoNetwork

Backend = Literal["openvino-bf16", "openvino-int8", "onnx-int8"]

BUDGET = 1024
"""Cells that are computed at once; their activations fit in a processor's cache."""
_SIZES, _TOKENIZER = "encoder.json", "tokenizer.json"
_NETWORK_FILES = {*OPENVINO_FILES, ONNX_FILE}


class Network(Protocol):
    """What computes rows of windows; see `OpenVinoNetwork`."""

    def run(self, rows: NDArray[np.int32]) -> NDArray[np.float32]:
        """Compute the vectors of rows."""

    def to_files(self) -> dict[str, bytes]:
        """Return it as files."""


NETWORKS: dict[str, Any] = {
    "openvino-bf16": OpenVinoNetwork,
    "openvino-int8": OpenVinoNetwork,
    "onnx-int8": OnnxNetwork,
}


@dataclass(frozen=True, slots=True)
class Sizes:
    """What has to be known of an encoder beside its network and tokenizer."""

    backend: str
    hidden_width: int
    n_types: int
    n_positions: int
    cls_id: int
    sep_id: int


class RuntimeEncoder(Shim):
    """An encoder for prediction; empty until `fill`, `from_bytes` or `from_disk`."""

    def __init__(
        self,
        backend: Backend,
        *,
        precision: Precision,
        window: int,
        overlap: int,
        threads: int | None,
    ) -> None:
        """See `component.make_runtime`."""
        super().__init__(None)
        self.settings: dict[str, Any] = {
            "backend": backend,
            "precision": precision,
            "window": window,
            "overlap": overlap,
            "threads": threads,
        }
        self._network: Network | None = None
        self._reader: PieceReader | None = None
        self._sizes: Sizes | None = None

    @property
    def sizes(self) -> Sizes:
        """The encoder's sizes.

        RAISES (BlurbError): B702 it is empty.
        """
        if self._sizes is None:
            raise BlurbError(Errors.B702)
        return self._sizes

    @property
    def is_loaded(self) -> bool:
        """Whether there is a network."""
        return self._network is not None

    def network_settings(self) -> dict[str, Any]:
        """Return the settings that networks have."""
        return {name: self.settings[name] for name in ("precision", "threads")}

    def fill(self, sizes: Sizes, tokenizer: Tokenizer, network: Network) -> None:
        """Take a network and all that belongs to it.

        RAISES (BlurbError): B704 it is of another backend than the config says.
        """
        if sizes.backend != self.settings["backend"]:
            found, wanted = sizes.backend, self.settings["backend"]
            raise BlurbError(Errors.B704.format(found=found, wanted=wanted))
        window, overlap = fit_positions(
            self.settings["window"], self.settings["overlap"], sizes.n_positions
        )
        self._sizes, self._network = sizes, network
        self._reader = PieceReader(tokenizer, sizes.cls_id, sizes.sep_id, window, overlap)

    def predict_docs(self, docs: list[Doc], ops: Ops) -> list[DocData]:
        """Return what heads read of each Doc.

        RAISES (BlurbError): B312 a bad pair, B313 a pair for an encoder that knows one segment
            only, B702 no encoder, and those of the network.
        """
        sizes, reader = self.sizes, self._reader
        read = read_docs(docs, reader) if reader else {}
        datas = [empty_data() for _ in docs]
        if not read:
            return datas
        inputs = join(list(read.values()))
        if sizes.n_types == 1 and inputs[1].any():
            raise BlurbError(Errors.B313)
        states = self.predict(inputs)
        end = 0
        for i, pieces in read.items():
            start, end = end, end + int(pieces.kept.sum())
            datas[i] = describe_doc(pieces, states[start:end])
            # How a component that encodes Docs of its own finds its encoder, see `link.py`.
            datas[i].encoder = EncoderReference(self)
        return datas

    def predict(self, inputs: Any) -> NDArray[np.float32]:
        """Compute the vectors of pieces.

        inputs (tuple): Piece ids, type ids and kept of all windows laid end to end, shape
            (pieces,) each, and the windows' lengths.
        RETURNS (ndarray): Of the kept pieces, shape (kept pieces, width).
        """
        piece_ids, type_ids, kept, lengths = inputs
        width = self.sizes.hidden_width
        if self._network is None:
            raise BlurbError(Errors.B702)
        rows = np.cumsum(kept) - 1
        found = np.empty((int(kept.sum()), width), dtype="f")
        for batch in pack(lengths, BUDGET):
            wanted = kept[batch.pieces]
            places, cells = rows[batch.pieces[wanted]], batch.cells[wanted]
            inputs = fill_cells(batch, piece_ids, type_ids)
            for group in batch.groups:
                end = group.start + group.n_rows * group.width
                states = self._network.run(
                    inputs[:, group.start : end].reshape(4, group.n_rows, group.width)
                )
                inside = (cells >= group.start) & (cells < end)
                flat = states.reshape(-1, width)
                found[places[inside]] = flat[cells[inside] - group.start]
        return found

    def to_disk(self, path: str | Path) -> None:
        """Write the encoder's files into a folder."""
        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        files = self._files()
        for name, content in files.items():
            # Whoever has loaded the folder reads the weights from the old file, on and on.
            new = folder / f"{name}.new"
            new.write_bytes(content)
            new.replace(folder / name)
        # Of an encoder for another backend, which would be hashed and packaged with it.
        for path in folder.iterdir():
            if path.name in _NETWORK_FILES - files.keys():
                path.unlink()

    def from_disk(self, path: str | Path) -> "RuntimeEncoder":
        """Read what `to_disk` wrote; settings stay those of the config.

        RAISES (BlurbError): B302 some file is damaged or missing, and what `fill` raises.
        """
        folder = Path(path)
        try:
            sizes = Sizes(**json.loads((folder / _SIZES).read_text(encoding="utf-8")))
            tokenizer = Tokenizer.from_file(str(folder / _TOKENIZER))
            network = NETWORKS[sizes.backend].from_disk(folder, **self.network_settings())
        except BlurbError:
            raise
        except Exception as error:  # OpenVINO and tokenizers raise their own
            # OpenVINO says first where in its own sources it was.
            lines = str(error).strip().splitlines() or [type(error).__name__]
            raise BlurbError(Errors.B302.format(path=folder, reason=lines[-1])) from error
        self.fill(sizes, tokenizer, network)
        return self

    def to_bytes(self) -> bytes:
        """Return the encoder's files in one piece, nothing where it is empty."""
        return srsly.msgpack_dumps(self._files() if self.is_loaded else {})

    def from_bytes(self, data: bytes) -> "RuntimeEncoder":
        """Restore what `to_bytes` returned; settings stay those of the config."""
        files: dict[str, bytes] = srsly.msgpack_loads(data)
        if files:
            sizes = Sizes(**json.loads(files[_SIZES]))
            tokenizer = Tokenizer.from_str(files[_TOKENIZER].decode("utf-8"))
            network = NETWORKS[sizes.backend].from_files(files, **self.network_settings())
            self.fill(sizes, tokenizer, network)
        return self

    def _files(self) -> dict[str, bytes]:
        if self._network is None or self._reader is None:
            raise BlurbError(Errors.B702)
        sizes = json.dumps(asdict(self.sizes), indent=2).encode("utf-8")
        tokenizer = self._reader.tokenizer.to_str().encode("utf-8")
        return {_SIZES: sizes, _TOKENIZER: tokenizer, **self._network.to_files()}

    def __getstate__(self) -> dict[str, Any]:
        """Pickle as bytes, for processes that are spawned."""
        return {"id": self.id, "settings": self.settings, "stored": self.to_bytes()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a pickled encoder."""
        self.__init__(**state["settings"])  # type: ignore[misc]
        self.id = state["id"]
        self.from_bytes(state["stored"])


def fill_cells(batch: Batch, piece_ids: Any, type_ids: Any) -> NDArray[np.int32]:
    """Return what a network reads of the cells of a batch, shape (4, cells), as in `INPUTS`.

    Cells without a piece are windows of their own that nobody reads.
    """
    inputs = np.zeros((4, len(batch.owners)), dtype=np.int32)
    inputs[0, batch.cells] = piece_ids[batch.pieces]
    inputs[1, batch.cells] = batch.positions
    inputs[2, batch.cells] = type_ids[batch.pieces]
    inputs[3] = batch.owners
    return inputs
