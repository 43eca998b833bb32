"""One life by every door: whichever way Stripe tells of it, the account ends the same (F31)."""

from tests.scenarios.play import Play
from tests.scenarios.table import TODAY, Row


def _refunded(play: Play) -> None:
    play.buy("credits_500")
    play.refund(200)


ROWS = (
    Row(
        f"a refund by {TODAY}",
        "shapes",
        _refunded,
        level="FREE",
        balance=300,
        ledger=(("PURCHASE", 500), ("REFUND", -200)),
    ),
)
