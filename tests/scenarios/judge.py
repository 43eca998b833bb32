"""What a row says, held against what came of it."""

from tests.scenarios.house import House
from tests.scenarios.stage import Part, Played


def judge(part: Part, played: Played) -> None:
    """Fail unless the part went through, and account, ledger and events came to the row's literals."""
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


def nobody_is_named(house: House, performance: dict[Part, Played]) -> None:
    """Fail if, in all that was played, a log or an answer told an address, a name, a card or a secret (S16, S17)."""
    assert house.canaries.answers >= len(performance), "the answers were not looked at"
    found = house.canaries.found()
    assert not found, found
