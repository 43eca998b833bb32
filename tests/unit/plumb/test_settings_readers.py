"""The doctor reads the settings of every function that template.yaml has: a new one must not be left out."""

from plumb.doctor.settings import READERS
from tests.modelled import modelled
from tests.unit.plumb.conftest import FUNCTIONS


def test_every_function_is_read() -> None:
    model = modelled()
    assert READERS.keys() == model.functions.keys() == set(FUNCTIONS)
    for name, function in model.functions.items():
        READERS[name](function.environment)
