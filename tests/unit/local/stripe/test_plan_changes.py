"""What a change of price, quantity or items bills. April has 30 days: a day of 10.00 a month is 33.33 cents."""

import pytest

from tests.unit.local.stripe.subscribed import Subscribed, day, lines


@pytest.fixture
def subscribed(account) -> Subscribed:
    return Subscribed(account)


def test_an_upgrade_waits_for_the_renewal(account, subscribed):
    """Two thirds of 10.00 come back, two thirds of 20.00 are charged: 6.67 and 13.33, both with the next 20.00."""
    subscribed.at(day(4, 11))
    changed = subscribed.switch(subscribed.price(2000))
    item = changed["items"]["data"][0]
    assert (item["id"], item["price"]["unit_amount"], item["plan"]["amount"]) == (subscribed.item, 2000, 2000)
    assert (item["current_period_start"], item["current_period_end"]) == (day(4, 1), day(5, 1))
    assert len(account.get("/v1/invoices")["data"]) == 1
    assert subscribed.pending() == [-667, 1333]
    assert account.events()[-3:] == ["invoiceitem.created", "invoiceitem.created", "customer.subscription.updated"]

    subscribed.at(day(5, 1, 2))

    renewal = subscribed.latest()
    assert (renewal["billing_reason"], renewal["status"], renewal["amount_paid"]) == (
        "subscription_cycle",
        "paid",
        2666,
    )
    assert lines(renewal) == [
        ("Unused time on 500 credits after 11 Apr 2026", -667),
        ("Remaining time on Pro after 11 Apr 2026", 1333),
        ("1 × Pro", 2000),
    ]
    assert subscribed.pending() == []


def test_a_credit_names_the_line_that_it_takes_back(account, subscribed):
    first = subscribed.latest()["lines"]["data"][0]
    subscribed.at(day(4, 11))
    subscribed.switch(subscribed.price(2000), proration_behavior="always_invoice")
    credit, charge = subscribed.latest()["lines"]["data"]
    details = credit["parent"]["subscription_item_details"]
    assert details["proration"]
    assert details["subscription_item"] == subscribed.item
    assert details["proration_details"]["credited_items"] == {
        "invoice": first["invoice"],
        "invoice_line_items": [first["id"]],
    }
    entry = account.get(f"/v1/invoiceitems/{details['invoice_item']}")
    assert (entry["amount"], entry["invoice"], entry["proration"]) == (-667, credit["invoice"], True)
    assert entry["proration_details"]["credited_items"]["type"] == "invoice_line_items"
    assert (credit["discountable"], credit["pricing"]["unit_amount_decimal"]) == (False, None)
    assert (charge["period"]["start"], charge["period"]["end"]) == (day(4, 11), day(5, 1))
    assert charge["parent"]["subscription_item_details"]["proration_details"]["credited_items"] is None


def test_always_invoice_bills_and_pays_at_once(account, subscribed):
    subscribed.at(day(4, 16))
    begun = len(account.events())
    changed = subscribed.switch(subscribed.price(2000), proration_behavior="always_invoice")
    invoice = subscribed.latest()
    assert (invoice["billing_reason"], invoice["status"], invoice["total"]) == ("subscription_update", "paid", 500)
    assert changed["latest_invoice"] == invoice["id"]
    burst = account.events()[begun:]
    assert burst.count("customer.subscription.updated") == 1
    assert [each for each in burst if each.startswith("invoice.")] == [
        *("invoice.created", "invoice.finalized", "invoice.updated", "invoice.paid", "invoice.payment_succeeded")
    ]
    updated = next(e for e in account.world.all("event") if e["type"] == "customer.subscription.updated")
    assert updated["data"]["previous_attributes"].keys() == {"items", "latest_invoice"}


def test_a_downgrade_leaves_a_credit_that_the_renewals_use_up(account, subscribed):
    """Half of 10.00 back, half of 2.00 charged: 4.00 of credit, which two renewals of 2.00 use up."""
    subscribed.at(day(4, 16))
    subscribed.switch(subscribed.price(200), proration_behavior="always_invoice")
    credit = subscribed.latest()
    assert (credit["total"], credit["amount_due"], credit["status"]) == (-400, 0, "paid")
    assert (credit["starting_balance"], credit["ending_balance"]) == (0, -400)
    customer = account.get("/v1/customers")["data"][0]
    assert customer["balance"] == -400
    subscribed.at(day(5, 1, 2))
    assert (subscribed.latest()["amount_due"], subscribed.latest()["ending_balance"]) == (0, -200)
    subscribed.at(day(6, 1, 2))
    subscribed.at(day(7, 1, 2))
    assert (subscribed.latest()["amount_paid"], subscribed.latest()["starting_balance"]) == (200, 0)


def test_a_credit_takes_back_what_was_billed(subscribed):
    """The example of Stripe's page on credit prorations: nobody paid the 20.00, so a third of 10.00 comes back."""
    subscribed.at(day(4, 11))
    subscribed.switch(subscribed.price(2000), proration_behavior="none")
    assert (subscribed.pending(), subscribed.now()["items"]["data"][0]["price"]["unit_amount"]) == ([], 2000)
    subscribed.at(day(4, 21))
    subscribed.switch(subscribed.basic["id"], proration_behavior="always_invoice")
    assert [amount for _, amount in lines(subscribed.latest())] == [-333, 333]
    assert (subscribed.latest()["total"], subscribed.latest()["status"]) == (0, "paid")


def test_a_second_change_credits_the_pending_charge(account, subscribed):
    """13.33 for 20 days were charged and wait; ten days later half of that comes back."""
    subscribed.at(day(4, 11))
    subscribed.switch(subscribed.price(2000))
    subscribed.at(day(4, 21))
    subscribed.switch(subscribed.price(4000))
    assert subscribed.pending() == [-667, 1333, -667, 1333]
    credit = account.get("/v1/invoiceitems")["data"][1]
    charge = account.get("/v1/invoiceitems")["data"][2]
    assert credit["proration_details"]["credited_items"] == {
        "type": "invoice_item",
        "invoice_item": charge["id"],
        "invoice_line_item_details": None,
    }


def test_another_quantity_is_billed_for_the_rest_of_the_period(account, subscribed):
    """A third of the month: 3 × 10.00 cost 10.00, one cost 3.33."""
    subscribed.at(day(4, 21))
    changed = subscribed.update(items=[{"id": subscribed.item, "quantity": 3}])
    assert changed["items"]["data"][0]["quantity"] == 3
    assert subscribed.pending() == [-333, 1000]
    described = [each["description"] for each in account.get("/v1/invoiceitems")["data"]]
    assert described[0] == "Remaining time on 3 × 500 credits after 21 Apr 2026"
    changed = subscribed.update(items=[{"id": subscribed.item, "price": subscribed.price(500)}])
    assert changed["items"]["data"][0]["quantity"] == 1, "a new price begins with one"


def test_items_come_and_go(account, subscribed):
    extra = subscribed.price(600)
    subscribed.at(day(4, 16))
    added = account.post("/v1/subscription_items", subscription=subscribed.id, price=extra, quantity=2)
    assert (added["current_period_start"], added["current_period_end"]) == (day(4, 16), day(5, 1))
    assert subscribed.pending() == [600]
    assert len(subscribed.now()["items"]["data"]) == 2
    changed = account.post(f"/v1/subscription_items/{added['id']}", quantity=1, proration_behavior="none")
    assert (changed["quantity"], subscribed.pending()) == (1, [600])
    subscribed.at(day(4, 23, 12))
    gone = account.ask("DELETE", f"/v1/subscription_items/{added['id']}").body
    assert gone == {"id": added["id"], "object": "subscription_item", "deleted": True}
    assert subscribed.pending() == [600, -300], "the half of what had been charged"
    assert [item["id"] for item in subscribed.now()["items"]["data"]] == [subscribed.item]
    assert account.ask("GET", f"/v1/subscription_items/{added['id']}").status == 404


def test_an_item_can_be_replaced_in_one_request(subscribed):
    subscribed.at(day(4, 16))
    changed = subscribed.update(
        items=[{"id": subscribed.item, "deleted": True}, {"price": subscribed.price(3000)}],
        proration_behavior="always_invoice",
    )
    assert [item["price"]["unit_amount"] for item in changed["items"]["data"]] == [3000]
    assert sorted(amount for _, amount in lines(subscribed.latest())) == [-500, 1500]


def test_a_yearly_price_runs_from_the_change_to_the_anchor(subscribed):
    """Flexible billing mode leaves the anchor: 335 of the 365 days until next April cost 335/365 of 100.00."""
    subscribed.at(day(5, 1))
    changed = subscribed.switch(subscribed.price(10_000, "year"), proration_behavior="always_invoice")
    item = changed["items"]["data"][0]
    year_later = day(4, 1) + 365 * 86_400
    assert changed["billing_cycle_anchor"] == day(4, 1)
    assert (item["current_period_start"], item["current_period_end"]) == (day(5, 1), year_later)
    assert [amount for _, amount in lines(subscribed.latest())] == [-1000, 9178]


def test_the_anchor_moves_when_it_is_told_to(subscribed):
    """Half of 10.00 back, a whole year from now on."""
    subscribed.at(day(4, 16))
    changed = subscribed.switch(subscribed.price(10_000, "year"), billing_cycle_anchor={"type": "now"})
    item = changed["items"]["data"][0]
    assert (changed["billing_cycle_anchor"], item["current_period_start"]) == (day(4, 16), day(4, 16))
    assert item["current_period_end"] == day(4, 16) + 365 * 86_400
    invoice = subscribed.latest()
    assert lines(invoice) == [("Unused time on 500 credits after 16 Apr 2026", -500), ("1 × Pro", 10_000)]
    assert (invoice["billing_reason"], invoice["status"]) == ("subscription_update", "paid")
    again = subscribed.update(billing_cycle_anchor={"type": "now"}, proration_behavior="none")
    assert [amount for _, amount in lines(subscribed.latest())] == [10_000]
    assert again["items"]["data"][0]["current_period_end"] == day(4, 16) + 365 * 86_400


def test_what_is_too_small_to_charge_waits_on_the_balance(subscribed):
    subscribed.at(day(4, 30))
    subscribed.switch(subscribed.price(1900), proration_behavior="always_invoice")
    invoice = subscribed.latest()
    assert (invoice["total"], invoice["amount_due"], invoice["ending_balance"]) == (30, 0, 30)
    subscribed.at(day(5, 1, 2))
    assert (subscribed.latest()["amount_paid"], subscribed.latest()["ending_balance"]) == (1930, 0)


def test_a_proration_date_is_within_the_period(account, subscribed):
    price = subscribed.price(2000)
    subscribed.at(day(4, 16))
    subscribed.switch(price, proration_date=day(4, 11))
    assert subscribed.pending() == [-667, 1333]
    error = account.refusal(
        "POST",
        f"/v1/subscriptions/{subscribed.id}",
        items=[{"id": subscribed.item, "price": subscribed.basic["id"]}],
        proration_date=day(5, 2),
    )
    assert (error["status"], error["param"]) == (400, "proration_date")


@pytest.mark.parametrize(
    ("items", "code", "param"),
    [
        ([{"id": "si_none", "quantity": 2}], "resource_missing", "items[0][id]"),
        ([{"id": "ITEM", "deleted": True}], None, "items"),
        ([{"price": "price_none"}], "resource_missing", "items[0][price]"),
        ([{"price": "BASIC"}], None, "plan"),
        ([{"price": "ONCE"}], None, "items[0][price]"),
        ([{"price": "EUROS"}], None, "items[0][price]"),
        ([{"price": "WEEKLY"}], None, "items"),
        ([{"id": "ITEM", "quantity": -1}], "parameter_invalid_integer", "items[0][quantity]"),
        ([{"quantity": 1}], "parameter_missing", "items[0][price]"),
        ([{"deleted": True}], None, "items[0][id]"),
        ([{"id": "ITEM", "tax_rates": ["txr_1"]}], "stand_in_not_offered", None),
    ],
)
def test_an_item_that_does_not_fit_is_refused(account, subscribed, items, code, param):
    known = {
        "ITEM": subscribed.item,
        "BASIC": subscribed.basic["id"],
        "ONCE": account.price()["id"],
        "EUROS": account.price(900, "eur", recurring={"interval": "month"})["id"],
        "WEEKLY": subscribed.price(300, "week"),
    }
    given = [{name: known.get(str(value), value) for name, value in entry.items()} for entry in items]
    error = account.refusal("POST", f"/v1/subscriptions/{subscribed.id}", items=given)
    assert (error.get("code"), error.get("param")) == (code, param)
    assert subscribed.pending() == []
