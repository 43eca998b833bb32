"""Plan changes through the official SDK: prorations, previews, items, pausing collection."""

import pytest
import stripe

DAY = 86_400


@pytest.fixture
def begun(shop, stand_in):
    """A subscription to 10.00 a month on a test clock, with its item."""
    now = stand_in.http.get("/_control/clock").json()["now"]
    clock = stand_in.v1.test_helpers.test_clocks.create({"frozen_time": now})
    customer = shop.customer(test_clock=clock.id)
    session = shop.session(shop.price(1000, interval="month"), "subscription", customer=customer.id)
    shop.pay(session)
    found = stand_in.v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription"]}).subscription
    return clock, found, found["items"].data[0]


def test_the_preview_is_what_the_upgrade_bills(shop, stand_in, inbox, begun):
    clock, subscription, item = begun
    length = item.current_period_end - item.current_period_start
    moment = item.current_period_start + length // 2
    stand_in.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": moment})
    price = shop.price(3000, interval="month")
    changed = {"items": [{"id": item.id, "price": price.id}], "proration_behavior": "always_invoice"}

    shown = stand_in.v1.invoices.create_preview(
        {"subscription": subscription.id, "subscription_details": {**changed, "proration_date": moment}}
    )
    updated = stand_in.v1.subscriptions.update(
        subscription.id, {**changed, "proration_date": moment, "expand": ["latest_invoice"]}
    )

    assert [line.amount for line in shown.lines.data] == [-500, 1500]
    billed = updated.latest_invoice
    assert [line.amount for line in billed.lines.data] == [-500, 1500]
    assert (billed.status, billed.amount_paid, billed.billing_reason) == ("paid", 1000, "subscription_update")
    details = billed.lines.data[0].parent.subscription_item_details
    assert details.proration
    assert details.proration_details.credited_items.invoice == subscription.latest_invoice
    entry = stand_in.v1.invoice_items.retrieve(details.invoice_item, {"expand": ["invoice"]})
    assert entry.invoice.id == billed.id
    inbox.verified_all(
        {
            ("invoiceitem.created", entry.id),
            ("invoice.paid", billed.id),
            ("customer.subscription.updated", subscription.id),
        }
    )


def test_items_can_be_added_changed_and_removed_by_themselves(shop, stand_in, begun):
    _, subscription, item = begun
    added = stand_in.v1.subscription_items.create(
        {"subscription": subscription.id, "price": shop.price(500, interval="month").id, "quantity": 3}
    )
    assert {each.id for each in stand_in.v1.subscription_items.list({"subscription": subscription.id}).data} == {
        item.id,
        added.id,
    }
    assert stand_in.v1.subscription_items.update(added.id, {"quantity": 2}).quantity == 2
    assert stand_in.v1.subscription_items.delete(added.id).deleted
    with pytest.raises(stripe.InvalidRequestError) as refused:
        stand_in.v1.subscription_items.delete(item.id)
    assert "at least one active plan" in str(refused.value)


def test_a_paused_collection_voids_its_invoices(stand_in, inbox, begun):
    clock, subscription, item = begun
    paused = stand_in.v1.subscriptions.update(subscription.id, {"pause_collection": {"behavior": "void"}})
    assert (paused.status, paused.pause_collection.behavior) == ("active", "void")
    stand_in.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": item.current_period_end + 60})
    renewed = stand_in.v1.subscriptions.retrieve(subscription.id, {"expand": ["latest_invoice"]})
    assert (renewed.status, renewed.latest_invoice.status) == ("active", "void")
    assert renewed["items"].data[0].current_period_start == item.current_period_end
    lifted = stand_in.v1.subscriptions.update(subscription.id, {"pause_collection": ""})
    assert lifted.pause_collection is None
    inbox.verified_all({("invoice.voided", renewed.latest_invoice.id)})
