"""A preview shows the invoice that the same change then makes, and changes nothing."""

import copy

import pytest

from tests.unit.local.stripe.subscribed import Subscribed, day, lines


@pytest.fixture
def subscribed(account) -> Subscribed:
    return Subscribed(account)


def change(subscribed: Subscribed, **more: object) -> dict:
    return {"items": [{"id": subscribed.item, "price": subscribed.price(2000), "quantity": 2}], **more}


def test_the_next_renewal_is_previewed(account, subscribed):
    found = subscribed.preview()
    assert (found["total"], found["amount_due"], found["billing_reason"]) == (1000, 1000, "upcoming")
    assert found["id"].startswith("upcoming_in_")
    assert found["created"] == day(5, 1)
    assert found["lines"]["data"][0]["period"] == {"start": day(5, 1), "end": day(6, 1)}
    by_customer = account.post("/v1/invoices/create_preview", customer=subscribed.now()["customer"])
    assert by_customer["total"] == 1000


@pytest.mark.parametrize("behavior", ["always_invoice", "create_prorations", "none"])
@pytest.mark.parametrize("anchor", ["unchanged", "now"])
def test_a_preview_is_what_the_change_bills(account, subscribed, behavior, anchor):
    subscribed.at(day(4, 11))
    wanted = change(subscribed, proration_behavior=behavior, billing_cycle_anchor={"type": anchor})
    if behavior != "none":
        wanted["proration_date"] = day(4, 11, 6)
    kept = copy.deepcopy({kind: account.world.all(kind) for kind in account.world.kinds()})
    shown = subscribed.preview(**wanted)
    assert {kind: account.world.all(kind) for kind in account.world.kinds()} == kept

    subscribed.at(day(4, 12))
    subscribed.update(**wanted)
    if anchor == "unchanged" and behavior != "always_invoice":
        subscribed.at(day(5, 1, 2))

    billed = subscribed.latest()
    assert lines(shown) == lines(billed)
    assert (shown["total"], shown["amount_due"]) == (billed["total"], billed["amount_paid"])
    periods = [[line["period"] for line in each["lines"]["data"]] for each in (shown, billed)]
    if anchor == "unchanged":
        assert periods[0] == periods[1]


def test_a_change_that_would_take_the_place_of_one_that_waits_is_shown_as_it_is_billed(account, subscribed):
    """Nobody has paid for the one that waits, so nothing of it comes back."""
    subscribed.at(day(4, 16))
    subscribed.break_card()
    how = {"proration_behavior": "always_invoice", "payment_behavior": "pending_if_incomplete"}
    subscribed.update(items=[{"id": subscribed.item, "price": subscribed.price(3000)}], **how)
    waiting = subscribed.now()["latest_invoice"]
    wanted = change(subscribed, proration_behavior="always_invoice", proration_date=day(4, 16))
    shown = subscribed.preview(**wanted)
    assert [line["amount"] for line in shown["lines"]["data"]] == [-500, 2000]
    subscribed.mend_card()
    subscribed.update(**wanted)
    assert lines(subscribed.latest()) == lines(shown)
    assert account.get(f"/v1/invoices/{waiting}")["status"] == "void"


def test_a_balance_counts(subscribed):
    subscribed.at(day(4, 16))
    subscribed.switch(subscribed.price(200), proration_behavior="always_invoice")
    found = subscribed.preview()
    assert (found["total"], found["starting_balance"], found["amount_due"]) == (200, -400, 0)


def test_a_cancellation_at_once_gives_unused_time_back(account, subscribed):
    """At once: half of 10.00 comes back. At the period's end nothing is billed any more."""
    subscribed.at(day(4, 16))
    assert lines(subscribed.preview(cancel_now=True)) == [("Unused time on 500 credits after 16 Apr 2026", -500)]
    refused = account.refusal(
        "POST",
        "/v1/invoices/create_preview",
        subscription=subscribed.id,
        subscription_details={"cancel_at_period_end": True},
    )
    assert (refused["status"], refused["code"]) == (404, "invoice_upcoming_none")
    subscribed.update(cancel_at_period_end=True)
    assert account.ask("POST", "/v1/invoices/create_preview", {"subscription": subscribed.id}).status == 404
    assert subscribed.preview(cancel_at_period_end=False)["total"] == 1000


def test_a_canceled_subscription_has_no_next_invoice(account, subscribed):
    customer = subscribed.now()["customer"]
    account.ask("DELETE", f"/v1/subscriptions/{subscribed.id}")
    for given in ({"subscription": subscribed.id}, {"customer": customer}):
        assert account.refusal("POST", "/v1/invoices/create_preview", **given)["code"] == "invoice_upcoming_none"


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({}, 400),
        ({"customer": "cus_none"}, 400),
        ({"subscription": "sub_none"}, 400),
        ({"subscription_details": {"items": [{"price": "x"}]}, "customer": "CUSTOMER"}, 501),
        ({"subscription": "ID", "subscription_details": {"resume_at": "now"}}, 501),
        ({"subscription": "ID", "schedule": "sub_sched_1"}, 501),
        ({"subscription": "ID", "subscription_details": {"proration_behavior": "none", "proration_date": 5}}, 400),
    ],
)
def test_a_preview_that_does_not_fit_is_refused(account, subscribed, given, status):
    known = {"ID": subscribed.id, "CUSTOMER": subscribed.now()["customer"]}
    wanted = {name: known.get(str(value), value) for name, value in given.items()}
    assert account.refusal("POST", "/v1/invoices/create_preview", **wanted)["status"] == status


def test_the_upcoming_invoice_has_no_path_of_its_own_any_more(account):
    """It was replaced by the preview: https://docs.stripe.com/changelog/basil/2025-03-31/invoice-preview-api-deprecations"""
    assert account.refusal("GET", "/v1/invoices/upcoming")["code"] == "resource_missing"


def test_an_upcoming_renewal_is_announced_without_an_id(account, subscribed):
    subscribed.at(day(4, 24) - 1)
    assert "invoice.upcoming" not in account.events()
    subscribed.at(day(4, 24))
    event = account.world.all("event")[0]
    assert (event["type"], event["data"]["object"]["total"]) == ("invoice.upcoming", 1000)
    assert "id" not in event["data"]["object"]


def test_a_recurring_preview_leaves_out_prorations(account, subscribed):
    """Without the prorations of the change, and without what waits for the next invoice."""
    subscribed.at(day(4, 16))
    subscribed.switch(subscribed.price(1500), proration_behavior="create_prorations")
    asked = {"subscription": subscribed.id, "subscription_details": change(subscribed)}
    found = account.post("/v1/invoices/create_preview", preview_mode="recurring", **asked)
    assert (found["total"], [line["amount"] for line in found["lines"]["data"]]) == (4000, [4000])
    assert len(account.post("/v1/invoices/create_preview", **asked)["lines"]["data"]) > 1
