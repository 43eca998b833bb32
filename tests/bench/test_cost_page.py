"""docs/cost.md is made of docs/cost.json and docs/bench.json; `make bench` and `make cost` both write it."""

from tests.bench import record, stored
from tests.bench.page import PAGE, rendered


def test_the_page_shows_what_is_stored() -> None:
    assert PAGE.read_text() == rendered(stored.read(), record.read())
