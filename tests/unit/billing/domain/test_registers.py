"""Registers of refunds and disputes: what they hold, what of it takes money back, and when all of it is gone."""

from dataclasses import replace
from itertools import permutations

import pytest

from billing.domain.ids import PaymentIntentId
from billing.domain.registers import (
    disputed,
    fully_reversed_at,
    merged,
    refunded,
    status_of_dispute,
    statuses,
    taken_back,
)
from billing.domain.snapshot import Card
from tests.fakes.snapshots import DAY, NOW, a_dispute, a_payment, a_refund


@pytest.mark.parametrize(
    ("status", "amount"),
    [
        ("pending", 300),
        ("requires_action", 300),
        ("succeeded", 300),
        ("a_status_of_next_year", 300),
        ("failed", 0),
        ("canceled", 0),
    ],
)
def test_a_refund_takes_back_until_it_has_failed(status, amount):
    assert refunded(a_payment(900, refunds=(a_refund(300, status),))) == amount


def test_several_refunds_add_up_and_stop_at_what_was_captured():
    refunds = tuple(a_refund(400, id=f"re_{number}") for number in range(2))
    assert refunded(a_payment(900, refunds=refunds)) == 800
    assert refunded(a_payment(500, refunds=refunds)) == 500


@pytest.mark.parametrize(
    ("status", "amount"),
    [
        ("needs_response", 300),
        ("under_review", 300),
        ("lost", 300),
        ("appeal_needs_response", 300),
        ("appeal_under_review", 300),
        ("a_status_of_next_year", 300),
        ("won", 0),
        ("prevented", 0),
        ("warning_needs_response", 0),
        ("warning_under_review", 0),
        ("warning_closed", 0),
    ],
)
def test_a_dispute_holds_its_amount_unless_it_is_an_inquiry_or_was_won(status, amount):
    assert disputed(a_payment(900, disputes=(a_dispute(300, status),))) == amount


@pytest.mark.parametrize(
    ("status", "moved", "counts"),
    [
        ("prevented", [-500], "lost"),
        ("prevented", [-500, 500], "prevented"),
        ("prevented", [], "prevented"),
        ("won", [-500], "won"),
    ],
)
def test_a_dispute_that_was_prevented_is_lost_where_its_money_went_back(status, moved, counts):
    entries = [{"amount": amount} for amount in moved]
    assert status_of_dispute({"status": status, "balance_transactions": entries}) == counts
    assert status_of_dispute({"status": status}) == status


def test_a_dispute_in_another_currency_counts_as_the_whole_charge():
    assert disputed(a_payment(900, disputes=(a_dispute(10, currency="usd"),))) == 900


def test_several_disputes_stop_at_what_was_captured():
    disputes = (a_dispute(600), a_dispute(600, id="dp_2"))
    assert disputed(a_payment(900, disputes=disputes)) == 900


def test_a_refund_beside_a_dispute_never_takes_more_than_was_captured():
    both = a_payment(900, refunds=(a_refund(300),), disputes=(a_dispute(900),))
    assert taken_back(both) == 900
    assert taken_back(replace(both, disputes=(a_dispute(400),))) == 700


def test_the_first_reading_is_the_register_and_a_missing_one_changes_nothing():
    payment = a_payment(refunds=(a_refund(100),))
    assert merged(None, payment) == payment
    assert merged(payment, None) == payment
    assert merged(None, None) is None


def test_a_reading_without_registers_forgets_none():
    known = a_payment(refunds=(a_refund(100),), disputes=(a_dispute(50),))
    assert merged(known, a_payment()) == known


def test_what_was_captured_by_which_payments_and_when_is_what_was_read_last():
    """An invoice may be paid in parts: the register knew of the first one alone."""
    known = a_payment(refunds=(a_refund(100),))
    read = a_payment(900, paid_at=NOW + DAY, also=(PaymentIntentId("pi_2"),))
    assert merged(known, read) == replace(read, refunds=known.refunds)


def test_the_card_of_the_last_reading_counts_and_a_reading_without_one_forgets_none():
    old, new = replace(a_payment(), card=Card("visa", "4242")), replace(a_payment(), card=Card("mastercard", "4444"))
    assert merged(old, new) == new
    assert merged(old, replace(old, card=None)) == old


@pytest.mark.parametrize(
    ("known", "read", "kept"),
    [("succeeded", "new_at_stripe", "succeeded"), ("new_at_stripe", "pending", "pending")],
)
def test_a_status_that_we_do_not_know_is_no_more_final_than_pending(known, read, kept):
    register = merged(a_payment(refunds=(a_refund(100, known),)), a_payment(refunds=(a_refund(100, read),)))
    assert statuses(register) == {"re_1": kept}


@pytest.mark.parametrize("final", ["failed", "canceled"])
def test_what_has_failed_stays_failed_however_late_success_is_read(final):
    readings = [a_payment(refunds=(a_refund(100, status),)) for status in ("pending", "succeeded", final)]
    for order in permutations(readings):
        register = None
        for reading in order:
            register = merged(register, reading)
        assert register is not None
        assert [refund.status for refund in register.refunds] == [final]


def test_a_pending_refund_does_not_take_the_place_of_one_that_succeeded():
    register = merged(a_payment(refunds=(a_refund(100),)), a_payment(refunds=(a_refund(100, "pending"),)))
    assert register is not None
    assert register.refunds[0].status == "succeeded"


def test_of_two_readings_of_a_refund_on_its_way_the_later_counts():
    for first, second in (("pending", "requires_action"), ("requires_action", "pending")):
        register = merged(a_payment(refunds=(a_refund(100, first),)), a_payment(refunds=(a_refund(100, second),)))
        assert register is not None
        assert register.refunds[0].status == second


def test_a_dispute_is_what_was_read_last_and_registers_are_ordered_by_id():
    register = merged(
        a_payment(refunds=(a_refund(1, id="re_2"),), disputes=(a_dispute(1, id="dp_2"), a_dispute(9))),
        a_payment(refunds=(a_refund(2, id="re_1"),), disputes=(a_dispute(9, "won"),)),
    )
    assert register is not None
    assert [refund.id for refund in register.refunds] == ["re_1", "re_2"]
    assert [(dispute.id, dispute.status) for dispute in register.disputes] == [
        ("dp_1", "won"),
        ("dp_2", "needs_response"),
    ]


@pytest.mark.parametrize(("known", "read"), list(permutations(("won", "lost", "warning_closed", "needs_response"), 2)))
def test_no_status_of_a_dispute_is_final(known, read):
    """F39: what a bank has decided it may decide anew, and its inquiry may become a dispute."""
    payment = merged(a_payment(disputes=(a_dispute(900, known),)), a_payment(disputes=(a_dispute(900, read),)))
    assert payment is not None
    assert [dispute.status for dispute in payment.disputes] == [read]


def test_a_payment_is_fully_reversed_when_the_last_part_of_it_went():
    first, last = a_refund(400, at=NOW + DAY), a_refund(500, id="re_0", at=NOW + 2 * DAY)
    assert fully_reversed_at(a_payment(900, refunds=(last, first))) == NOW + 2 * DAY
    assert fully_reversed_at(a_payment(900, refunds=(first,))) is None
    assert fully_reversed_at(a_payment(900)) is None
    assert fully_reversed_at(a_payment(901, refunds=(first, last))) is None  # a cent still stands


def test_what_comes_after_all_of_it_has_gone_moves_the_moment_no_more():
    gone = a_refund(900, at=NOW + DAY)
    assert (
        fully_reversed_at(a_payment(900, refunds=(gone,), disputes=(a_dispute(900, at=NOW + 5 * DAY),))) == gone.created
    )


def test_a_dispute_beside_a_partial_refund_reverses_in_full():
    payment = a_payment(900, refunds=(a_refund(300, at=NOW + DAY),), disputes=(a_dispute(600, at=NOW + 3 * DAY),))
    assert fully_reversed_at(payment) == NOW + 3 * DAY


def test_a_dispute_in_another_currency_reverses_in_full():
    assert fully_reversed_at(a_payment(900, disputes=(a_dispute(1, currency="usd", at=NOW + DAY),))) == NOW + DAY


def test_what_failed_or_was_won_reverses_nothing():
    payment = a_payment(900, refunds=(a_refund(900, "failed"),), disputes=(a_dispute(900, "won"),))
    assert fully_reversed_at(payment) is None


def test_each_refund_and_dispute_has_its_status_and_a_payment_not_read_has_none():
    refunds = a_refund(300, "failed", id="re_1"), a_refund(300, id="re_2")
    payment = a_payment(refunds=refunds, disputes=(a_dispute(300, "lost", id="du_1"),))
    assert statuses(payment) == {"re_1": "failed", "re_2": "succeeded", "du_1": "lost"}
    assert statuses(None) == {}
