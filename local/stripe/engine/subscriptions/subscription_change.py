"""Work out what a change of a subscription bills and credits, without doing it: a preview shows it, an update does it.

Flexible billing mode never moves the billing cycle anchor by itself: a price with another interval gets the period of
that interval which holds the moment, counted from the anchor, and is charged for the rest of it.
https://docs.stripe.com/billing/subscriptions/billing-mode/compare#reset-the-billing-cycle-anchor
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from local.stripe.engine.catalog import coupons, discounts, price_currencies
from local.stripe.engine.errors import invalid_request
from local.stripe.engine.invoices import debits
from local.stripe.engine.subscriptions import change_rules, periods
from local.stripe.engine.subscriptions.proration import Debit, credits_from, share
from local.stripe.engine.world import Obj, World, merge_metadata


@dataclass(frozen=True)
class WantedChange:
    """The parameters of a change that concern money."""

    items: list[dict[str, Any]] = field(default_factory=list)
    proration_behavior: str = "create_prorations"
    proration_date: int | None = None
    anchor_now: bool = False
    trial_end: int | str | None = None
    path: str = "items[{}]"
    """How the request names the entries of `items`; "" where it names none."""


@dataclass
class ItemState:
    """An item as it will be."""

    id: str
    price: Obj
    quantity: int
    period: tuple[int, int]
    metadata: dict[str, str]
    known: Obj | None
    """The item as it is; None for a new one."""

    @property
    def changed(self) -> bool:
        return self.known is None or (self.known["price"]["id"], self.known["quantity"]) != (
            self.price["id"],
            self.quantity,
        )


@dataclass(frozen=True)
class Proration:
    """One credit or charge."""

    item: str
    price: str
    quantity: int
    amount: int
    period: tuple[int, int]
    credited: Debit | None


@dataclass
class Change:
    """All of a change, worked out."""

    moment: int
    items: list[ItemState]
    removed: list[Obj]
    anchor: int
    trial: tuple[int, int] | None
    """Start and end of the trial that the subscription is in afterwards."""
    prorations: list[Proration] = field(default_factory=list)
    whole_periods: bool = False
    """Every item begins a new period now, which is billed whole (or given away, in a trial)."""
    bill_now: bool = False


def wanted_of(given: dict[str, Any], path: str = "items[{}]") -> WantedChange:
    """Read the parameters that an update and a preview have in common."""
    return WantedChange(
        items=given.get("items", []),
        proration_behavior=given.get("proration_behavior", "create_prorations"),
        proration_date=given.get("proration_date"),
        anchor_now=given.get("billing_cycle_anchor", {}).get("type") == "now",
        trial_end=given.get("trial_end"),
        path=path,
    )


def work_out(world: World, subscription: Obj, wanted: WantedChange) -> Change:
    """Work out a change; raise Stripe's refusal of one that cannot be."""
    now = world.now()
    items, removed = _items(world, subscription, wanted)
    change = Change(
        moment=_moment(subscription, wanted, now),
        items=items,
        removed=removed,
        anchor=subscription["billing_cycle_anchor"],
        trial=(subscription["trial_start"], subscription["trial_end"]) if _trialing(subscription) else None,
    )
    if wanted.trial_end == "now":
        _end_trial(subscription, change, now)
    elif isinstance(wanted.trial_end, int):
        _begin_trial(world, subscription, change, wanted, now)
    elif wanted.anchor_now:
        _reset_anchor(world, subscription, change, wanted, now)
    else:
        _prorate(world, subscription, change, wanted, now)
    return change


def _trialing(subscription: Obj) -> bool:
    return bool(subscription["status"] == "trialing")


def _items(world: World, subscription: Obj, wanted: WantedChange) -> tuple[list[ItemState], list[Obj]]:
    kept = {item["id"]: _as_it_is(item) for item in subscription["items"]["data"]}
    removed: list[Obj] = []
    added: list[ItemState] = []
    for index, entry in enumerate(wanted.items):
        path = wanted.path.format(index)
        known = change_rules.check_entry(subscription, entry, path)
        if known is not None and entry.get("deleted"):
            removed.append(known)
            kept.pop(known["id"])
        elif known is not None:
            kept[known["id"]] = _as_wanted(world, subscription, known, entry, path)
        else:
            added.append(_new(world, subscription, entry, path))
    states = [*kept.values()]
    for state in added:
        change_rules.not_twice(state.price, [(each.price["id"], each.id) for each in states])
        states.append(state)
    change_rules.check_whole([state.price for state in states])
    return states, removed


def _as_it_is(item: Obj) -> ItemState:
    period = (item["current_period_start"], item["current_period_end"])
    return ItemState(item["id"], item["price"], item["quantity"], period, item["metadata"], item)


def _as_wanted(world: World, subscription: Obj, known: Obj, entry: dict[str, Any], path: str) -> ItemState:
    """Changing the price sets the quantity to 1 unless one is given (`items.price`, page of the update)."""
    state = _as_it_is(known)
    state.metadata = merge_metadata(known["metadata"], entry.get("metadata"))
    if entry.get("price", known["price"]["id"]) != known["price"]["id"]:
        state.price = change_rules.recurring_price(world, entry["price"], path)
        change_rules.same_currency(world, state.price, subscription["currency"], path)
        state.quantity = 1
    state.quantity = entry.get("quantity", state.quantity)
    return state


def _new(world: World, subscription: Obj, entry: dict[str, Any], path: str) -> ItemState:
    price = change_rules.recurring_price(world, entry["price"], path)
    change_rules.same_currency(world, price, subscription["currency"], path)
    metadata = merge_metadata({}, entry.get("metadata"))
    return ItemState(world.id("si", 14), price, entry.get("quantity", 1), (0, 0), metadata, None)


def _moment(subscription: Obj, wanted: WantedChange, now: int) -> int:
    if wanted.proration_date is None:
        return now
    starts = [item["current_period_start"] for item in subscription["items"]["data"]]
    ends = [item["current_period_end"] for item in subscription["items"]["data"]]
    if not max(starts) <= wanted.proration_date < min(ends):
        raise invalid_request(
            "The proration date must be within the current period of the subscription.", param="proration_date"
        )
    return wanted.proration_date


def _end_trial(subscription: Obj, change: Change, now: int) -> None:
    """The first period begins now and is billed at once."""
    if not _trialing(subscription):
        raise invalid_request(
            "The parameter `trial_end` expects a unix timestamp representing a date and time in the future.",
            param="trial_end",
        )
    change.trial, change.anchor = None, now
    change.whole_periods = change.bill_now = True
    for state in change.items:
        state.period = periods.around(state.price, now, now)


def _begin_trial(world: World, subscription: Obj, change: Change, wanted: WantedChange, now: int) -> None:
    """Give a trial, or move the end of one: what was billed for the time given away is credited."""
    end = int(wanted.trial_end or 0)
    if end <= now:
        raise invalid_request(
            "The parameter `trial_end` expects a unix timestamp representing a date and time in the future. You "
            f"specified the value `{end}` which is in the past.",
            param="trial_end",
        )
    if end > now + 2 * 366 * periods.DAY:
        raise invalid_request("Invalid timestamp: can be no more than two years in the future", param="trial_end")
    if not _trialing(subscription):
        change.whole_periods = change.bill_now = True
        _credit_all(world, change, wanted, [*(state.id for state in change.items), *(e["id"] for e in change.removed)])
    begin = subscription["trial_start"] if _trialing(subscription) else now
    change.trial, change.anchor = (begin, end), end
    for state in change.items:
        start = state.period[0] if state.known and _trialing(subscription) else now
        state.period = (start, end)


def _reset_anchor(world: World, subscription: Obj, change: Change, wanted: WantedChange, now: int) -> None:
    """Begin a whole new period now: the unused rest of the old one is credited on the same invoice."""
    if _trialing(subscription):
        raise invalid_request(
            "You cannot reset `billing_cycle_anchor` while a subscription is `trialing`. End the trial with "
            "`trial_end=now` instead.",
            param="billing_cycle_anchor",
        )
    _credit_all(world, change, wanted, [*(state.id for state in change.items), *(e["id"] for e in change.removed)])
    change.anchor = now
    change.whole_periods = change.bill_now = True
    for state in change.items:
        state.period = periods.around(state.price, now, now)


def _credit_all(world: World, change: Change, wanted: WantedChange, items: list[str]) -> None:
    if wanted.proration_behavior != "none":
        for item in items:
            change.prorations += credits_of(world, item, change.moment)


def _prorate(world: World, subscription: Obj, change: Change, wanted: WantedChange, now: int) -> None:
    """Credit and charge each changed item for the rest of its period; a trial gives both away."""
    silent = wanted.proration_behavior == "none" or subscription["status"] not in ("active", "past_due", "unpaid")
    for state in change.items:
        if not state.changed:
            continue
        whole = change.trial or periods.around(state.price, change.anchor, change.moment)
        if state.known is None or not periods.same_length(state.known["price"], state.price):
            state.period = (now, whole[1])
        if not silent:
            change.prorations += credits_of(world, state.id, change.moment)
            change.prorations.append(charge(world, subscription, state, change.moment, whole))
    if not silent:
        for item in change.removed:
            change.prorations += credits_of(world, item["id"], change.moment)
    change.bill_now = wanted.proration_behavior == "always_invoice" and bool(change.prorations)


def credits_of(world: World, item: str, moment: int) -> list[Proration]:
    """What is taken back of an item's debits from a moment on."""
    return [
        Proration(item, each.debit.price, each.debit.quantity, each.amount, (each.start, each.end), credited=each.debit)
        for each in credits_from(debits.of(world, item), moment)
    ]


def charge(world: World, subscription: Obj, state: ItemState, moment: int, whole: tuple[int, int]) -> Proration:
    """What an item costs for the rest of a period. The subscription's discounts are in the amount already.

    https://docs.stripe.com/billing/subscriptions/prorations#prorations-and-discounts
    """
    unit = price_currencies.unit_decimal(world, state.price, subscription["currency"])
    cost = Decimal(unit) * state.quantity
    for discount in [each for each in subscription["discounts"] if discounts.runs(world, each)]:
        coupon = coupons.still_counts(world, world.need("discount", discount)["source"]["coupon"])
        product, full = state.price["product"], int(cost)
        cost -= discounts.shares(world, coupon, [product], [full], subscription["currency"])[0]
    amount = share(cost, whole[1] - moment, whole[1] - whole[0])
    return Proration(state.id, state.price["id"], state.quantity, amount, (moment, whole[1]), credited=None)
