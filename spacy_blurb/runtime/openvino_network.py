"""An encoder's network in OpenVINO."""

import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BlurbError, Errors
from .openvino_import import import_openvino
from .per_process import PerProcess
from .processor import count_threads, has_fast_bf16, has_vnni

_XML, _BIN = FILES = "network.xml", "network.bin"
INPUTS = ("piece_ids", "positions", "type_ids", "owners")


class OpenVinoNetwork:
    """Computes rows of windows; compiled when it runs for the first time in a process."""

    def __init__(self, model: Any, *, precision: str, threads: int | None) -> None:
        """Hold a network.

        model (openvino.Model): From `INPUTS`, shape (rows, row width) each, to vectors.
        precision (str): "auto", "bf16" or "fp32", for what is not quantised.
        threads (int | None): See `count_threads`.
        """
        self._model = model
        self._precision = precision
        self._threads = threads
        self._request = PerProcess(self._compile)

    @classmethod
    def from_disk(cls, folder: Path, **settings: Any) -> "OpenVinoNetwork":
        """Read a stored network; its weights stay in the file until they are used."""
        return cls(_core().read_model(folder / _XML), **settings)

    @classmethod
    def from_files(cls, files: dict[str, bytes], **settings: Any) -> "OpenVinoNetwork":
        """Restore what `to_files` returned."""
        return cls(_core().read_model(files[_XML], files[_BIN]), **settings)

    def to_files(self) -> dict[str, bytes]:
        """Return the network as files: name → content.

        RAISES (BlurbError): B729 there is no folder that OpenVINO could write them to.
        """
        import openvino

        try:
            tempfile.gettempdir()
        except FileNotFoundError as error:
            raise BlurbError(Errors.B729) from error
        with tempfile.TemporaryDirectory(prefix="spacy-blurb-") as name:
            openvino.serialize(self._model, Path(name, _XML), Path(name, _BIN))
            return {file: Path(name, file).read_bytes() for file in (_XML, _BIN)}

    def run(self, rows: NDArray[np.int32]) -> NDArray[np.float32]:
        """Compute the vectors of rows.

        rows (ndarray): What `INPUTS` names, shape (4, rows, row width).
        RETURNS (ndarray): Shape (rows, row width, hidden width).
        RAISES (BlurbError): B705 OpenVINO cannot compute it on this processor.
        """
        inputs = dict(zip(INPUTS, rows, strict=True))
        # A request computes for one thread at a time, and its next answer replaces this one.
        with self._request.hold() as request:
            states = request.infer(inputs, share_inputs=True, share_outputs=True)[0].copy()
        if states.shape[:2] != rows.shape[1:]:
            raise BlurbError(Errors.B705.format(reason="it returned nothing"))
        return states

    def _compile(self) -> Any:
        core = _core()
        model, hint = self._model, self._choose_precision(core)
        if _is_quantised(model) and not has_vnni():
            warnings.warn(Errors.B711.format(precision=hint), stacklevel=9)
            model = _without_quantised_inputs(model)
        options = {
            "INFERENCE_PRECISION_HINT": hint,
            "INFERENCE_NUM_THREADS": count_threads(self._threads),
            "NUM_STREAMS": 1,
            # It would tie the calling thread to the first core, as in every other process.
            "ENABLE_CPU_PINNING": False,
        }
        try:
            return core.compile_model(model, "CPU", options).create_infer_request()
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1]
            raise BlurbError(Errors.B705.format(reason=reason)) from error

    def _choose_precision(self, core: Any) -> str:
        capable = "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        quantised = _is_quantised(self._model)
        if self._precision == "fp32":
            return "f32"
        # Quantised multiplications do not need it, and with the rest in bfloat16 a pipeline would
        # find other things than on processors without it: its scores are to hold wherever it runs.
        if capable and (self._precision == "bf16" or (has_fast_bf16() and not quantised)):
            return "bf16"
        if not quantised:
            warnings.warn(Errors.B710, stacklevel=9)
        return "f32"


def _core() -> Any:
    return import_openvino().Core()


def _is_quantised(model: Any) -> bool:
    return any(node.get_type_name() == "FakeQuantize" for node in model.get_ops())


def _without_quantised_inputs(model: Any) -> Any:
    """Return a copy that multiplies the stored 8-bit weights as floating-point numbers.

    Without the instructions for it 8-bit products are slow, and their sums overflow 16 bits.
    """
    from openvino.passes import ConstantFolding, Manager

    copy = model.clone()
    for node in copy.get_ordered_ops():
        if node.get_type_name() == "FakeQuantize":
            node.output(0).replace(node.input_value(0))
    # Weights become floating-point numbers here: OpenVINO's kernels without AVX-512 return nothing
    # for those that it would turn into them itself.
    manager = Manager()
    manager.register_pass(ConstantFolding())
    manager.run_passes(copy)
    return copy
