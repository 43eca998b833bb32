"""Trials that end, subscriptions that pause and resume, collections that pause."""

import pytest

from tests.unit.local.stripe.subscribed import Subscribed, day, lines


@pytest.fixture
def subscribed(account) -> Subscribed:
    return Subscribed(account)


def trial(account, missing: str) -> str:
    """A trial of 14 days without a card."""
    account.time = float(day(4, 1))
    price = account.price(1000, recurring={"interval": "month"})
    customer = account.post("/v1/customers", email="ada@example.com")["id"]
    made = account.post(
        "/v1/subscriptions",
        customer=customer,
        items=[{"price": price["id"]}],
        trial_period_days=14,
        trial_settings={"end_behavior": {"missing_payment_method": missing}},
    )
    return str(made["id"])


def test_the_end_of_a_trial_is_announced_three_days_before(account):
    trial(account, "pause")
    account.time = float(day(4, 12) - 1)
    account.engine.tick()
    assert "customer.subscription.trial_will_end" not in account.events()
    account.time += 1
    account.engine.tick()
    assert account.events()[-1] == "customer.subscription.trial_will_end"


@pytest.mark.parametrize(
    ("missing", "status", "event"),
    [
        ("pause", "paused", "customer.subscription.paused"),
        ("cancel", "canceled", "customer.subscription.deleted"),
        ("create_invoice", "active", "customer.subscription.updated"),
    ],
)
def test_a_trial_without_a_card_ends(account, missing, status, event):
    found = trial(account, missing)
    account.time = float(day(4, 15))
    ended = account.get(f"/v1/subscriptions/{found}")
    assert (ended["status"], account.events()[-1]) == (status, event)
    assert len(account.get("/v1/invoices")["data"]) == (2 if missing == "create_invoice" else 1)
    if missing == "pause":
        why = ended["status_details"]["paused"]
        assert why["subscription"]["type"] == "trial_end_without_payment_method"
        assert why["transitioned_at"] == day(4, 15)
    account.time = float(day(4, 15, 2))
    account.engine.tick()
    assert account.get(f"/v1/subscriptions/{found}")["status"] == ("past_due" if status == "active" else status)


def test_a_checkout_may_start_a_trial_without_a_card(account):
    account.time = float(day(4, 1))
    session = account.session(
        account.price(1000, recurring={"interval": "month"}),
        payment_method_collection="if_required",
        subscription_data={
            "trial_period_days": 14,
            "trial_settings": {"end_behavior": {"missing_payment_method": "pause"}},
        },
    )
    assert account.pay(session, None).step == "complete"
    found = account.get("/v1/subscriptions")["data"][0]
    assert (found["status"], found["default_payment_method"]) == ("trialing", None)
    account.time = float(day(4, 15))
    assert account.get(f"/v1/subscriptions/{found['id']}")["status"] == "paused"


def test_a_paused_trial_resumes_with_its_first_payment(account):
    """https://docs.stripe.com/billing/subscriptions/pause#resume-subscriptions"""
    found = trial(account, "pause")
    path = f"/v1/subscriptions/{found}"
    account.time = float(day(4, 20))
    assert account.refusal("POST", path, trial_end=day(5, 20))["message"].startswith("You cannot set `trial_end`")
    parked = account.post(path + "/resume")
    assert (parked["status"], parked["pending_update"]["expires_at"]) == ("paused", day(4, 20) + 23 * 3600)
    invoice = account.get(f"/v1/invoices/{parked['latest_invoice']}")
    assert (invoice["status"], invoice["attempted"], invoice["total"]) == ("open", False, 1000)

    method = account.post("/v1/payment_methods/pm_card_visa/attach", customer=parked["customer"])["id"]
    account.post(f"/v1/invoices/{invoice['id']}/pay", payment_method=method)

    resumed = account.get(path)
    assert (resumed["status"], resumed["pending_update"]) == ("active", None)
    assert "status_details" not in resumed
    assert resumed["billing_cycle_anchor"] == day(4, 20)
    assert resumed["items"]["data"][0]["current_period_end"] == day(5, 20)
    assert account.events()[-2:] == ["customer.subscription.updated", "customer.subscription.resumed"]


def test_a_resumption_that_nobody_pays_stays_paused(account):
    found = trial(account, "pause")
    account.time = float(day(4, 20))
    parked = account.post(f"/v1/subscriptions/{found}/resume")
    account.time += 23 * 3600
    after = account.get(f"/v1/subscriptions/{found}")
    assert (after["status"], after["pending_update"]) == ("paused", None)
    assert account.get(f"/v1/invoices/{parked['latest_invoice']}")["status"] == "void"


def test_a_pause_credits_the_unused_time_and_a_resumption_uses_it(account, subscribed):
    """Half of April comes back; from the tenth of May on a whole month is billed, less those 5.00."""
    subscribed.at(day(4, 16))
    paused = account.post(f"/v1/subscriptions/{subscribed.id}/pause")
    assert (paused["status"], paused["status_details"]["paused"]["subscription"]["type"]) == (
        "paused",
        "pause_requested",
    )
    assert paused["items"]["data"][0]["current_period_end"] == day(4, 16)
    assert subscribed.pending() == [-500]
    assert account.refusal("POST", f"/v1/subscriptions/{subscribed.id}/pause")["status"] == 400
    subscribed.at(day(5, 10))
    assert len(account.get("/v1/invoices")["data"]) == 1, "nothing is invoiced meanwhile"

    resumed = account.post(f"/v1/subscriptions/{subscribed.id}/resume", payment_behavior="resume_on_payment_success")

    assert (resumed["status"], subscribed.latest()["amount_paid"]) == ("active", 500)
    assert resumed["items"]["data"][0]["current_period_end"] == day(6, 10)
    assert account.refusal("POST", f"/v1/subscriptions/{subscribed.id}/resume")["message"] == (
        "You can only resume a subscription if it is `paused`."
    )


def test_a_resumption_with_the_old_anchor_bills_the_rest_at_the_renewal(account, subscribed):
    """The rest of the running period, 21 of May's 31 days, waits for the renewal: 6.77."""
    subscribed.at(day(4, 16))
    account.post(
        f"/v1/subscriptions/{subscribed.id}/pause", bill_for={"unused_time_from": {"type": "none"}}, type="subscription"
    )
    subscribed.at(day(5, 11))
    resumed = account.post(f"/v1/subscriptions/{subscribed.id}/resume", billing_cycle_anchor={"type": "unchanged"})
    assert (resumed["status"], subscribed.pending()) == ("active", [677])
    assert resumed["items"]["data"][0]["current_period_start"] == day(5, 1)
    subscribed.at(day(6, 1, 2))
    assert [amount for _, amount in lines(subscribed.latest())] == [677, 1000]


@pytest.mark.parametrize(("on", "status"), [("attempt", "past_due"), ("success", "paused")])
def test_a_resumption_whose_payment_fails_leaves_the_status_that_was_asked_for(account, subscribed, on, status):
    subscribed.at(day(4, 16))
    account.post(f"/v1/subscriptions/{subscribed.id}/pause", bill_for={"unused_time_from": {"type": "none"}})
    subscribed.break_card()
    parked = account.post(f"/v1/subscriptions/{subscribed.id}/resume", payment_behavior=f"resume_on_payment_{on}")
    if on == "attempt":
        assert account.refusal("POST", f"/v1/invoices/{parked['latest_invoice']}/pay")["status"] == 402
    assert subscribed.now()["status"] == status
    assert (subscribed.latest()["next_payment_attempt"] is None) == (on == "attempt")


@pytest.mark.parametrize(
    ("behavior", "status"), [("void", "void"), ("mark_uncollectible", "uncollectible"), ("keep_as_draft", "draft")]
)
def test_a_paused_collection_leaves_invoices_as_its_behavior_says(account, subscribed, behavior, status):
    paused = subscribed.update(pause_collection={"behavior": behavior, "resumes_at": day(5, 15)})
    assert (paused["status"], paused["pause_collection"]) == (
        "active",
        {"behavior": behavior, "resumes_at": day(5, 15)},
    )
    subscribed.at(day(5, 2))
    assert "invoice.upcoming" not in account.events()
    assert (subscribed.now()["status"], subscribed.latest()["status"]) == ("active", status)
    assert ("invoice.marked_uncollectible" in account.events()) == (status == "uncollectible")
    subscribed.at(day(5, 15))
    assert subscribed.now()["pause_collection"] is None
    subscribed.at(day(6, 1, 2))
    assert subscribed.latest()["status"] == "paid"


def test_a_paused_collection_is_lifted_by_hand(account, subscribed):
    subscribed.update(pause_collection={"behavior": "void"})
    assert subscribed.update(pause_collection="")["pause_collection"] is None
    error = account.refusal(
        "POST",
        f"/v1/subscriptions/{subscribed.id}",
        pause_collection={"behavior": "void", "resumes_at": day(4, 1)},
    )
    assert error["param"] == "pause_collection[resumes_at]"


def test_a_period_that_was_not_collected_is_not_credited(subscribed):
    subscribed.update(pause_collection={"behavior": "void"})
    subscribed.at(day(5, 16))
    subscribed.update(pause_collection="")
    subscribed.switch(subscribed.price(3100))
    assert subscribed.pending() == [1600], "sixteen of 31 days, and nothing back"


def test_a_trial_ends_now(account):
    found = trial(account, "pause")
    path = f"/v1/subscriptions/{found}"
    error = account.refusal("POST", path, trial_end="now")
    assert error["message"].startswith("This customer has no attached payment source")
    customer = account.get(path)["customer"]
    method = account.post("/v1/payment_methods/pm_card_visa/attach", customer=customer)["id"]
    account.post(path, default_payment_method=method)
    account.time = float(day(4, 5))
    ended = account.post(path, trial_end="now")
    assert (ended["status"], ended["trial_end"], ended["billing_cycle_anchor"]) == ("active", day(4, 5), day(4, 5))
    invoice = account.get(f"/v1/invoices/{ended['latest_invoice']}")
    assert (invoice["billing_reason"], invoice["amount_paid"]) == ("subscription_update", 1000)
    assert account.refusal("POST", path, trial_end="now")["param"] == "trial_end"


def test_a_running_subscription_gets_a_trial(account, subscribed):
    """All of April that is left comes back as credit, and the trial's line asks for nothing."""
    subscribed.at(day(4, 16))
    changed = subscribed.update(trial_end=day(5, 20))
    assert (changed["status"], changed["trial_start"], changed["trial_end"]) == ("trialing", day(4, 16), day(5, 20))
    assert changed["items"]["data"][0]["current_period_end"] == day(5, 20)
    assert lines(subscribed.latest()) == [
        ("Unused time on 500 credits after 16 Apr 2026", -500),
        ("Free trial for 1 × 500 credits", 0),
    ]
    moved = subscribed.update(trial_end=day(5, 25))
    assert (moved["trial_start"], moved["latest_invoice"]) == (day(4, 16), changed["latest_invoice"])
    subscribed.switch(subscribed.price(2000))
    assert subscribed.pending() == [], "a trial gives the change away"
    subscribed.at(day(5, 25, 2))
    renewed = subscribed.latest()
    assert (renewed["status"], renewed["amount_paid"]) == ("paid", 1500)
    assert account.refusal("POST", f"/v1/subscriptions/{subscribed.id}", trial_end=day(4, 1))["param"] == "trial_end"


def test_a_pause_bills_as_it_is_told(account, subscribed):
    """From the period's start on all of 10.00 comes back, at once as the customer's credit."""
    subscribed.at(day(4, 16))
    account.post(
        f"/v1/subscriptions/{subscribed.id}/pause",
        bill_for={"unused_time_from": {"type": "item_current_period_start"}},
        invoicing_behavior="invoice",
    )
    assert (subscribed.latest()["total"], subscribed.now()["status"]) == (-1000, "paused")
    assert account.get("/v1/customers")["data"][0]["balance"] == -1000


def test_a_pause_gives_up_what_waits_for_its_payment(account, subscribed):
    subscribed.at(day(4, 16))
    subscribed.break_card()
    waiting = subscribed.switch(
        subscribed.price(3000), proration_behavior="always_invoice", payment_behavior="pending_if_incomplete"
    )
    paused = account.post(f"/v1/subscriptions/{subscribed.id}/pause")
    assert (paused["status"], paused["pending_update"], subscribed.pending()) == ("paused", None, [-500])
    assert account.get(f"/v1/invoices/{waiting['latest_invoice']}")["status"] == "void"


def test_a_resumption_begun_again_replaces_the_first(account):
    found = trial(account, "pause")
    account.time = float(day(4, 20))
    path = f"/v1/subscriptions/{found}"
    first = account.post(path + "/resume")["latest_invoice"]
    refused = account.refusal("POST", path + "/resume", payment_behavior="resume_on_payment_success")
    assert refused["message"].startswith("This customer has no attached payment source")
    second = account.post(path + "/resume")["latest_invoice"]
    assert account.get(f"/v1/invoices/{first}")["status"] == "void"
    account.post(f"/v1/invoices/{second}/mark_uncollectible")
    assert account.get(path)["status"] == "active", "an invoice that is written off resumes as well"
    account.ask("DELETE", path)
    assert account.refusal("POST", path + "/resume")["status"] == 404


def test_a_resumption_with_the_old_anchor_may_be_billed_at_once(account, subscribed):
    subscribed.at(day(4, 16))
    path = f"/v1/subscriptions/{subscribed.id}"
    account.post(path + "/pause", bill_for={"unused_time_from": {"type": "none"}})
    subscribed.at(day(5, 11))
    account.post(
        path + "/resume",
        billing_cycle_anchor={"type": "unchanged"},
        proration_behavior="always_invoice",
        payment_behavior="resume_on_payment_success",
    )
    assert (subscribed.now()["status"], subscribed.latest()["amount_paid"]) == ("active", 677)


@pytest.mark.parametrize(
    ("given", "status", "said"),
    [
        ({"cancel_at": 1, "cancel_at_period_end": True}, 400, "cancel_at, cancel_at_period_end"),
        ({"trial_end": day(6, 1), "billing_cycle_anchor": {"type": "now"}}, 400, "billing_cycle_anchor, trial_end"),
        ({"trial_settings": {"end_behavior": {"billing_cycle_anchor": "unchanged"}}}, 501, "unchanged"),
        ({"trial_end": day(4, 1) + 3 * 366 * 86_400}, 400, "two years"),
        ({"cancel_at": 1}, 400, "must be in the future"),
    ],
)
def test_an_update_that_does_not_fit_is_refused(account, subscribed, given, status, said):
    error = account.refusal("POST", f"/v1/subscriptions/{subscribed.id}", **given)
    assert (error["status"], said in error["message"]) == (status, True)


def test_what_is_left_of_a_canceled_subscription(account, subscribed):
    path = f"/v1/subscriptions/{subscribed.id}"
    account.ask("DELETE", path)
    assert account.post(path, metadata={"a": "b"})["metadata"] == {"a": "b"}
    assert account.post(path, cancellation_details={"comment": "Sorry"})["cancellation_details"]["comment"] == "Sorry"
    error = account.refusal("POST", path, description="x")
    assert error["code"] == "invalid_canceled_subscription_fields"


def test_the_anchor_of_a_trial_is_its_end(account):
    found = trial(account, "pause")
    error = account.refusal("POST", f"/v1/subscriptions/{found}", billing_cycle_anchor={"type": "now"})
    assert error["param"] == "billing_cycle_anchor"
    kept = {"end_behavior": {"missing_payment_method": "cancel"}}
    assert account.post(f"/v1/subscriptions/{found}", trial_settings=kept)["trial_settings"] == {
        "end_behavior": {"billing_cycle_anchor": None, "missing_payment_method": "cancel"}
    }
