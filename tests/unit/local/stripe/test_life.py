"""Time, money and events in the engine, with no process and no network."""

import re
from datetime import UTC, datetime

import pytest

from local.stripe.engine.buyers import instruments
from local.stripe.engine.subscriptions.periods import period_around
from local.stripe.web.money import money
from tests.unit.local.stripe.conftest import START, Account


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("anchor", "start", "interval", "count", "end"),
    [
        ("2026-01-31", "2026-01-31", "month", 1, "2026-02-28"),
        ("2026-01-31", "2026-02-28", "month", 1, "2026-03-31"),
        ("2024-02-29", "2024-02-29", "year", 1, "2025-02-28"),
        ("2026-11-15", "2026-11-15", "month", 3, "2027-02-15"),
        ("2026-11-15", "2026-11-15", "week", 2, "2026-11-29"),
    ],
)
def test_periods_follow_the_anchor(anchor, start, interval, count, end):
    assert period_around(at(anchor), at(start), interval, count)[1] == at(end)


def test_two_engines_with_the_same_clock_and_ids_agree():
    def run() -> list[dict]:
        account = Account()
        account.pay(account.session(account.price()))
        return account.world.all("event")

    assert run() == run()


def test_a_snapshot_does_not_change_later(account):
    customer = account.post("/v1/customers", email="a@b.c")
    account.post("/v1/customers/" + customer["id"], email="new@b.c")
    created = account.world.all("event")[1]
    assert created["data"]["object"]["email"] == "a@b.c"


def test_a_paid_checkout_cannot_be_paid_or_expired_again(account):
    session = account.session(account.price())
    assert account.pay(session).step == "complete"
    assert account.pay(session).step == "closed"
    error = account.refusal("POST", f"/v1/checkout/sessions/{session['id']}/expire")
    assert "Only Checkout Sessions with a status in" in error["message"]
    assert account.events().count("payment_intent.succeeded") == 1


def test_a_session_expires_by_itself_after_a_day(account):
    session = account.session(account.price())
    account.time += 24 * 3600 - 1
    assert account.get("/v1/checkout/sessions/" + session["id"])["status"] == "open"
    account.time += 1
    assert account.get("/v1/checkout/sessions/" + session["id"])["status"] == "expired"
    assert account.world.all("event")[0]["created"] == START + 24 * 3600


def test_nothing_due_needs_no_payment(account):
    session = account.session(account.price(0))
    assert account.pay(session, None).step == "complete"
    done = account.get("/v1/checkout/sessions/" + session["id"])
    assert (done["payment_status"], done["payment_intent"]) == ("no_payment_required", None)


def test_a_sepa_debit_settles_at_its_time(account):
    session = account.session(account.price(500, "eur"))
    account.pay(session, "AT321904300235473204")
    account.time += instruments.DELAYED - 1
    assert account.get("/v1/checkout/sessions/" + session["id"])["payment_status"] == "unpaid"
    account.time += 1
    assert account.get("/v1/checkout/sessions/" + session["id"])["payment_status"] == "paid"
    assert account.events()[-1] == "checkout.session.async_payment_succeeded"


def test_a_test_clock_pulls_the_account_along_and_never_back(account):
    clock = account.post("/v1/test_helpers/test_clocks", frozen_time=START)
    account.post(f"/v1/test_helpers/test_clocks/{clock['id']}/advance", frozen_time=START + 1000)
    assert account.world.offset == 1000
    account.post("/v1/test_helpers/test_clocks", frozen_time=START + 10)
    account.ask("DELETE", "/v1/test_helpers/test_clocks/" + clock["id"])
    assert account.world.offset == 1000
    error = account.refusal("POST", "/v1/test_helpers/test_clocks/none/advance", frozen_time=1)
    assert (error["status"], error["code"]) == (404, "resource_missing")


def test_a_clock_advances_at_most_two_intervals(account):
    clock = account.post("/v1/test_helpers/test_clocks", frozen_time=START)
    customer = account.post("/v1/customers", test_clock=clock["id"])
    account.pay(account.session(account.price(900, recurring={"interval": "month"}), customer=customer["id"]))
    path = f"/v1/test_helpers/test_clocks/{clock['id']}/advance"
    assert account.refusal("POST", path, frozen_time=START + 100 * 86_400)["param"] == "frozen_time"
    account.post(path, frozen_time=START + 61 * 86_400)
    assert len(account.get("/v1/invoices", customer=customer["id"])["data"]) == 3


def test_a_deleted_customer_is_a_tombstone_without_subscriptions(account):
    customer = account.post("/v1/customers", email="a@b.c")
    account.pay(account.session(account.price(900, recurring={"interval": "month"}), customer=customer["id"]))
    gone = account.ask("DELETE", "/v1/customers/" + customer["id"]).body
    assert gone == {"id": customer["id"], "object": "customer", "deleted": True}
    assert account.get("/v1/customers/" + customer["id"]) == gone
    assert account.get("/v1/subscriptions", status="all")["data"][0]["status"] == "canceled"
    assert account.events()[-2:] == ["customer.subscription.deleted", "customer.deleted"]
    account.time += 40 * 86_400
    assert account.get("/v1/customers")["data"] == []


@pytest.mark.parametrize("amount", [0, 501])
def test_a_refund_has_bounds(account, amount):
    session = account.session(account.price(500))
    account.pay(session)
    intent = account.get("/v1/checkout/sessions/" + session["id"])["payment_intent"]
    assert account.refusal("POST", "/v1/refunds", payment_intent=intent, amount=amount)["param"] == "amount"


def test_every_test_number_passes_its_own_check():
    for number in instruments.CARDS:
        cvc = "1234" if number.startswith("37") else "123"
        assert instruments.card(number, "12/34", cvc, START).number == number
    for expiry in ("1234", "12/34", "12 / 34", "12/2034", "122034"):
        read = instruments.card("4242424242424242", expiry, "123", START)
        assert (read.exp_month, read.exp_year) == (12, 2034)
    for expiry in ("123", "12345", "12", "/34", "12/3"):
        with pytest.raises(instruments.InvalidDetails, match="expiration date is incomplete"):
            instruments.card("4242424242424242", expiry, "123", START)
    for iban in instruments.IBANS:
        assert instruments.sepa_account(iban.lower()).number == iban
    with pytest.raises(instruments.InvalidDetails, match="Your IBAN is invalid"):
        instruments.sepa_account("AT611904300234573200")
    with pytest.raises(instruments.InvalidDetails, match="not a test IBAN"):
        instruments.sepa_account("GB33BUKB20201555555555")
    with pytest.raises(instruments.InvalidDetails, match="Your card number is invalid"):
        instruments.card("4242424242424241", "12/34", "123", START)


def test_a_real_card_number_is_declined():
    card = instruments.card("4111 1111 1111 1111", "12 / 2034", "123", START)
    assert card.failure is not None
    assert card.failure[1] == "test_mode_live_card"


@pytest.mark.parametrize(
    ("iban", "subscription", "invoice", "event"),
    [
        ("AT611904300234573201", "active", "paid", "checkout.session.async_payment_succeeded"),
        ("AT861904300235473202", "past_due", "open", "checkout.session.async_payment_failed"),
    ],
)
def test_a_subscription_paid_by_sepa_debit_is_active_before_the_money_comes(
    account, iban, subscription, invoice, event
):
    session = account.session(account.price(900, "eur", recurring={"interval": "month"}))
    account.pay(session, iban)
    path = "/v1/checkout/sessions/" + session["id"]
    under_way = account.get(path, expand=["subscription.latest_invoice"])
    assert (under_way["status"], under_way["payment_status"]) == ("complete", "unpaid")
    assert under_way["subscription"]["status"] == "active"
    assert under_way["subscription"]["latest_invoice"]["status"] == "open"
    account.time += instruments.SOON
    settled = account.get(path, expand=["subscription.latest_invoice"])
    assert settled["subscription"]["status"] == subscription
    assert settled["subscription"]["latest_invoice"]["status"] == invoice
    assert account.events()[-1] == event


def test_a_renewal_bills_the_next_period(account):
    account.pay(account.session(account.price(900, recurring={"interval": "month"})))
    first = account.world.all("subscription_item")[0]["current_period_end"]
    account.time = float(first + 3600)
    account.engine.tick()
    invoice, start = account.get("/v1/invoices")["data"]
    assert (invoice["created"], invoice["status_transitions"]["finalized_at"]) == (first, first + 3600)
    assert (invoice["period_start"], invoice["period_end"]) == (start["created"], first)
    assert invoice["lines"]["data"][0]["period"]["start"] == first
    assert invoice["number"] != start["number"]
    renewal = next(event for event in account.world.all("event") if event["type"] == "customer.subscription.updated")
    assert renewal["data"]["previous_attributes"]["latest_invoice"] == start["id"]
    assert renewal["request"] == {"id": None, "idempotency_key": None}


def test_ids_have_the_shape_of_stripes(account):
    account.pay(account.session(account.price(900, recurring={"interval": "month"})))
    ids = [each["id"] for kind in account.world.kinds() for each in account.world.all(kind)]
    assert len(ids) > 20
    for each in ids:
        assert re.fullmatch(r"[a-z]+(_test)?_[A-Za-z0-9]{14,}", each), each


def test_the_page_writes_amounts_with_the_decimals_that_stripe_counts() -> None:
    """The shilling of Uganda has no cents, and yet two decimals in the API."""
    assert [money(500, "usd"), money(500, "jpy"), money(50_000, "ugx")] == ["$5.00", "500 JPY", "500.00 UGX"]
