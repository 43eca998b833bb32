"""What reading Stripe's lists costs: the page says what is counted, and it grows with the shop and no faster."""

import pytest

from tests.reconcile_cost.__main__ import main
from tests.reconcile_cost.counted import Cost, costs
from tests.reconcile_cost.page import PAGE, SIZES, rendered, table


@pytest.fixture(scope="module")
def smallest() -> list[Cost]:
    return [*costs(SIZES[0])]


def test_the_page_has_what_is_counted(smallest: list[Cost]) -> None:
    """One that costs more than it did is seen by whoever makes it so: `make reconcile-cost` writes the page."""
    text = PAGE.read_text()
    assert text.startswith(rendered(smallest).rstrip())
    assert [f"## {size:,} accounts" in text for size in SIZES] == [True] * len(SIZES)


def test_a_page_of_a_hundred_costs_one_request_and_few_reads(smallest: list[Cost]) -> None:
    for cost in smallest:
        assert cost.requests <= cost.objects // 100 + 2
        assert cost.read_units <= 3 * cost.objects + 3
        assert cost.messages <= cost.objects // 100
    assert sum(cost.messages for cost in smallest) > 0, "what is not as it is stored is found"


def test_other_sizes_are_printed_and_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    before = PAGE.read_text()
    assert main(["50"]) == 0
    assert capsys.readouterr().out == table([*costs(50)]) + "\n"
    assert PAGE.read_text() == before
