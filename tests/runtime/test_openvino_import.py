"""OpenVINO is imported without its converter, which is there for who asks."""

from ..components.pipelines import run_python

PROGRAM = """
import sys
from spacy_blurb.runtime.openvino_import import import_openvino
assert import_openvino() is sys.modules["openvino"] is import_openvino()
assert "openvino.tools.ovc" not in sys.modules
import openvino
assert not hasattr(openvino, "no_such_name")
from openvino import convert_model
from openvino.tools.ovc import convert_model as same
print(convert_model is openvino.convert_model is same)
"""


def test_garbage_is_collected_as_before() -> None:
    program = "import gc\nfrom spacy_blurb.runtime.openvino_import import import_openvino\n"
    program += "{0}\nimport_openvino()\nprint(gc.isenabled())"
    assert run_python(program.format("")) == "True"
    assert run_python(program.format("gc.disable()")) == "False"


def test_the_converter_waits_until_somebody_asks() -> None:
    assert run_python(PROGRAM) == "True"


def test_an_openvino_that_is_there_stays_as_it_is() -> None:
    program = "import openvino\nbefore = dict(vars(openvino))\n" + PROGRAM.replace(
        'assert "openvino.tools.ovc" not in sys.modules\n', ""
    )
    assert run_python(program + "print(before == vars(openvino))") == "True"
