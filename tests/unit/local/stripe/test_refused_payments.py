"""Payments that are refused: of a change, of a renewal, and after the last try."""

import pytest

from tests.unit.local.stripe.subscribed import Subscribed, day

LAST_TRY = day(5, 16, 1)
"""One hour of draft, then 3, 5 and 7 days."""


@pytest.fixture
def subscribed(account) -> Subscribed:
    return Subscribed(account)


def changed(subscribed: Subscribed, behavior: str) -> dict:
    return {
        "items": [{"id": subscribed.item, "price": subscribed.price(3000)}],
        "proration_behavior": "always_invoice",
        "payment_behavior": behavior,
    }


def amount(subscribed: Subscribed) -> int:
    found: int = subscribed.now()["items"]["data"][0]["price"]["unit_amount"]
    return found


def test_a_change_that_is_not_paid_is_past_due(subscribed):
    subscribed.at(day(4, 16))
    subscribed.break_card()
    after = subscribed.update(**changed(subscribed, "allow_incomplete"))
    assert (after["status"], amount(subscribed), subscribed.latest()["status"]) == ("past_due", 3000, "open")
    subscribed.mend_card()
    subscribed.at(day(4, 19))
    assert (subscribed.latest()["status"], subscribed.now()["status"]) == ("paid", "active")


def test_a_change_that_would_not_be_paid_does_not_happen(account, subscribed):
    subscribed.at(day(4, 16))
    subscribed.break_card("4000000000009995")
    wanted = changed(subscribed, "error_if_incomplete")
    begun = len(account.events())
    error = account.refusal("POST", f"/v1/subscriptions/{subscribed.id}", **wanted)
    assert (error["status"], error["code"], error["decline_code"]) == (402, "card_declined", "insufficient_funds")
    assert (amount(subscribed), subscribed.pending(), len(account.events())) == (1000, [], begun)


def test_a_change_that_is_not_tried(account, subscribed):
    subscribed.at(day(4, 16))
    after = subscribed.update(**changed(subscribed, "default_incomplete"))
    assert (after["status"], subscribed.latest()["status"], subscribed.latest()["attempted"]) == (
        "past_due",
        "open",
        False,
    )
    account.post(f"/v1/invoices/{after['latest_invoice']}/pay")
    assert subscribed.now()["status"] == "active"


def test_a_pending_update_is_applied_when_it_is_paid(account, subscribed):
    """https://docs.stripe.com/billing/subscriptions/pending-updates"""
    subscribed.at(day(4, 16))
    subscribed.break_card()
    wanted = changed(subscribed, "pending_if_incomplete")
    after = subscribed.update(**wanted, metadata={"plan": "big"})
    assert (after["status"], amount(subscribed), after["metadata"]) == ("active", 1000, {})
    pending = after["pending_update"]
    assert pending["expires_at"] == day(4, 16) + 23 * 3600
    assert pending["subscription_items"][0]["price"]["unit_amount"] == 3000
    assert subscribed.latest()["next_payment_attempt"] is None
    subscribed.mend_card()

    account.post(f"/v1/invoices/{after['latest_invoice']}/pay")

    assert (amount(subscribed), subscribed.now()["pending_update"]) == (3000, None)
    assert subscribed.now()["metadata"] == {"plan": "big"}
    assert account.events()[-1] == "customer.subscription.pending_update_applied"
    subscribed.at(day(5, 1, 2))
    assert subscribed.latest()["amount_paid"] == 3000


@pytest.mark.parametrize("how", ["expires", "voided", "replaced"])
def test_a_pending_update_is_given_up(account, subscribed, how):
    subscribed.at(day(4, 16))
    subscribed.break_card()
    pending = subscribed.update(**changed(subscribed, "pending_if_incomplete"))
    if how == "expires":
        subscribed.at(day(4, 16) + 23 * 3600)
        assert account.events()[-1] == "customer.subscription.pending_update_expired"
    elif how == "voided":
        account.post(f"/v1/invoices/{pending['latest_invoice']}/void")
    else:
        subscribed.switch(subscribed.basic["id"], quantity=2, proration_behavior="none")
    assert account.get(f"/v1/invoices/{pending['latest_invoice']}")["status"] == "void"
    assert (subscribed.now()["pending_update"], amount(subscribed), subscribed.pending()) == (None, 1000, [])
    subscribed.mend_card()
    subscribed.at(day(4, 21))
    subscribed.switch(subscribed.price(500))
    assert subscribed.pending() == [-333, 167], "a third of what was paid on the first of April comes back"


def test_a_renewal_goes_on_beside_a_pending_update(account, subscribed):
    """It is billed at the old price, and the update that nobody paid for expires all the same."""
    subscribed.at(day(4, 30, 2))
    subscribed.break_card()
    pending = subscribed.update(**changed(subscribed, "pending_if_incomplete"))
    subscribed.mend_card()
    subscribed.at(day(5, 1))
    assert subscribed.now()["pending_update"] == pending["pending_update"]
    subscribed.at(day(5, 1, 1))
    renewal = account.get("/v1/invoices")["data"][0]
    assert (renewal["billing_reason"], renewal["amount_paid"]) == ("subscription_cycle", 1000)
    assert account.get(f"/v1/invoices/{pending['latest_invoice']}")["status"] == "void"
    assert (subscribed.now()["pending_update"], subscribed.now()["status"]) == (None, "active")


def test_a_pending_update_holds_only_what_costs_money(account, subscribed):
    error = account.refusal(
        "POST",
        f"/v1/subscriptions/{subscribed.id}",
        **changed(subscribed, "pending_if_incomplete"),
        cancel_at_period_end=True,
    )
    assert error["param"] == "cancel_at_period_end"


def test_an_update_does_not_wait_for_a_debit(account):
    account.time = float(day(4, 1))
    account.pay(account.session(account.price(900, "eur", recurring={"interval": "month"})), "AT611904300234573201")
    account.time += 5
    found = account.get("/v1/subscriptions")["data"][0]
    dearer = account.price(1900, "eur", recurring={"interval": "month"})["id"]
    wanted = {
        "items": [{"id": found["items"]["data"][0]["id"], "price": dearer}],
        "proration_behavior": "always_invoice",
    }
    path = f"/v1/subscriptions/{found['id']}"
    error = account.refusal("POST", path, **wanted, payment_behavior="pending_if_incomplete")
    assert error["param"] == "payment_behavior"
    changed = account.post(path, **wanted)
    invoice = account.get(f"/v1/invoices/{changed['latest_invoice']}")
    assert (changed["status"], invoice["status"]) == ("active", "open"), "the debit is under way"
    account.time += 5
    assert account.get(f"/v1/invoices/{invoice['id']}")["status"] == "paid"


@pytest.mark.parametrize(("setting", "status"), [(None, "canceled"), ("unpaid", "unpaid"), ("past_due", "past_due")])
def test_the_last_try_leaves_the_subscription_as_the_account_is_set(account, subscribed, setting, status):
    if setting:
        account.world.settings["after_last_retry"] = setting
    subscribed.break_card()
    subscribed.at(LAST_TRY - 1)
    assert subscribed.now()["status"] == "past_due"
    subscribed.at(LAST_TRY)
    ended = subscribed.now()
    assert ended["status"] == status
    assert ended["cancellation_details"]["reason"] == ("payment_failed" if status == "canceled" else None)
    assert subscribed.latest()["status"] == "open"


def test_an_unpaid_subscription_makes_drafts_and_recovers(account, subscribed):
    account.world.settings["after_last_retry"] = "unpaid"
    subscribed.break_card()
    subscribed.at(LAST_TRY)
    owed = subscribed.latest()
    subscribed.at(day(6, 10))
    draft = subscribed.latest()
    assert (draft["status"], draft["auto_advance"], draft["id"] == owed["id"]) == ("draft", False, False)
    subscribed.mend_card()
    account.post(f"/v1/invoices/{owed['id']}/pay")
    assert subscribed.now()["status"] == "active"
    account.post(f"/v1/invoices/{draft['id']}/finalize", auto_advance=True)
    assert account.get(f"/v1/invoices/{draft['id']}")["status"] == "paid"
    subscribed.at(day(7, 1, 2))
    assert subscribed.latest()["status"] == "paid"


def test_what_is_done_with_an_open_invoice(account, subscribed):
    subscribed.break_card()
    subscribed.at(day(5, 2))
    path = f"/v1/invoices/{subscribed.latest()['id']}"
    assert account.refusal("POST", path + "/finalize")["code"] == "invoice_not_editable"
    refused = account.refusal("POST", path + "/pay")
    assert (refused["status"], refused["code"]) == (402, "card_declined")
    written_off = account.post(path + "/mark_uncollectible")
    assert (written_off["status"], written_off["next_payment_attempt"]) == ("uncollectible", None)
    assert account.events()[-1] == "invoice.marked_uncollectible"
    assert account.refusal("POST", path + "/mark_uncollectible")["status"] == 400
    paid = account.post(path + "/pay", paid_out_of_band=True)
    assert (paid["status"], paid["amount_paid_off_stripe"]) == ("paid", 1000)
    assert subscribed.now()["status"] == "active"
    assert account.refusal("POST", path + "/pay")["message"] == "Invoice is already paid"
    assert account.refusal("POST", path + "/void")["code"] == "invoice_not_editable"


def test_an_invoice_is_paid_with_another_card(account, subscribed):
    subscribed.break_card()
    subscribed.at(day(5, 2))
    customer = subscribed.now()["customer"]
    other = account.post("/v1/payment_methods/pm_card_mastercard/attach", customer=customer)["id"]
    paid = account.post(f"/v1/invoices/{subscribed.latest()['id']}/pay", payment_method=other)
    assert (paid["status"], subscribed.now()["status"]) == ("paid", "active")


@pytest.mark.parametrize(("invoice_now", "total"), [(True, -500), (False, 1000)])
def test_a_cancellation_with_proration_gives_unused_time_back(account, subscribed, invoice_now, total):
    """Half of April comes back: at once as the customer's credit, or as a pending item."""
    subscribed.at(day(4, 16))
    account.ask("DELETE", f"/v1/subscriptions/{subscribed.id}", {"prorate": True, "invoice_now": invoice_now})
    assert subscribed.now()["status"] == "canceled"
    assert (subscribed.latest()["total"], subscribed.pending()) == (total, [] if invoice_now else [-500])
    balance = account.get("/v1/customers")["data"][0]["balance"]
    assert balance == (-500 if invoice_now else 0)
