"""The last payments that an account shows: the same whatever order they were looked at in."""

from dataclasses import replace
from itertools import permutations

from billing.domain.ids import PurchaseKey
from billing.domain.payment_notes import KEPT, PaymentNote, last_payments
from billing.domain.purchase import Purchase, PurchaseState, opened
from billing.domain.snapshot import Card
from tests.fakes.snapshots import DAY, NOW, SESSION, a_payment, a_refund, an_order


def paid(name: str = SESSION, days: int = 0, **payment) -> Purchase:
    at = NOW + days * DAY
    money = a_payment(500, paid_at=at, **payment)
    return replace(
        opened(an_order(), SESSION), key=PurchaseKey(name), state=PurchaseState.PAID, paid_at=at, payment=money
    )


def test_what_is_shown_of_a_payment():
    card = Card("visa", "4242")
    assert last_payments((), [paid(refunds=(a_refund(200),), card=card)]) == (
        PaymentNote(SESSION, 500, "eur", NOW, 200, card),
    )


def test_the_newest_are_kept_newest_first_in_whatever_order_they_come():
    purchases = [paid(f"cs_{number}", number) for number in range(KEPT + 1)]
    wanted = tuple(f"cs_{number}" for number in range(KEPT, 0, -1))
    for order in list(permutations(purchases))[::97]:
        notes: tuple[PaymentNote, ...] = ()
        for purchase in order:
            notes = last_payments(notes, [purchase])
        assert tuple(note.source for note in notes) == wanted


def test_the_newest_is_told_by_its_time_and_not_by_its_name():
    assert [note.source for note in last_payments((), [paid("cs_9"), paid("cs_1", 1)])] == ["cs_1", "cs_9"]


def test_of_payments_of_one_second_the_order_is_that_of_their_names():
    one, two = paid("cs_1"), paid("cs_2")
    for order in ([one, two], [two, one]):
        assert [note.source for note in last_payments((), order)] == ["cs_2", "cs_1"]


def test_the_time_shown_is_that_of_the_purchase_though_another_part_was_paid_later():
    later = replace(paid(), payment=a_payment(500, paid_at=NOW + DAY))
    assert [note.paid_at for note in last_payments((), [later])] == [NOW]


def test_a_refund_changes_its_payment_in_place():
    first = last_payments((), [paid("cs_1"), paid("cs_2", 1)])
    again = last_payments(first, [paid("cs_1", refunds=(a_refund(500),))])
    assert [(note.source, note.refunded) for note in again] == [("cs_2", 0), ("cs_1", 500)]
    later = last_payments(again, [paid("cs_3", 2)])
    assert [(note.source, note.refunded) for note in later] == [("cs_3", 0), ("cs_2", 0), ("cs_1", 500)]


def test_the_lines_of_an_invoice_are_one_payment_of_what_was_captured():
    lines = [replace(paid(f"in_1#il_{number}"), amount_total=100 * number) for number in (1, 2)]
    assert [note.amount for note in last_payments((), lines)] == [500]


def test_what_cost_nothing_or_is_not_paid_is_no_payment():
    free = replace(paid(), payment=None)
    unpaid = replace(paid(), paid_at=None)
    nothing = replace(paid(), payment=a_payment(0))
    assert last_payments((), [free, unpaid, nothing]) == ()
