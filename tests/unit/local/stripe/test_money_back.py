"""Refunds that wait, fail or are canceled, several of one charge, and disputes in another currency."""

import pytest

from local.stripe.engine.payments import disputes, refunds


@pytest.fixture
def charge(account):
    account.pay(account.session(account.price(1000)))
    return account.world.all("charge")[0]


def net(account):
    return sum(entry["net"] for entry in account.world.all("balance_transaction"))


def test_a_refund_that_waits_for_its_customer_can_be_canceled(account, charge):
    before = net(account)
    made = refunds.make(account.world, charge, 400, status="requires_action")
    assert made["next_action"]["display_details"]["email_sent"]["email_sent_to"] == "ada@example.com"
    assert (charge["amount_refunded"], net(account)) == (400, before - 400)
    done = account.post(f"/v1/refunds/{made['id']}/cancel")
    assert (done["status"], charge["amount_refunded"], net(account)) == ("canceled", 0, before)
    assert "next_action" not in done
    assert account.events()[-3:] == ["refund.updated", "charge.refund.updated", "charge.updated"]
    assert "refund.failed" not in account.events()
    error = account.refusal("POST", f"/v1/refunds/{made['id']}/cancel")
    assert "requires_action" in error["message"]


def test_a_waiting_refund_goes_on_when_the_customer_answers(account, charge):
    made = refunds.make(account.world, charge, status="requires_action")
    refunds.move(account.world, made, "pending")
    assert (made["status"], made["pending_reason"]) == ("pending", "processing")
    refunds.move(account.world, made, "succeeded")
    assert (made["status"], "pending_reason" in made, charge["refunded"]) == ("succeeded", False, True)


def test_several_refunds_add_up_and_one_that_fails_takes_its_part_back(account, charge):
    parts = [refunds.make(account.world, charge, amount) for amount in (200, 300, 500)]
    assert (charge["amount_refunded"], charge["refunded"]) == (1000, True)
    cumulative = [
        event["data"]["object"]["amount_refunded"]
        for event in reversed(account.world.all("event"))
        if event["type"] == "charge.refunded"
    ]
    assert cumulative == [200, 500, 1000]
    refunds.fail(account.world, parts[1])
    assert (charge["amount_refunded"], charge["refunded"]) == (700, False)
    assert refunds.make(account.world, charge)["amount"] == 300, "what is left can be refunded again"


def test_a_dispute_in_another_currency_moves_the_charges(account, charge):
    made = disputes.open_dispute(account.world, charge, inquiry=False, amount=930, currency="eur", rate=1.08)
    assert (made["amount"], made["currency"]) == (930, "eur")
    withdrawn = made["balance_transactions"][0]
    assert (withdrawn["amount"], withdrawn["currency"], withdrawn["exchange_rate"]) == (-1004, "usd", 1.08)
    disputes.close(account.world, made, "won")
    assert made["balance_transactions"][1]["amount"] == 1004


@pytest.mark.parametrize("number", ["4000000000000259", "4000000000001976"])
def test_a_card_that_disputes_by_itself_brings_no_second_dispute_beside_one_that_is_open(account, number):
    account.pay(account.session(account.price(1000)), number)
    disputes.open_dispute(account.world, account.world.all("charge")[0], inquiry=False)
    account.time += 5
    account.engine.tick()
    assert [each["status"] for each in account.world.all("dispute")] == ["needs_response"]
