"""Deliveries: retries, faults, rotation of secrets, the record."""

import pytest
import stripe

from tests.integration.stripe.conftest import SECRET


def delivery_of(stand_in, event_type: str, object_id: str):
    event = next(e for e in stand_in.v1.events.list({"type": event_type}).data if e.data.object["id"] == object_id)
    found = [d for d in stand_in.http.get("/_control/deliveries").json()["deliveries"] if d["event"] == event.id]
    return event, found


@pytest.mark.parametrize("status", [500, 404, 302])
def test_anything_but_2xx_is_retried_and_signed_anew(shop, stand_in, inbox, status):
    inbox.settle(stand_in)
    inbox.answers[:] = [status, status]
    customer = shop.customer()
    tries = [inbox.next_about("customer.created", customer.id) for _ in range(3)]
    assert len({each.body for each in tries}) == 1
    for each in tries:
        stripe.Webhook.construct_event(each.body, each.signature, SECRET, tolerance=10**9)
    _, found = delivery_of(stand_in, "customer.created", customer.id)
    stand_in.until(lambda: delivery_of(stand_in, "customer.created", customer.id)[1][0]["state"] == "delivered")
    assert [attempt["status"] for attempt in found[0]["attempts"]][:2] == [status, status]


def test_the_record_tells_those_of_one_state(shop, stand_in, inbox):
    inbox.settle(stand_in)
    inbox.answers[:] = [500]
    customer = shop.customer()
    event, _ = delivery_of(stand_in, "customer.created", customer.id)

    def has_it(state):
        listed = stand_in.http.get("/_control/deliveries", params={"state": state}).json()["deliveries"]
        assert {each["state"] for each in listed} <= {state}
        return event.id in [each["event"] for each in listed]

    assert has_it("pending")
    stand_in.until(lambda: not has_it("pending"))
    assert has_it("delivered")
    assert not has_it("failed")


def test_pending_webhooks_and_delivery_success(shop, stand_in, inbox):
    inbox.settle(stand_in)
    inbox.answers[:] = [500] * 4
    customer = shop.customer()
    stand_in.until(lambda: delivery_of(stand_in, "customer.created", customer.id)[1][0]["state"] == "failed")
    event, _ = delivery_of(stand_in, "customer.created", customer.id)
    assert event.pending_webhooks == 1
    failed = stand_in.v1.events.list({"delivery_success": False, "limit": 100})
    assert event.id in [each.id for each in failed.data]
    answer = stand_in.http.post(f"/_control/deliveries/{event.id}/resend")
    assert answer.status_code == 200
    stand_in.until(lambda: stand_in.v1.events.retrieve(event.id).pending_webhooks == 0)


def test_duplicates_of_both_kinds(shop, stand_in, inbox):
    inbox.settle(stand_in)
    stand_in.control("faults", duplicate=1)
    one = shop.customer()
    assert inbox.next_about("customer.created", one.id).body == inbox.next_about("customer.created", one.id).body
    stand_in.control("faults", duplicate_events=1)
    two = shop.customer()
    first, second = (inbox.next_about("customer.created", two.id).event for _ in range(2))
    assert first["id"] != second["id"]
    assert first["data"] == second["data"]


def test_a_dropped_event_exists_and_a_lost_one_does_not(shop, stand_in, inbox):
    inbox.settle(stand_in)
    stand_in.control("faults", drop=1)
    dropped = shop.customer()
    event, found = delivery_of(stand_in, "customer.created", dropped.id)
    assert (found[0]["state"], event.pending_webhooks) == ("dropped", 1)
    stand_in.control("faults", lose_events=1)
    lost = shop.customer()
    assert lost.id not in [e.data.object["id"] for e in stand_in.v1.events.list({"type": "customer.created"}).data]


def test_reorder_sends_a_burst_last_first(shop, stand_in, inbox):
    session = shop.session()
    inbox.settle(stand_in)
    stand_in.control("faults", reorder=True)
    shop.pay(session)
    order = [inbox.next().event["type"] for _ in range(5)]
    assert order[0] == "checkout.session.completed"
    assert order[-1] == "payment_intent.created"


def test_after_a_roll_both_secrets_sign(shop, stand_in, inbox):
    inbox.settle(stand_in)
    rolled = stand_in.control("roll_secret", keep_old=True)
    try:
        received = inbox.next_about("customer.created", shop.customer().id)
        assert received.signature.count("v1=") == 2
        for secret in (SECRET, rolled["secret"]):
            stripe.Webhook.construct_event(received.body, received.signature, secret, tolerance=10**9)
    finally:
        stand_in.control("roll_secret", secret=SECRET, keep_old=False)


def test_an_endpoint_gets_only_what_it_asked_for(shop, stand_in, inbox):
    inbox.settle(stand_in)
    endpoint = stand_in.v1.webhook_endpoints.create(
        {"url": inbox.url + "/second", "enabled_events": ["customer.created"]}
    )
    try:
        customer = shop.customer()
        tries = [inbox.next_about("customer.created", customer.id) for _ in range(2)]
        mine = next(each for each in tries if each.path.endswith("/second"))
        stripe.Webhook.construct_event(mine.body, mine.signature, endpoint.secret, tolerance=10**9)
        shop.price()
        _, others = delivery_of(stand_in, "customer.created", customer.id)
        every = stand_in.http.get("/_control/deliveries").json()["deliveries"]
        assert {each["type"] for each in every if each["endpoint"] == endpoint.id} == {"customer.created"}
        assert len(others) == 2
        assert "secret" not in stand_in.v1.webhook_endpoints.retrieve(endpoint.id).to_dict()
    finally:
        stand_in.v1.webhook_endpoints.delete(endpoint.id)
