"""What Stripe's objects say of payments: what was bought by whom, what was paid for it, and what went back.

Worked out from the objects alone, by docs/design/money.md, with nothing of the product's own code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

type Obj = Mapping[str, Any]
type All = Callable[[str], list[dict[str, Any]]]
"""All objects of one kind."""

DAY = 86400
_CAME_BACK = ("failed", "canceled")
"""Of refunds: in any other status the money is gone."""
_LEFT_ALONE = ("warning_needs_response", "warning_under_review", "warning_closed", "won")
"""Of disputes: in any other status the bank has the money."""


@dataclass(frozen=True)
class Known:
    """What is known besides Stripe's objects, since somebody has written into them what is not so."""

    foreign: frozenset[str] = frozenset()
    """Checkout sessions that we did not make, whatever they say."""
    owners: Mapping[str, str | None] = field(default_factory=dict)
    """Whose a customer is, where its metadata says something else."""
    orders: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    """By order and price, the metadata as it was when the order was made."""
    earlier: tuple[tuple[str, Mapping[str, str], int], ...] = ()
    """What a price's metadata said: price, metadata, and until when."""
    granted: Mapping[tuple[str, int], int] = field(default_factory=dict)
    """What was granted, by lot: of a renewal, by what the catalog said when its payment was first seen."""
    unheard: frozenset[str] = frozenset()
    """Invoices that grant nothing, since they were paid long before anybody had heard of their customer."""
    mute: frozenset[str] = frozenset()
    """Lines of invoices that may have granted nothing, since their price was mended too late for any look."""
    gone: frozenset[str] = frozenset()
    """Prices that were deleted."""
    trial_credits: bool = False
    """Whether a trial gives the credits of its plan."""
    late: Mapping[str, int] = field(default_factory=dict)
    """Of sessions that were paid by a bank debit: when their money was seen, which none of Stripe's objects tells."""


@dataclass(frozen=True)
class Bought:
    """One line of a payment: a session's, or an invoice's. Times are Unix seconds."""

    user: str
    source: str
    """The session, or the invoice."""
    key: str
    """What grants once: the session, or invoice and line."""
    line: int
    credits: int
    expires: int | None
    level: str | None
    days: int | None
    paid_at: int
    payment: Payment | None

    @property
    def ended_at(self) -> int | None:
        """When all that was paid for it had gone back."""
        return self.payment.ended_at if self.payment is not None else None


@dataclass(frozen=True)
class Payment:
    """What was captured, and what went back: each part with its time."""

    captured: int
    back: tuple[tuple[int, int], ...]

    @property
    def taken_back(self) -> int:
        """Never more than was captured (rule 18)."""
        return min(self.captured, sum(amount for _, amount in self.back))

    @property
    def ended_at(self) -> int | None:
        """When all of it had gone back."""
        total = 0
        for at, amount in sorted(self.back):
            total += amount
            if self.captured and total >= self.captured:
                return at
        return None


def _line(
    user: str,
    source: str,
    key: str,
    index: int,
    price: Obj,
    gives: Mapping[str, str],
    quantity: int,
    paid_at: int,
    payment: Payment | None,
) -> Bought:
    one_time = price["recurring"] is None
    expire_days, days = gives.get("credits_expire_days"), gives.get("entitlement_days")
    return Bought(
        user=user,
        source=source,
        key=key,
        line=index,
        credits=int(gives.get("credits_amount", 0)) * quantity,
        expires=paid_at + int(expire_days) * DAY if expire_days else None,
        level=gives.get("entitlement_level") if one_time else None,
        days=int(days) * quantity if days else None,
        paid_at=paid_at,
        payment=payment,
    )


def _holds(dispute: Obj) -> bool:
    """Whether a dispute has the money: of those that were prevented, one that gave it back by itself."""
    if dispute["status"] == "prevented":
        return sum(entry["amount"] for entry in dispute["balance_transactions"]) < 0
    return dispute["status"] not in _LEFT_ALONE


class Payments:
    """Reads the objects of one Stripe account."""

    def __init__(self, all_of: All, known: Known) -> None:
        self._known = known
        self._charges = {each["id"]: each for each in all_of("charge")}
        self._intents = {each["id"]: each for each in all_of("payment_intent")}
        self._refunds = all_of("refund")
        self._disputes = all_of("dispute")
        self._prices = {each["id"]: each for each in all_of("price")}
        self._sessions = all_of("checkout.session")
        self._invoices = all_of("invoice")
        self._parts = all_of("invoice_payment")
        self._trials = {each["id"]: each["trial_end"] for each in all_of("subscription")}
        self._shown = {
            each["id"]: {item["price"]["id"] for item in each["items"]["data"] if not each["ended_at"]}
            for each in all_of("subscription")
        }
        self._gone = known.gone
        self._owners = self._found_owners(all_of("customer"))

    def owner_of(self, customer: str | None) -> str | None:
        """Whose a customer is."""
        return self._owners.get(customer) if customer else None

    def bought(self, lines_of: Callable[[str], list[Obj]]) -> Iterator[Bought]:
        """Every line that was paid for. `lines_of` tells the lines of a session, which its object does not show."""
        for session in self._sessions:
            yield from self._session(session, lines_of(session["id"]))
        for invoice in self._invoices:
            yield from self._invoice(invoice)

    def _found_owners(self, customers: list[dict[str, Any]]) -> dict[str, str]:
        """From the customer, or where it was deleted from a session of ours."""
        found = {each["customer"]: each["metadata"].get("user_id") for each in self._sessions if each["customer"]}
        found |= {each["id"]: each["metadata"].get("user_id") for each in customers if not each.get("deleted")}
        found |= self._known.owners
        return {customer: user for customer, user in found.items() if user}

    def _session(self, session: Obj, lines: list[Obj]) -> Iterator[Bought]:
        """Rules 10, 12, 15: one that is ours, once, and complete with its money or with nothing due."""
        ours = session["client_reference_id"] and session["id"] not in self._known.foreign
        if session["mode"] != "payment" or session["status"] != "complete" or not ours:
            return
        free = session["payment_status"] == "no_payment_required" and session["amount_total"] == 0
        if session["payment_status"] != "paid" and not free:
            return
        user = self.owner_of(session["customer"])
        if user is None:
            return
        intents = [session["payment_intent"]] if session["payment_intent"] else []
        name, charges = session["id"], self._paid_by(intents)
        paid_at = self._known.late.get(name, charges[0]["created"] if charges else session["created"])
        payment = self._payment(charges)
        order = self._known.orders.get(session["client_reference_id"], {})
        for index, line in enumerate(lines):
            price = line["price"]
            gives = order.get(price["id"], self._prices[price["id"]]["metadata"])
            yield _line(user, name, name, index, price, gives, line["quantity"], paid_at, payment)

    def _invoice(self, invoice: Obj) -> Iterator[Bought]:
        """Rule 12: a paid one of a subscription, its first or a period's, line by line, no prorations, no trial. Of a
        change, what begins where it has ended the trial (decision 0060).
        """
        details = (invoice["parent"] or {}).get("subscription_details")
        if invoice["status"] != "paid" or not details or invoice["id"] in self._known.unheard:
            return
        changed = invoice["billing_reason"] == "subscription_update"
        if not changed and invoice["billing_reason"] not in ("subscription_create", "subscription_cycle"):
            return
        user = self.owner_of(invoice["customer"])
        if user is None:
            return
        paid = [each for each in self._parts if each["invoice"] == invoice["id"] and each["status"] == "paid"]
        payment = self._payment(self._paid_by([each["payment"]["payment_intent"] for each in paid]))
        paid_at = invoice["status_transitions"]["paid_at"]
        for line in invoice["lines"]["data"]:
            item = (line["parent"] or {}).get("subscription_item_details")
            if not item or item["proration"]:
                continue
            if changed and line["period"]["start"] != self._trials[details["subscription"]]:
                continue
            price = self._prices[line["pricing"]["price_details"]["price"]]
            if line["amount"] == 0 and price["unit_amount"] != 0 and not self._known.trial_credits:
                continue
            key = f"{invoice['id']}#{line['id']}"
            subscription = details["subscription"]
            told = self._shows(subscription, price["id"]) or self._ordered(subscription, price["id"])
            if (not told or key in self._known.mute) and (key, 0) not in self._known.granted:
                continue
            gives = self._gave(invoice, price, key, line["quantity"], paid_at)
            found = _line(user, invoice["id"], key, 0, price, gives, line["quantity"], paid_at, payment)
            if found.credits:
                yield found

    def _shows(self, subscription: str, price: str) -> bool:
        """Whether Stripe still tells what a price gives: of one that was deleted, only who is subscribed to it does."""
        return price not in self._gone or price in self._shown[subscription]

    def _gave(self, invoice: Obj, price: Obj, key: str, quantity: int, paid_at: int) -> Mapping[str, str]:
        """What a line of an invoice gives: the order's, of the first one; else what the catalog said when its payment
        was first seen, which may have been at any time since, and where nothing says it any more the order's again.
        Which it was, what was granted must tell.
        """
        said = [each for name, each, until in self._known.earlier if name == price["id"] and until >= paid_at]
        said.append(price["metadata"])
        subscription = invoice["parent"]["subscription_details"]["subscription"]
        if invoice["billing_reason"] == "subscription_create":
            said = self._ordered(subscription, price["id"]) or said
        elif not self._shows(subscription, price["id"]):
            said += self._ordered(subscription, price["id"])
        granted = self._known.granted.get((key, 0))
        return next((each for each in said if int(each["credits_amount"]) * quantity == granted), said[-1])

    def _ordered(self, subscription: str, price: str) -> list[Mapping[str, str]]:
        """What the order of a subscription says, unless it is one of another app's."""
        orders = self._known.orders
        found = [each for each in self._sessions if each["subscription"] == subscription]
        ours = [each["client_reference_id"] for each in found if each["id"] not in self._known.foreign]
        return [orders[order][price] for order in ours if order in orders and price in orders[order]]

    def _paid_by(self, intents: list[str]) -> list[Obj]:
        charges = [self._charges.get(self._intents[intent]["latest_charge"] or "") for intent in intents]
        return [charge for charge in charges if charge is not None and charge["status"] == "succeeded"]

    def _payment(self, charges: list[Obj]) -> Payment | None:
        if not charges:
            return None
        back: list[tuple[int, int]] = []
        for charge in charges:
            back += [
                (refund["created"], refund["amount"])
                for refund in self._refunds
                if refund["charge"] == charge["id"] and refund["status"] not in _CAME_BACK
            ]
            for dispute in self._disputes:
                if dispute["charge"] == charge["id"] and _holds(dispute):
                    same = dispute["currency"] == charge["currency"]
                    back.append((dispute["created"], dispute["amount"] if same else charge["amount_captured"]))
        return Payment(sum(charge["amount_captured"] for charge in charges), tuple(back))
