"""Subscriptions: every status and change, and what each gives."""

from tests.scenarios.play import Play
from tests.scenarios.table import Row


def _plan(play: Play) -> None:
    play.buy("pro_monthly")


ROWS = (
    Row(
        "a plan is active",
        "statuses",
        _plan,
        level="PRO",
        balance=100,
        ledger=(("ACCESS", 0), ("PURCHASE", 100)),
        subscriptions=(("active", "pro"),),
    ),
)
