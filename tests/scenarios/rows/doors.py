"""One life by every door: whichever way Stripe tells of it, the account ends the same (F31)."""

from tests.scenarios.play import Play
from tests.scenarios.table import OLD_VERSIONS, PARTNER_BUS, THIN, TODAY, Row


def _life(play: Play) -> None:
    """A pack that is refunded in part and disputed, beside a plan whose first invoice is refunded and that ends."""
    pack = play.buy("credits_500")
    play.refund(200)
    play.dispute(amount=100)
    play.buy("pro_monthly")
    play.refund(600)
    play.cancel()
    assert play.session(pack)["payment_status"] == "paid"


def _row(door: str) -> Row:
    return Row(
        f"a life by {door}",
        "shapes",
        _life,
        level="FREE",
        balance=250,
        ledger=(
            ("ACCESS", 0),
            ("ACCESS", 0),
            ("DISPUTE", -100),
            ("PURCHASE", 100),
            ("PURCHASE", 500),
            ("REFUND", -200),
            ("REFUND", -50),
        ),
        at_once=(("PURCHASE", 100), ("PURCHASE", 500), ("REFUND", -300), ("REFUND", -50)),
        door=door,
    )


ROWS = tuple(_row(door) for door in (TODAY, *OLD_VERSIONS, THIN, PARTNER_BUS))
