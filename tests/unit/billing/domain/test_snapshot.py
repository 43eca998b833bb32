"""Several payments of one invoice count as one, with every refund and dispute of each (money rule 18)."""

from dataclasses import replace

from billing.domain.ids import InvoiceId, PaymentIntentId
from billing.domain.snapshot import combined
from tests.fakes.snapshots import DAY, NOW, a_dispute, a_payment, a_refund, a_truth, an_invoice

ONE, TWO, THREE = (PaymentIntentId(f"pi_{name}") for name in ("b", "a", "c"))
FIRST = a_payment(700, intent=ONE)
SECOND = a_payment(500, intent=TWO, paid_at=NOW + DAY)


def test_a_single_payment_is_left_as_it_is():
    disputed = replace(FIRST, disputes=(a_dispute(900, currency="usd"),))
    assert combined([disputed]) is disputed


def test_what_was_captured_adds_up_and_the_last_payment_says_when():
    both = combined([SECOND, FIRST])
    assert (both.captured, both.paid_at, both.intents) == (1200, NOW + DAY, (ONE, TWO))
    assert both == combined([FIRST, SECOND])


def test_payments_of_one_moment_are_in_the_order_of_their_ids():
    assert combined([FIRST, replace(SECOND, paid_at=NOW)]).intents == (TWO, ONE)


def test_the_registers_of_all_are_kept():
    first = replace(FIRST, refunds=(a_refund(100, id="re_1"),))
    second = replace(SECOND, refunds=(a_refund(50, id="re_2"),), disputes=(a_dispute(500),))
    both = combined([first, second])
    assert [refund.id for refund in both.refunds] == ["re_1", "re_2"]
    assert both.disputes == (a_dispute(500),)


def test_a_dispute_in_another_currency_takes_back_its_own_charge_and_no_more():
    """Money rule 18."""
    both = combined([FIRST, replace(SECOND, disputes=(a_dispute(630, currency="usd"),))])
    assert both.disputes == (a_dispute(500, currency="eur"),)


def test_an_invoice_gets_the_payments_that_were_read_of_its_own():
    paid = an_invoice(payment=None, intents=(ONE, TWO))
    unread = an_invoice(id=InvoiceId("in_2"), payment=None, intents=(THREE,))
    seen = a_truth(paid, unread).with_payments({ONE: FIRST, TWO: SECOND})
    assert [invoice.payment for invoice in seen.invoices] == [combined([FIRST, SECOND]), None]
