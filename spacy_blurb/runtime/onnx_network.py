"""An encoder's network in onnxruntime."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import Errors
from .backend_imports import import_failed
from .openvino_network import INPUTS
from .per_process import PerProcess
from .processor import count_threads, has_vnni

FILE = "network.onnx"


class OnnxNetwork:
    """Computes rows of windows; its session begins when it runs for the first time in a process."""

    def __init__(self, model: bytes, *, precision: str, threads: int | None) -> None:
        """Hold a network.

        model (bytes): An ONNX model with the inputs and output of `OpenVinoNetwork`.
        precision (str): Not used: what is not quantised is float32 here.
        threads (int | None): See `count_threads`.
        """
        self._model = model
        self._threads = threads
        self._session = PerProcess(self._start)

    @classmethod
    def from_disk(cls, folder: Path, **settings: Any) -> "OnnxNetwork":
        """Read a stored network."""
        return cls((folder / FILE).read_bytes(), **settings)

    @classmethod
    def from_files(cls, files: dict[str, bytes], **settings: Any) -> "OnnxNetwork":
        """Restore what `to_files` returned."""
        return cls(files[FILE], **settings)

    def to_files(self) -> dict[str, bytes]:
        """Return the network as files: name → content."""
        return {FILE: self._model}

    def run(self, rows: NDArray[np.int32]) -> NDArray[np.float32]:
        """Compute the vectors of rows; see `OpenVinoNetwork.run`."""
        return self._session.get().run(None, dict(zip(INPUTS, rows, strict=True)))[0]

    def _start(self) -> Any:
        try:
            import onnxruntime
        except ImportError as error:
            raise import_failed(error, package="onnxruntime", extra="onnx") from error
        if not has_vnni():
            warnings.warn(Errors.B712, stacklevel=10)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = count_threads(self._threads)
        options.log_severity_level = 3  # errors
        providers = ["CPUExecutionProvider"]
        return onnxruntime.InferenceSession(self._model, options, providers=providers)
