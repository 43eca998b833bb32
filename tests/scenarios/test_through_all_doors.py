"""The scenario table, with what happens told in every shape that there is, and through each door.

F01 to F07, F31, F49: each row is driven through the stand-in and signed webhooks over HTTP, with its events as they
come, reversed, doubled, and dropped with a resync afterwards.
"""

import pytest

from tests.scenarios.house import House
from tests.scenarios.judge import judge, nobody_is_named
from tests.scenarios.stage import Part, Played
from tests.scenarios.systems import THROUGH_ALL_DOORS, parts_of


@pytest.mark.timeout(1800)  # the first one has all of them played, on a busy machine for a quarter of an hour
@pytest.mark.parametrize("part", parts_of(THROUGH_ALL_DOORS))
def test_the_account_comes_to_what_stripe_says(part: Part, played: Played) -> None:
    judge(part, played)


def test_no_log_and_no_answer_names_anybody(house: House, performance: dict[Part, Played]) -> None:
    nobody_is_named(house, performance)
