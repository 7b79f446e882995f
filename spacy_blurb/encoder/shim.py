"""What thinc holds of the encoder: weights, tokenizer and settings, and how they are stored."""

import contextlib
import warnings
import weakref
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import srsly
import torch
from spacy.tokens import Doc
from thinc.api import Ops, Optimizer, Shim, xp2torch
from tokenizers import Tokenizer

from ..errors import BlurbError, Errors
from .bert import Bert
from .fork import make_forks_safe
from .network import (
    build_network,
    narrow_copy,
    narrow_linear_weights,
    reinitialise_top,
    weights_from_bytes,
    weights_to_bytes,
)
from .optimizer import decayed_rates, take_step
from .output import encode_docs
from .packing import MULTIPLE, SHARED_WIDTH, pack
from .pieces import PieceReader
from .precision import Precision, Storage, choose_device, wants_bf16
from .trained_source import is_pipeline, read_trained
from .training_pass import TrainingPass
from .weights import Source, read_source
from .windows import fit_positions

CELLS_A_THREAD = 2048
"""Cells that prediction computes at once in each thread; more leave the processor's cache and are
slower, with fewer the threads wait for each other."""

_STORED = {"fp32": torch.float32, "fp16": torch.float16}


class EncoderShim(Shim):
    """An encoder with its tokenizer; empty until `load_source` or `from_bytes`."""

    def __init__(
        self,
        name: str,
        *,
        precision: Precision,
        window: int,
        overlap: int,
        device: str,
        storage: Storage,
        layer_decay: float = 1.0,
        reinit_layers: int = 0,
    ) -> None:
        """See `architecture.build_encoder_v1`."""
        super().__init__(None)
        self.settings: dict[str, Any] = {
            "name": name,
            "precision": precision,
            "window": window,
            "overlap": overlap,
            "device": device,
            "storage": storage,
            "layer_decay": layer_decay,
            "reinit_layers": reinit_layers,
        }
        self._clear()

    def _clear(self) -> None:
        self._model: Bert | None = None
        self._reader: PieceReader | None = None
        self._config: dict[str, Any] = {}
        # For prediction in bfloat16; made anew when the weights have changed.
        self._narrow: Bert | None = None
        self._narrows = False
        # Backpropagations that are still to come, and the optimiser that waits for them.
        self._open: weakref.WeakSet[TrainingPass] = weakref.WeakSet()
        self._waiting: Optimizer | None = None

    @property
    def is_loaded(self) -> bool:
        """Whether there are weights."""
        return self._model is not None

    @property
    def network(self) -> Bert:
        """The torch network with its float32 weights.

        RAISES (BlurbError): B308 it is not loaded.
        """
        if self._model is None:
            raise BlurbError(Errors.B308.format(name=self.settings["name"]))
        return self._model

    @property
    def reader(self) -> PieceReader:
        """How texts become windows of pieces.

        RAISES (BlurbError): B308 the encoder is not loaded.
        """
        if self._reader is None:
            raise BlurbError(Errors.B308.format(name=self.settings["name"]))
        return self._reader

    def load_source(self) -> None:
        """Read the encoder that the settings name; see `read_source` and `read_trained`."""
        name = self.settings["name"]
        source = read_trained(Path(name)) if is_pipeline(name) else read_source(name)
        self._fill(source)
        n_new = min(self.settings["reinit_layers"], self.network.config.n_layers)
        reinitialise_top(self.network, n_new, source.config.get("initializer_range", 0.02))

    def _fill(self, source: Source) -> None:
        network = build_network(source.config, source.tensors)
        window, overlap = fit_positions(
            self.settings["window"], self.settings["overlap"], network.config.n_positions
        )
        self._config = source.config
        self._reader = PieceReader(source.tokenizer, source.cls_id, source.sep_id, window, overlap)
        self._place(network, choose_device(self.settings["device"]))
        make_forks_safe()

    def _place(self, network: Bert, device: torch.device) -> None:
        self._model = network.to(device)
        self._narrow = None
        self._narrows = wants_bf16(self.settings["precision"], device)

    def predict(self, inputs: Any) -> torch.Tensor:
        """Compute the vectors of pieces, without gradients.

        inputs (tuple): Piece ids, type ids and kept of all windows laid end to end, shape
            (pieces,) each, and the windows' lengths.
        RETURNS (Tensor): Of the kept pieces, shape (kept pieces, width), float32.
        """
        piece_ids, type_ids, kept, lengths = inputs
        network = self._prediction_network()
        rows = np.cumsum(kept) - 1
        width = network.config.hidden_width
        device = self.device
        with torch.inference_mode():
            found = torch.empty((int(kept.sum()), width), device=device)
            n_threads = torch.get_num_threads() if device.type == "cpu" else 1
            for batch in pack(lengths, n_threads * CELLS_A_THREAD):
                states = network(batch, piece_ids, type_ids)
                wanted = kept[batch.pieces]
                cells = torch.from_numpy(batch.cells[wanted]).to(device)
                places = torch.from_numpy(rows[batch.pieces[wanted]]).to(device)
                found[places] = states[cells].float()
        return found

    def predict_docs(self, docs: list[Doc], ops: Ops) -> list[Any]:
        """Return what heads read of each Doc, see `output.encode_docs`; without gradients."""
        batch, _ = encode_docs(self, ops, docs, False)
        return batch.doc_data

    def begin_pass(self, inputs: Any) -> TrainingPass:
        """Begin a pass that computes what `predict` does, with dropout and gradients.

        A step of an optimiser waits for its backpropagation; see `finish_update`.
        """
        this_pass = TrainingPass(partial(self._compute, inputs), self._end_pass)
        self._open.add(this_pass)
        return this_pass

    def _compute(self, inputs: Any) -> torch.Tensor:
        piece_ids, type_ids, kept, lengths = inputs
        network = self.network.train()
        has_dropout = bool(network.config.attention_dropout)
        # With dropout attention is computed cell by cell; shared rows would only add cells.
        (batch,) = pack(lengths, shared_width=MULTIPLE if has_dropout else SHARED_WIDTH)
        with torch.enable_grad():
            if self._narrows:
                weights = narrow_linear_weights(network)
                states = torch.func.functional_call(network, weights, (batch, piece_ids, type_ids))
            else:
                states = network(batch, piece_ids, type_ids)
            order = np.empty(len(kept), dtype=np.intp)
            order[batch.pieces] = batch.cells
            return states[torch.from_numpy(order[kept]).to(states.device)].float()

    def _end_pass(self, this_pass: TrainingPass) -> None:
        self._open.discard(this_pass)
        if self._waiting is not None and not self._open:
            self._step(self._waiting)

    def _prediction_network(self) -> Bert:
        if not self._narrows:
            return self.network.eval()
        if self._narrow is None:
            self._narrow = narrow_copy(self.network)
        return self._narrow

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.network.embeddings.norm.weight.device

    def finish_update(self, optimizer: Optimizer) -> None:
        """Change the weights by their gradients; does nothing where there are none.

        `nlp.update(examples, sgd=sgd)` asks for this before the heads have sent their gradients
        back: then the step waits for the last of them. Otherwise it would come with the next batch
        only, and change weights between the two passes of that batch. A backpropagation that nobody
        holds any more is not waited for, nor one that was still to come when the next step was
        asked for: the component that should give it is at rest (warning B431).
        """
        if self._model is None:
            return
        if self._open and self._waiting is not None:
            warnings.warn(Errors.B431, stacklevel=2)
            self._step(optimizer)
        if self._open:
            self._waiting = optimizer
        else:
            self._step(optimizer)

    def _step(self, optimizer: Optimizer) -> None:
        self._waiting = None
        network = self.network
        weights = dict(network.named_parameters())
        decay, n_layers = self.settings["layer_decay"], network.config.n_layers
        rates = decayed_rates(weights, n_layers, decay) if decay != 1.0 else None
        take_step(optimizer, self.id, weights.items(), rates)
        self._narrow = None

    @contextlib.contextmanager
    def use_params(self, params: dict[tuple[int, str], Any]) -> Iterator[None]:
        """Take other weights for a while: the moving averages of an optimiser."""
        weights = dict(self._model.named_parameters()) if self._model is not None else {}
        others = {name: params[self.id, name] for name in weights if (self.id, name) in params}
        backup = {name: weights[name].detach().clone() for name in others}
        self._write(others)
        try:
            yield
        finally:
            self._write(backup)

    def _write(self, values: dict[str, Any]) -> None:
        with torch.no_grad():
            for name, value in values.items():
                weight = self.network.get_parameter(name)
                weight.copy_(value if isinstance(value, torch.Tensor) else xp2torch(value))
        if values:
            self._narrow = None

    def to_device(self, device_type: str, device_id: int) -> None:
        """Follow thinc to another device, unless the settings name one."""
        if self._model is not None and self.settings["device"] == "auto":
            name = f"cuda:{device_id}" if device_type == "gpu" else "cpu"
            self._place(self._model, choose_device(name))

    def copy(self) -> "EncoderShim":
        """Return an encoder of its own with the same weights."""
        copied = EncoderShim(**self.settings)
        copied.__setstate__({**self.__getstate__(), "id": copied.id})
        return copied

    def to_bytes(self) -> bytes:
        """Store config, tokenizer and weights (safetensors), in the format that `storage` names."""
        return self._to_bytes(self.settings["storage"])

    def _to_bytes(self, storage: Storage) -> bytes:
        stored: dict[str, Any] = {}
        if self._model is not None:
            stored = {
                "config": self._config,
                "tokenizer": self.reader.tokenizer.to_str(),
                "cls_id": self.reader.cls_id,
                "sep_id": self.reader.sep_id,
                "weights": weights_to_bytes(self._model, _STORED[storage]),
            }
        return srsly.msgpack_dumps(stored)

    def from_bytes(self, data: bytes) -> "EncoderShim":
        """Restore what `to_bytes` stored; settings stay those of the config."""
        stored = srsly.msgpack_loads(data)
        if not stored:
            self._clear()
            return self
        tokenizer = Tokenizer.from_str(stored["tokenizer"])
        tensors = weights_from_bytes(stored["weights"])
        self._fill(Source(stored["config"], tokenizer, stored["cls_id"], stored["sep_id"], tensors))
        return self

    def __getstate__(self) -> dict[str, Any]:
        """Pickle as bytes, for processes that are spawned; always with all digits."""
        return {"id": self.id, "settings": self.settings, "stored": self._to_bytes("fp32")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a pickled encoder."""
        super().__init__(None)
        self.id = state["id"]
        self.settings = state["settings"]
        self._clear()
        self.from_bytes(state["stored"])
