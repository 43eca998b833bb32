"""Lives of purchases: what happens at Stripe, step by step, and the event that Stripe would send after each step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from billing.domain.ids import InvoiceId, PaymentIntentId, SubscriptionId
from billing.domain.notice import Notice
from billing.domain.snapshot import Dispute, Payment, Refund
from tests.fakes.core import Core, a_notice
from tests.fakes.snapshots import (
    CREDITS,
    CREDITS_90,
    DAY,
    NOW,
    ORDER,
    PRO_30,
    PRO_MONTHLY,
    SESSION,
    TEAM_YEARLY,
    a_line,
    an_invoice,
    an_item,
    an_order,
)

PAID = PaymentIntentId(f"pi_{SESSION}")
PLAN = SubscriptionId("sub_1")


@dataclass(frozen=True)
class Step:
    """Something that happens, the event that tells of it, and the payments that a look at this event covers.

    A subscription is covered by any event of its customer.
    """

    happens: Callable[[Core, datetime], None]
    told: Notice
    covers: frozenset[str]
    after: timedelta = timedelta(hours=1)


def step(happens: Callable[[Core, datetime], None], told: Notice, *covers: str) -> Step:
    return Step(happens, replace(told, id=told.id), frozenset(covers))


def told(type: str, name: str, **related: str) -> Notice:
    """The event of a step, by a name of the test's; keyword `session` stands for `checkout.session`."""
    things = {
        {"session": "checkout.session", "intent": "payment_intent"}.get(key, key): related[key] for key in related
    }
    return a_notice(type, id=f"evt_{name}", related=things)


def money_back(type: str, name: str, intent: PaymentIntentId) -> Notice:
    """Events of refunds and disputes name no customer."""
    return replace(told(type, name, intent=intent), customer=None)


def with_payment(core: Core, **given: Any) -> None:
    session = core.stripe.sessions[SESSION]
    assert session.payment is not None
    core.stripe.sessions[SESSION] = replace(session, payment=replace(session.payment, **given))


def refunds(*parts: tuple[str, int, str]) -> Callable[[Core, datetime], None]:
    """The refunds of the session's payment are these from now on: id, amount, status."""

    def happens(core: Core, at: datetime) -> None:
        with_payment(core, refunds=tuple(Refund(name, amount, status, NOW) for name, amount, status in parts))

    return happens


def disputed(status: str, amount: int = 2900, currency: str = "eur") -> Callable[[Core, datetime], None]:
    def happens(core: Core, at: datetime) -> None:
        with_payment(core, disputes=(Dispute("dp_1", amount, currency, status, NOW),))

    return happens


def paid(core: Core, at: datetime) -> None:
    core.stripe.pay(SESSION, NOW)


def nothing(core: Core, at: datetime) -> None:
    """Stripe tells of it in another event as well."""


def debit(core: Core, at: datetime) -> None:
    core.stripe.begin_debit(SESSION)


def debit_failed(core: Core, at: datetime) -> None:
    core.stripe.sessions[SESSION] = replace(core.stripe.sessions[SESSION], payment_failed=True)


def renewed(number: int, *, late: bool = False) -> Callable[[Core, datetime], None]:
    """The subscription's period `number` is billed: paid, or not yet, when it is past due."""

    def happens(core: Core, at: datetime) -> None:
        end = NOW + (number * 30) * DAY
        name = InvoiceId(f"in_{number}")
        payment = None if late else Payment(PaymentIntentId(f"pi_{name}"), 1200, "eur", NOW)
        core.stripe.invoices[name] = an_invoice(
            a_line(id=f"il_{number}", period_end=end),
            id=name,
            billing_reason="subscription_cycle",
            status="open" if late else "paid",
            paid_at=None if late else NOW,
            payment=payment,
        )
        change(core, status="past_due" if late else "active", latest_invoice=name, end=end)

    return happens


def change(core: Core, end: datetime | None = None, **given: Any) -> None:
    plan = core.stripe.subscriptions[PLAN]
    items = tuple(replace(item, period_end=end or item.period_end) for item in plan.items)
    core.stripe.subscriptions[PLAN] = replace(plan, **{"items": items, **given})


def refund_of_first_invoice(core: Core, at: datetime) -> None:
    invoice = core.stripe.invoices[InvoiceId("in_1")]
    assert invoice.payment is not None
    back = (Refund("re_in_1", 600, "succeeded", NOW),)
    core.stripe.invoices[invoice.id] = replace(invoice, payment=replace(invoice.payment, refunds=back))


def upgraded(core: Core, at: datetime) -> None:
    """A plan change in the middle of the period: its invoice has prorations only, and grants nothing."""
    name = InvoiceId("in_up")
    lines = (
        a_line(id="il_back", amount=-600, proration=True),
        a_line(TEAM_YEARLY, id="il_up", amount=14500, proration=True, period_end=NOW + 365 * DAY),
    )
    payment = Payment(PaymentIntentId("pi_in_up"), 13900, "eur", NOW)
    core.stripe.invoices[name] = an_invoice(
        *lines, id=name, billing_reason="subscription_update", payment=payment, subscription=PLAN
    )
    change(core, items=(an_item(TEAM_YEARLY, days=365),), latest_invoice=name)


def begin(core: Core, *prices: Any) -> None:
    """A customer with an open session."""
    core.has_customer()
    core.has_session(an_order(*prices))


_PACK = (CREDITS_90, CREDITS, PRO_30)  # 2900 cents, 2500 credits
_PAY = a_notice(
    "payment_intent.succeeded", id="evt_pi", related={"payment_intent": PAID}, order=ORDER
)  # it carries the order's id in its metadata
_DONE = told("checkout.session.completed", "done", session=SESSION, intent=PAID)

REFUND_PARTS = (
    step(paid, _DONE, SESSION),
    step(nothing, _PAY, SESSION),
    step(refunds(("re_1", 1000, "pending")), money_back("refund.created", "re1", PAID), SESSION),
    step(refunds(("re_1", 1000, "succeeded")), money_back("refund.updated", "re1s", PAID), SESSION),
    step(
        refunds(("re_1", 1000, "succeeded"), ("re_2", 1900, "succeeded")),
        told("charge.refunded", "re2", charge="ch_1", intent=PAID),
        SESSION,
    ),
    step(
        refunds(("re_1", 1000, "succeeded"), ("re_2", 1900, "failed")),
        money_back("refund.failed", "re2f", PAID),
        SESSION,
    ),
)

DISPUTE_BESIDE_REFUND = (
    step(paid, _DONE, SESSION),
    step(disputed("warning_needs_response"), money_back("charge.dispute.created", "dp", PAID), SESSION),
    step(disputed("needs_response"), money_back("charge.dispute.updated", "dpo", PAID), SESSION),
    step(refunds(("re_1", 700, "succeeded")), money_back("refund.created", "re", PAID), SESSION),
    step(disputed("under_review"), money_back("charge.dispute.funds_withdrawn", "dpf", PAID), SESSION),
    step(disputed("won"), money_back("charge.dispute.closed", "dpc", PAID), SESSION),
)

DISPUTE_LOST_ABROAD = (
    step(paid, _DONE, SESSION),
    step(refunds(("re_1", 700, "pending")), money_back("refund.created", "re", PAID), SESSION),
    step(disputed("needs_response", 3100, "usd"), money_back("charge.dispute.created", "dp", PAID), SESSION),
    step(disputed("lost", 3100, "usd"), money_back("charge.dispute.closed", "dpc", PAID), SESSION),
    step(refunds(("re_1", 700, "canceled")), money_back("refund.updated", "rec", PAID), SESSION),
)

ASYNCHRONOUS = (
    step(debit, told("checkout.session.completed", "done", session=SESSION), SESSION),
    step(paid, told("checkout.session.async_payment_succeeded", "async", session=SESSION, intent=PAID), SESSION),
    step(refunds(("re_1", 2900, "succeeded")), money_back("refund.created", "re", PAID), SESSION),
)

ASYNCHRONOUS_FAILURE = (
    step(debit, told("checkout.session.completed", "done", session=SESSION), SESSION),
    step(debit_failed, told("checkout.session.async_payment_failed", "failed", session=SESSION), SESSION),
)

RENEWALS = (
    step(
        paid,
        told("checkout.session.completed", "done", session=SESSION, subscription=PLAN, invoice="in_1"),
        SESSION,
        "in_1",
    ),
    step(nothing, told("customer.subscription.created", "sub", subscription=PLAN, invoice="in_1"), "in_1"),
    step(renewed(2), told("invoice.paid", "in2", invoice="in_2", subscription=PLAN), "in_2"),
    step(
        refund_of_first_invoice,
        replace(
            told("charge.refunded", "re", charge="ch_1", intent="pi_in_1", invoice="in_1"), api_version="2024-06-20"
        ),
        "in_1",
    ),
    step(renewed(3, late=True), told("invoice.payment_failed", "in3f", invoice="in_3", subscription=PLAN), "in_3"),
    step(renewed(3), told("invoice.paid", "in3", invoice="in_3", subscription=PLAN), "in_3"),
)

PLAN_CHANGES = (
    step(
        paid,
        told("checkout.session.completed", "done", session=SESSION, subscription=PLAN, invoice="in_1"),
        SESSION,
        "in_1",
    ),
    step(upgraded, told("customer.subscription.updated", "up", subscription=PLAN, invoice="in_up"), "in_up"),
    step(nothing, told("invoice.paid", "inup", invoice="in_up", subscription=PLAN), "in_up"),
    step(
        lambda core, at: change(core, cancel_at_period_end=True, cancel_at=NOW + 365 * DAY),
        told("customer.subscription.updated", "end", subscription=PLAN, invoice="in_up"),
        "in_up",
    ),
    step(
        lambda core, at: change(core, status="canceled"),
        told("customer.subscription.deleted", "gone", subscription=PLAN, invoice="in_up"),
        "in_up",
    ),
)

LIVES: dict[str, tuple[tuple[Any, ...], tuple[Step, ...]]] = {
    "refund in parts": (_PACK, REFUND_PARTS),
    "dispute beside a refund": (_PACK, DISPUTE_BESIDE_REFUND),
    "dispute lost in another currency": (_PACK, DISPUTE_LOST_ABROAD),
    "asynchronous payment": (_PACK, ASYNCHRONOUS),
    "asynchronous failure": (_PACK, ASYNCHRONOUS_FAILURE),
    "renewals": ((PRO_MONTHLY,), RENEWALS),
    "plan changes": ((PRO_MONTHLY,), PLAN_CHANGES),
}
