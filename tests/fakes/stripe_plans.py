"""Plan changes and the customer portal, over the state of FakeStripe.

No friendlier than the real ones where that matters: a payment that is refused leaves the subscription as it was, with
the change pending and an open invoice; the same key is answered from what was saved; and what is changed shows in the
next snapshot, as a proration that grants nothing. A change that begins a period bills that whole.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from billing.domain.ids import CustomerId, InvoiceId, SubscriptionId, SubscriptionItemId
from billing.domain.plan_change import Bill, BilledLine, LiveItem, LiveSubscription, PendingChange, PlanChange
from billing.domain.snapshot import Subscription
from billing.errors import StripeRefused, SubscriptionNotFound
from billing.ports.stripe import PortalFlow
from tests.fakes.snapshots import a_line, an_invoice, item_of
from tests.fakes.stripe_world import FakeStripe
from tests.fakes.world import FakeClock

PERIOD = timedelta(days=30)
PERIODS = {"month": PERIOD, "year": timedelta(days=365)}


@dataclass
class FakePlans:
    """The ports StripeSubscriptions and StripePortal."""

    stripe: FakeStripe
    clock: FakeClock
    currency: str = "eur"
    card_refuses: bool = False
    given: dict[str, object] = field(default_factory=dict)
    """What every live subscription has beside its state: `scheduled=True` and the like."""
    pending: dict[SubscriptionId, PendingChange] = field(default_factory=dict)
    billed: list[tuple[SubscriptionId, int]] = field(default_factory=list)
    """Each invoice that a change has made, paid or not."""
    keys: list[str] = field(default_factory=list)
    opened: list[tuple[CustomerId, PortalFlow | None, str | None]] = field(default_factory=list)
    gone: set[CustomerId] = field(default_factory=set)
    owners: dict[SubscriptionId, CustomerId] = field(default_factory=dict)

    # ---------------------------------------------------------------------------------------------------- the portal

    def open_portal(self, customer: CustomerId, flow: PortalFlow | None, locale: str | None) -> str:
        with self.stripe.calls.called("open_portal"):
            if customer in self.gone:
                raise StripeRefused("Stripe refused the request", stripe_code="resource_missing", param="customer")
            self.opened.append((customer, flow, locale))
            return f"https://billing.stripe.test/p/session/{len(self.opened)}"

    # -------------------------------------------------------------------------------------------------- plan changes

    def live(self, subscription: SubscriptionId) -> LiveSubscription:
        with self.stripe.calls.called("live"):
            if subscription not in self.stripe.subscriptions:
                raise SubscriptionNotFound("there is no such subscription")
            return self._live(subscription)

    def preview(self, change: PlanChange) -> Bill:
        with self.stripe.calls.called("preview"):
            return self._bill(change, self._moment(change))

    def preview_recurring(self, change: PlanChange) -> Bill:
        with self.stripe.calls.called("preview_recurring"):
            amount = (change.price.unit_amount or 0) * change.quantity
            return Bill(self.currency, amount, amount, ())

    def change(self, change: PlanChange, key: str) -> LiveSubscription:
        with self.stripe.calls.called("change"):
            self.keys.append(key)
            parameters: tuple[object, ...] = (change.subscription, change.item.id, change.price.id, change.quantity)
            parameters += (change.prorated_at, change.new_period)
            fresh = key not in self.stripe.saved
            if fresh:
                self._apply(change)
            answer = self.stripe._once(key, parameters, self._live(change.subscription))
            assert isinstance(answer, LiveSubscription)
            return answer

    # ------------------------------------------------------------------------------------------------------ its state

    def pay(self, subscription: SubscriptionId) -> None:
        """The buyer pays the open invoice of a pending change, on Stripe's page."""
        pending = self.pending.pop(subscription)
        known = self.stripe.subscriptions[subscription]
        items = tuple(
            replace(known.items[0], price_id=price, quantity=quantity, id=item_of(price))
            for price, quantity in pending.items
        )
        self.stripe.subscriptions[subscription] = replace(known, items=items)

    def _apply(self, change: PlanChange) -> None:
        known = self.stripe.subscriptions[change.subscription]
        bill = self._bill(change, self._moment(change))
        trial = known.status == "trialing"
        self.pending.pop(known.id, None)
        if not trial:
            self.billed.append((known.id, bill.due))
            self._invoice(known, change, paid=not self.card_refuses)
            known = self.stripe.subscriptions[change.subscription]
        if self.card_refuses and bill.due > 0 and not trial:
            expires = self.clock.now() + timedelta(hours=23)
            self.pending[known.id] = PendingChange(change.of(self._live(known.id)), expires)
            return
        items = tuple(
            replace(item, price_id=change.price.id, quantity=change.quantity, period_end=self._end(known, change))
            if item.price_id == change.item.price.id
            else item
            for item in known.items
        )
        self.stripe.subscriptions[known.id] = replace(known, items=items)

    def _invoice(self, known: Subscription, change: PlanChange, *, paid: bool) -> None:
        """The invoice of a change: prorations only unless a period begins, and the latest one from now on."""
        name = InvoiceId(f"in_change_{len(self.billed)}")
        (item,) = (item.id for item in known.items if item.price_id == change.item.price.id)
        line = a_line(change.price, proration=not change.new_period, period_end=self._end(known, change), item=item)
        self.stripe.invoices[name] = an_invoice(
            line,
            id=name,
            customer=known.customer,
            subscription=known.id,
            billing_reason="subscription_update",
            status="paid" if paid else "open",
            paid_at=self.clock.now() if paid else None,
            payment=None,
        )
        self.stripe.subscriptions[known.id] = replace(known, latest_invoice=name)

    def _live(self, subscription: SubscriptionId) -> LiveSubscription:
        known = self.stripe.subscriptions[subscription]
        live = LiveSubscription(
            id=subscription,
            customer=self.owners.get(subscription, known.customer),
            status=known.status,
            currency=self.currency,
            items=tuple(
                LiveItem(SubscriptionItemId(f"si_{n}"), self.stripe.prices[item.price_id], item.quantity)
                for n, item in enumerate(known.items, 1)
            ),
            period_start=known.items[0].period_end - PERIOD,
            cancels_at=known.items[0].period_end if known.cancel_at_period_end else None,
            collection_paused=False,
            charged=True,
            scheduled=False,
            pending=self.pending.get(subscription),
            latest_invoice=known.latest_invoice,
            invoice_page=self._page(known.latest_invoice),
        )
        return replace(live, **self.given)  # type: ignore[arg-type]

    def _page(self, latest: InvoiceId | None) -> str | None:
        invoice = self.stripe.invoices.get(latest) if latest is not None else None
        of_change = invoice is not None and (invoice.billing_reason, invoice.status) == ("subscription_update", "open")
        return f"https://invoice.stripe.test/{latest}" if of_change else None

    def _moment(self, change: PlanChange) -> datetime:
        start = self._live(change.subscription).period_start
        moment = change.prorated_at or self.clock.now()
        if not start <= moment < start + PERIOD:
            raise StripeRefused("Stripe refused the request", param="subscription_details[proration_date]")
        return moment

    def _end(self, known: Subscription, change: PlanChange) -> datetime:
        if not change.new_period:
            return known.items[0].period_end
        return self.clock.now() + PERIODS[change.price.interval or "month"]

    def _bill(self, change: PlanChange, moment: datetime) -> Bill:
        """What is left of the period, given back at the old price and charged at the new one, or a whole new period."""
        live = self._live(change.subscription)
        end = live.period_start + PERIOD
        lines = tuple(
            BilledLine(text, round(unit * quantity * ((end - moment) / PERIOD)), 0, True, True, moment, end)
            for text, unit, quantity in (
                ("Unused time", -(change.item.price.unit_amount or 0), change.item.quantity),
                ("Remaining time", change.price.unit_amount or 0, change.quantity),
            )
        )
        if change.new_period:
            end = self.clock.now() + PERIODS[change.price.interval or "month"]
            whole = (change.price.unit_amount or 0) * change.quantity
            lines = (lines[0], BilledLine("Plan", whole, 0, False, True, self.clock.now(), end))
        total = sum(line.amount for line in lines)
        return Bill(live.currency, max(0, total), total, lines)
