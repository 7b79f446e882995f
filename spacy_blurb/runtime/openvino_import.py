"""OpenVINO without its converter of models, which nothing here needs."""

import gc
import sys
from types import ModuleType
from typing import Any

from .backend_imports import import_failed

_CONVERTER = "openvino.tools.ovc"


def import_openvino() -> ModuleType:
    """Import OpenVINO as far as running a network needs it.

    At its end it asks for the converter, which reads other frameworks' models and takes much of the
    time that the import takes, and goes on where there is none. `openvino.convert_model` is there
    all the same: it is imported when somebody asks for it.

    RAISES (BlurbError): B703 OpenVINO is not installed, B707 it is and does not work.
    """
    is_first = "openvino" not in sys.modules and _CONVERTER not in sys.modules
    if is_first:
        # Makes its import fail.
        sys.modules[_CONVERTER] = None  # type: ignore[assignment]
    # What an import makes stays: looking through all objects meanwhile for what can go takes a good
    # part of its time.
    collects = is_first and gc.isenabled()
    if collects:
        gc.disable()
    try:
        import openvino
    except ImportError as error:
        raise import_failed(error, package="openvino", extra="openvino") from error
    finally:
        if collects:
            gc.enable()
        if is_first:
            del sys.modules[_CONVERTER]
    if is_first:
        vars(openvino)["__getattr__"] = _import_converter
    module: ModuleType = openvino
    return module


def _import_converter(name: str) -> Any:
    """Stand in for `openvino.__getattr__`."""
    if name != "convert_model":
        raise AttributeError(f"module 'openvino' has no attribute {name!r}")
    from openvino.tools.ovc import convert_model

    return convert_model
