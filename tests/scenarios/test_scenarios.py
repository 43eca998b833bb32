"""The scenario table: what happens at Stripe, and the account that it comes to, however it is heard of.

F01 to F07, F31, F49: each row is driven through the stand-in and signed webhooks over HTTP, with its events as they
come, reversed, doubled, and dropped with a resync afterwards.
"""

import pytest

from tests.scenarios.manner import Manner
from tests.scenarios.stage import Part, Played
from tests.scenarios.table import all_rows

PARTS = [
    pytest.param(
        Part(row, manner),
        id=f"{row.slug}-{manner}",
        marks=[pytest.mark.xfail(reason=row.flaw, strict=True)] if row.flaw else [],
    )
    for row in all_rows()
    for manner in Manner
]


@pytest.mark.timeout(900)  # the first one has all of them played
@pytest.mark.parametrize("part", PARTS)
def test_the_account_comes_to_what_stripe_says(part: Part, played: Played) -> None:
    if played.broken is not None:
        raise played.broken
    play, row = played.play, part.row
    account, ledger, lots = played.account, played.ledger, played.kept.get("lots", ())
    assert {
        "level": account["entitlements"]["level"],
        "balance": account["credits"]["balance"],
        "ledger": tuple(sorted((entry["kind"], int(entry["amount"])) for entry in ledger)),
        "subscriptions": tuple(sorted((each["status"], each["plan"]) for each in account["subscriptions"])),
    } == {"level": row.level, "balance": row.balance, "ledger": part.ledger, "subscriptions": row.subscriptions}
    figures = {
        "ledger": sum(entry["amount"] for entry in ledger),
        "last entry": ledger[-1]["balance_after"] if ledger else 0,
        "lots": sum(lot["granted"] - lot["reversed"] - lot["used"] - lot["expired"] for lot in lots),
    }
    assert figures == dict.fromkeys(figures, row.balance)
    assert play.outcomes() <= row.outcomes
