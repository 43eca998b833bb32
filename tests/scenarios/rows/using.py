"""What the routes of credits, of levels and of the ledger answer, and what they refuse."""

import tempfile
from pathlib import Path
from urllib.parse import quote

from tests.integration.purchase.service import Service
from tests.scenarios.play import Play
from tests.scenarios.table import Ledger, Row


def _credited(play: Play) -> None:
    play.buy()
    play.settle()


def _too_much(play: Play) -> None:
    """What is reserved can't be spent beside it; the answer says what can be."""
    _credited(play)
    play.service.reserve(play.user, 300)
    refused = play.spend(201)
    error = refused.json()["error"]
    told = (refused.status_code, error["code"], error["balance"], error["available"])
    assert told == (402, "insufficient_credits", 500, 200)
    spent = play.spend(200).json()
    assert (spent["balance"], spent["available"], spent["transaction"]["amount"]) == (300, 0, -200)


def _same_key(play: Play) -> None:
    _credited(play)
    assert play.spend(120).headers.get("idempotent-replayed") is None
    assert play.spend(120).headers["idempotent-replayed"] == "true"
    refused = play.spend(121)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "idempotency_conflict")


def _without_the_scope(play: Play) -> None:
    """Nobody spends for himself: a user's token, and a machine's that may only read."""
    _credited(play)
    body = {"userId": play.user, "amount": 1}
    headers = {**play.shop.as_user(play.user), "idempotency-key": "mine"}
    refused = play.shop.http.post(f"{play.shop.stack.api_url}/credits/spend", json=body, headers=headers)
    assert refused.status_code == 403
    assert Service(play.shop, "billing:read").spend(play.user, 1, "ours").status_code == 403


def _beyond_the_reservation(play: Play) -> None:
    """Captured up to what was reserved, once; the rest is free again."""
    _credited(play)
    name = play.service.reserve(play.user, 300)
    assert play.service.capture(play.user, name, "capture-1", 301).status_code == 400
    assert play.service.capture(play.user, name, "capture-2", 300).json()["available"] == 200
    gone = play.service.release(play.user, name, "release-1")
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "reservation_not_found")


def _page_by_page(play: Play) -> None:
    """Newest first, by kind and by time."""
    _credited(play)
    for amount in (10, 20, 30):
        assert play.spend(amount, f"spend-{amount}").status_code == 200
    seen: list[int] = []
    cursor = ""
    while True:
        page = play.shop.get(f"/credits/transactions?limit=3{cursor}", play.user).json()
        seen += [entry["amount"] for entry in page["transactions"]]
        if page["nextCursor"] is None:
            break
        cursor = f"&cursor={quote(page['nextCursor'])}"
    assert seen == [-30, -20, -10, 500]
    assert _amounts(play, "kind=PURCHASE,REFUND") == [500]
    assert _amounts(play, "to=2026-01-01T00:00:00Z") == []


def _amounts(play: Play, query: str) -> list[int]:
    found = play.shop.get(f"/credits/transactions?{query}", play.user).json()["transactions"]
    return [entry["amount"] for entry in found]


def _from_the_cache(play: Play) -> None:
    """Whoever asks first after a change may hear it from the table; the next one hears the same from Redis."""
    play.buy("pro_30_days")
    play.settle()
    told = [play.shop.get("/entitlements", play.user) for _ in range(2)]
    assert [answer.json()["level"] for answer in told] == ["PRO", "PRO"]
    assert told[1].headers["x-plumbline-source"] == "cache"
    machine = Service(play.shop, "billing:read").get("/entitlements", userId=play.user)
    assert machine.json() == told[0].json()


def _dry_run(play: Play) -> None:
    _credited(play)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "grants.csv"
        file.write_text(f"user,amount,reason\n{play.user},100,welcome\n")
        play.house.plumb("grant", "--csv", str(file), "--dry-run")


def _expiring_grant(play: Play) -> None:
    """Credits by hand that end: spent before those that stay, and gone at their time, whether or not it is written."""
    _credited(play)
    play.grant(50, "--expires-days", "10")
    assert play.spend(20).status_code == 200
    play.advance(11)
    assert play.shop.get("/credits", play.user).json()["balance"] == 500
    play.service.run("settle_due")


PACK: Ledger = (("PURCHASE", 500),)
SPENT: Ledger = (("PURCHASE", 500), ("SPEND", -200))
ONCE: Ledger = (("PURCHASE", 500), ("SPEND", -120))
CAPTURED: Ledger = (("PURCHASE", 500), ("SPEND", -300))
THREE: Ledger = (("PURCHASE", 500), ("SPEND", -30), ("SPEND", -20), ("SPEND", -10))
ENDED: Ledger = (("ADJUSTMENT", 50), ("EXPIRY", -30), ("PURCHASE", 500), ("SPEND", -20))

ROWS = (
    Row("more is asked for than there is", "spending", _too_much, "FREE", 300, SPENT),
    Row("one key for two spends", "spending", _same_key, "FREE", 380, ONCE),
    Row("spent without the right to", "spending", _without_the_scope, "FREE", 500, PACK),
    Row("captured up to what was reserved", "reservations", _beyond_the_reservation, "FREE", 200, CAPTURED),
    Row("the ledger page by page", "reading", _page_by_page, "FREE", 440, THREE),
    Row("a level from the cache", "reading", _from_the_cache, "PRO", 0, (("ACCESS", 0),)),
    Row("a file of grants that is only looked at", "grants", _dry_run, "FREE", 500, PACK),
    Row("a grant that ends", "lots", _expiring_grant, "FREE", 500, ENDED, time=True),
)
