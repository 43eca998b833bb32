"""One purchase through the built functions: ordered, paid, told by Stripe's event, applied, shown, spent."""

from __future__ import annotations

import json
from typing import Any

from tests.bench.invocations import request
from tests.fakes.operator import Operator
from tests.integration.purchase.shop import Checkout
from tests.runtime.system import Functions

USER = "runtime-buyer"


def test_a_purchase_is_granted_once_in_aws_own_runtime(lambdas: Functions, plumb: Operator) -> None:
    """F01: the event that comes again is a known one; what is in the tables came of the first."""
    shop, books = lambdas.shop, lambdas.books
    order = request("create_checkout/lookup_key", USER, {"lookupKey": "credits_500"})
    status, made = lambdas.request("create_checkout", order)
    assert status == 201
    checkout = Checkout(USER, made["sessionId"], made["url"])
    shop.pay(checkout)
    event = shop.completed_event(checkout)

    delivery = plumb("event", "sign", event["id"]).document
    assert lambdas.request("webhook", delivery) == (200, {"ok": True})
    records = lambdas.received()
    assert [json.loads(record["body"])["id"] for record in records] == [event["id"]]
    assert books.ledger(USER) == []

    assert lambdas.invoke("event_consumer", {"Records": records}) == {"batchItemFailures": []}
    assert _kept(lambdas) == (500, [("PURCHASE", 500)])
    assert _present(books.event(event["id"]))["outcome"] == "APPLIED"
    again = plumb("event", "sign", event["id"]).document
    assert lambdas.request("webhook", again) == (200, {"ok": True, "idempotent": True})
    assert lambdas.received() == []

    status, synced = lambdas.request(
        "success_sync", request("success_sync/sync", USER, {"sessionId": checkout.session_id})
    )
    assert (status, synced["credits"]["balance"]) == (200, 500)
    spend = {"userId": USER, "amount": 120, "reason": "1 picture"}
    status, spent = lambdas.request("credits", request("credits/spend", body=spend, idempotency_key="runtime-1"))
    assert (status, spent["balance"]) == (200, 380)
    status, account = lambdas.request("account", request("account/account", USER))
    assert (status, account["credits"]["balance"]) == (200, 380)
    assert _kept(lambdas) == (380, [("PURCHASE", 500), ("SPEND", -120)])


def _kept(lambdas: Functions) -> tuple[int, list[tuple[str, int]]]:
    """Balance and ledger, as the tables have them."""
    account = _present(lambdas.books.account(USER))
    return int(account["balance"]), [(each["kind"], int(each["amount"])) for each in lambdas.books.ledger(USER)]


def _present(item: dict[str, Any] | None) -> dict[str, Any]:
    assert item is not None
    return item
