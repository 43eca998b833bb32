"""The doctor reads the settings of every function that template.yaml has: a new one must not be left out."""

from pathlib import Path

from local.template import Addresses, load_model
from plumb.doctor.settings import READERS
from tests.unit.plumb.conftest import FUNCTIONS

ROOT = Path(__file__).parents[3]


def test_every_function_is_read(tmp_path: Path) -> None:
    given = {"AppUrl": "https://app.example.com", "JwtIssuer": "https://issuer.example.com"}
    addresses = Addresses(sqs_url="http://127.0.0.1:1", api_url="http://127.0.0.1:1")
    model = load_model(ROOT / "template.yaml", given, addresses, tmp_path)
    assert READERS.keys() == model.functions.keys() == set(FUNCTIONS)
    for name, function in model.functions.items():
        READERS[name](function.environment)
