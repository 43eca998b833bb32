"""Events as thin notifications, and in the shapes of older API versions."""

import pytest

from local.stripe.engine.notices import old_shapes, thin_events

MONTH = {"interval": "month"}
DESTINATIONS = "/v2/core/event_destinations"
OLD = "2024-06-20"


def destination(account, *events, payload="thin"):
    hook = {"url": "http://thin.test/hook"}
    return account.post(
        DESTINATIONS,
        name="mine",
        type="webhook_endpoint",
        webhook_endpoint=hook,
        event_payload=payload,
        enabled_events=list(events),
        include=["webhook_endpoint.signing_secret"],
    )


def test_a_thin_event_names_what_it_is_about(account):
    made = destination(account, "v1.customer.updated")
    customer = account.post("/v1/customers", email="old@b.c")["id"]
    account.post("/v1/customers/" + customer, email="new@b.c")
    thin = account.world.all(thin_events.KIND)
    assert [each["type"] for each in thin] == ["v1.customer.updated"], "only what is wanted"
    assert thin[0]["related_object"] == {"id": customer, "type": "customer", "url": f"/v1/customers/{customer}"}
    assert thin[0]["changes"] == {"before": {"email": "old@b.c"}, "after": {"email": "new@b.c"}}
    snapshot = account.world.all("event")[0]
    assert (thin[0]["snapshot_event"], thin[0]["created"]) == (snapshot["id"], "2026-11-18T11:06:40.000Z")
    assert account.get("/v2/core/events/" + thin[0]["id"]) == thin[0]
    told = thin_events.notification(thin[0])
    assert told.keys() == {
        *("id", "object", "type", "created", "livemode", "reason", "related_object", "snapshot_event")
    }
    assert [each.endpoint for each in account.world.outbox if each.event == thin[0]["id"]] == [made["id"]]


def test_destinations_are_switched_and_deleted(account):
    made = destination(account, "*")
    assert made["webhook_endpoint"]["signing_secret"].startswith("whsec_")
    path = f"{DESTINATIONS}/{made['id']}"
    assert account.get(path)["webhook_endpoint"] == {"signing_secret": None, "url": None}
    shown = account.get(path, include=["webhook_endpoint.url"])
    assert shown["webhook_endpoint"]["url"] == "http://thin.test/hook"
    assert account.post(path + "/disable")["status_details"] == {"disabled": {"reason": "user"}}
    account.post("/v1/customers")
    assert account.world.all(thin_events.KIND) == []
    assert account.post(path + "/enable")["status"] == "enabled"
    assert account.post(path, name="renamed")["name"] == "renamed"
    assert account.post(path + "/ping")["type"] == "v2.core.event_destination.ping"
    assert account.ask("DELETE", path).body == {"id": made["id"], "object": "v2.core.event_destination"}
    assert account.refusal("GET", path)["code"] == "not_found"


def test_thin_events_are_listed_by_type_object_and_page(account):
    destination(account, "*")
    ids = [account.post("/v1/customers")["id"] for _ in range(3)]
    account.post("/v1/products", name="x")
    listed = account.get("/v2/core/events", types=["v1.customer.created"], limit=2)
    assert (len(listed["data"]), listed["next_page_url"]) == (2, "/v2/core/events?limit=2&page=2")
    about = account.get("/v2/core/events", object_id=ids[1])["data"]
    assert [each["related_object"]["id"] for each in about] == [ids[1]]
    page = account.get("/v2/core/events", limit=3, page="3")
    assert (len(page["data"]), page["next_page_url"]) == (1, None)


@pytest.mark.parametrize(("payload", "event"), [("thin", "customer.created"), ("snapshot", "v1.customer.created")])
def test_a_type_fits_the_payload(account, payload, event):
    given = {
        "name": "mine",
        "type": "webhook_endpoint",
        "webhook_endpoint": {"url": "http://thin.test"},
        "event_payload": payload,
        "enabled_events": [event],
    }
    assert account.refusal("POST", DESTINATIONS, **given)["param"] == "enabled_events"


def test_a_destination_may_want_snapshots(account):
    made = destination(account, "customer.created", payload="snapshot")
    account.world.outbox.clear()
    account.post("/v1/customers")
    assert made["id"] in [each.endpoint for each in account.world.outbox]
    assert account.world.all(thin_events.KIND) == []


@pytest.fixture
def old(account):
    """A subscription has been bought, renewed and refunded; its events, as an old endpoint sees them."""
    hook = account.world.all("webhook_endpoint")[0]
    hook["api_version"] = OLD
    coupon = account.post("/v1/coupons", percent_off=10, duration="forever")["id"]
    price = account.price(1000, recurring=MONTH)
    account.pay(account.session(price, discounts=[{"coupon": coupon}]))
    account.time = float(account.world.all("subscription_item")[0]["current_period_end"] + 3600)
    account.engine.tick()
    account.post("/v1/refunds", charge=account.world.all("charge")[0]["id"], amount=5)
    events = reversed(account.world.all("event"))
    return [account.world.rendered[event["id"], OLD] for event in events]


def last(events, name):
    return next(event for event in reversed(events) if event["type"] == name)


def test_a_subscription_had_its_period_and_a_discount(account, old):
    event = last(old, "customer.subscription.updated")
    shown, item = event["data"]["object"], account.world.all("subscription_item")[0]
    assert event["api_version"] == OLD
    assert (shown["current_period_start"], shown["current_period_end"]) == (
        item["current_period_start"],
        item["current_period_end"],
    )
    assert "current_period_end" not in shown["items"]["data"][0]
    assert shown["discount"]["coupon"]["percent_off"] == 10
    assert shown["plan"]["id"] == item["price"]["id"]
    assert event["data"]["previous_attributes"]["current_period_end"] == shown["current_period_start"]


def test_an_invoice_named_its_subscription_and_payment(account, old):
    shown = last(old, "invoice.paid")["data"]["object"]
    intent = account.world.all("payment_intent")[0]
    assert shown["subscription"] == account.world.all("subscription")[0]["id"]
    assert (shown["payment_intent"], shown["charge"], shown["paid"]) == (intent["id"], intent["latest_charge"], True)
    assert not {"parent", "total_taxes"} & shown.keys()
    line = shown["lines"]["data"][0]
    assert (line["type"], line["proration"], line["price"]["unit_amount"]) == ("subscription", False, 1000)
    assert "pricing" not in line


def test_a_payment_named_its_invoice(account, old):
    invoice = account.world.all("invoice")[0]["id"]
    assert last(old, "charge.refunded")["data"]["object"]["invoice"] == invoice
    assert last(old, "payment_intent.succeeded")["data"]["object"]["invoice"] == invoice
    assert last(old, "checkout.session.completed")["data"]["object"]["ui_mode"] == "hosted"


def test_before_2022_11_15_refunds_and_charges_were_within(account, old):
    event = next(each for each in account.world.all("event") if each["type"] == "charge.refunded")
    charge = old_shapes.render(account.world, event, "2020-08-27")["data"]["object"]
    assert [each["amount"] for each in charge["refunds"]["data"]] == [5]
    assert "refunds" not in last(old, "charge.refunded")["data"]["object"]
    paid = next(each for each in account.world.all("event") if each["type"] == "payment_intent.succeeded")
    intent = old_shapes.render(account.world, paid, "2020-08-27")["data"]["object"]
    assert intent["charges"]["data"][0]["id"] == intent["latest_charge"]


def test_what_is_read_by_the_api_stays_new(account, old):
    assert account.get("/v1/events", limit=1)["data"][0]["api_version"] == "2026-10-28.endive"
    hook = account.post("/v1/webhook_endpoints", url="http://a.test", enabled_events=["*"], api_version=OLD)
    assert hook["api_version"] == OLD
    error = account.refusal("POST", "/v1/webhook_endpoints", url="http://a.test", enabled_events=["*"], api_version="1")
    assert error["status"] == 400
