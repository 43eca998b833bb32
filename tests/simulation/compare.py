"""The end state as it is stored, held against the oracle's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from billing.domain.ids import UserId
from billing.services.read_account import read_entitlement
from tests.simulation.oracle.expected import Expected, Local, Lot, expected
from tests.simulation.oracle.payments import Known
from tests.simulation.world.catalog import LEVELS
from tests.simulation.world.journal import Journal
from tests.simulation.world.simulation import SLOWEST, USERS, Simulation
from tests.simulation.world.system import GRACE
from tests.simulation.world.watch import Violation, plain_item

_LOOKED_BACK = 35 * 86400
"""Seconds before the last look at it that a list of invoices is read from."""
_USES = {"SPEND": 1, "SPEND_REVERSAL": -1}


def held_to_oracle(sim: Simulation, when: str) -> None:
    """Raise Violation where an account is not what Stripe and the accepted requests make it."""
    wanted = must_be(sim)
    for user, want in wanted.items():
        have = stored(sim, user)
        if have != want:
            raise Violation(f"{when}, {user} is not what must be: {_difference(have, want)}")
        shown(sim, user, want.access[0])


def must_be(sim: Simulation) -> dict[str, Expected]:
    """What each user must have when all that has happened was seen."""
    sim.engine.tick()
    world = sim.engine.world

    def lines_of(session: str) -> list[Mapping[str, Any]]:
        lines: list[Mapping[str, Any]] = world.hidden[session].lines
        return lines

    return expected(
        USERS,
        lambda kind: world.all(kind) if kind != "price" else sim.journal.sold.as_meant(world.all(kind)),
        lines_of,
        {user: local_of(sim.journal, user) for user in USERS},
        _known(sim),
        LEVELS,
        int(GRACE.total_seconds()),
        int(sim.scheduler.now),
    )


def _known(sim: Simulation) -> Known:
    journal = sim.journal
    granted = {key: amount for lots in sim.watch.lots.values() for key, amount in lots.items()}
    earlier = tuple((each.price, each.metadata, each.at) for each in journal.sold.earlier)
    known = Known(frozenset(journal.forged), journal.owners, journal.sold.orders, earlier, granted, unheard(sim))
    known = replace(known, late=dict(_debited(sim)), trial_credits=sim.trial_credits, mute=mute(sim))
    return replace(known, gone=journal.sold.gone_ids)


def _debited(sim: Simulation) -> Iterator[tuple[str, int]]:
    """The sessions that a bank debit has paid, or a promotion code, and when the account saw it (decision 0061): once
    the money has come, or the page was left.
    """
    world = sim.engine.world
    for session in world.all("checkout.session"):
        intent = world.find(session["payment_intent"]) if session["payment_intent"] else None
        charge = world.find(intent["latest_charge"]) if intent and intent["latest_charge"] else None
        stored = sim.raw("accounts", f"PURCHASE#{session['id']}")
        if stored is None or (charge is not None and charge["payment_method_details"]["type"] == "card"):
            continue
        seen = _unix(plain_item(stored).get("paid_at"))
        if seen is None or session["mode"] == "subscription" or (charge and charge["balance_transaction"] is None):
            continue
        moved = charge["balance_transaction"] if charge is not None else None
        came = world.need("balance_transaction", moved)["created"] if moved else _completed(sim, session)
        if not came - SLOWEST <= seen <= sim.scheduler.now:
            raise Violation(f"{session['id']} is dated {seen}, and its money came at {came}")
        yield session["id"], seen


def _completed(sim: Simulation, session: Mapping[str, Any]) -> int:
    """When a page was left that nothing was to be paid on; if no event tells, it was made then at the earliest."""
    told = (each for each in sim.engine.world.all("event") if each["type"] == "checkout.session.completed")
    found = (each["created"] for each in told if each["data"]["object"]["id"] == session["id"])
    return int(next(found, session["created"]))


def unheard(sim: Simulation) -> frozenset[str]:
    """The invoices that a customer who was taken over had paid long before, and of which no event ever came: to take
    over grants no past, and the look at invoices passes by those of nobody (decision 0016). A resync grants them.
    """
    taken = sim.journal.taken
    if not taken:
        return frozenset()
    world = sim.engine.world
    heard = {_object(sim, event).get("id") for event in sim.watch.outcomes if world.find(event) is not None}
    heard |= {purchase.split("#")[0] for lots in sim.watch.lots.values() for purchase, _ in lots}
    old = (each for each in world.all("invoice") if each["created"] + _LOOKED_BACK < taken.get(each["customer"], 0))
    return frozenset(each["id"] for each in old if each["id"] not in heard)


def mute(sim: Simulation) -> frozenset[str]:
    """The lines of invoices that were paid before their price, which was mistyped, was mended, and are older than what
    the look at invoices reads: only a resync grants them (decision 0063).
    """
    mended = sim.journal.sold.mended
    old = (each for each in sim.engine.world.all("invoice") if each["created"] + _LOOKED_BACK < sim.scheduler.now)
    return frozenset(
        f"{invoice['id']}#{line['id']}"
        for invoice in (old if mended else ())
        for line in invoice["lines"]["data"]
        for price, at in mended
        if line["pricing"]["price_details"]["price"] == price and invoice["created"] < at
    )


def local_of(journal: Journal, user: str) -> Local:
    """What requests did, by the entries written for them; `requests` holds those to what callers were told."""
    given: dict[tuple[str, int], int] = {}
    used: dict[tuple[str, int], int] = defaultdict(int)
    for entry in journal.entries.get(user, []):
        if entry["kind"] == "ADJUSTMENT" and entry["amount"] > 0:
            (share,) = entry["lots"]
            given[share["purchase"], share["line"]] = entry["amount"]
            continue
        sign = 1 if entry["kind"] == "ADJUSTMENT" else _USES.get(entry["kind"], 0)
        if sign:
            for share in entry["lots"]:
                used[share["purchase"], share["line"]] += sign * share["amount"]
    return Local(given, dict(used))


def stored(sim: Simulation, user: str) -> Expected:
    """What a user has, by the tables."""
    item = sim.raw("accounts", f"ACCOUNT#{user}")
    account = plain_item(item) if item is not None else dict.fromkeys(("lots", "levels", "subscriptions"), ())
    lots = {_key(lot): lot for lot in account["lots"]}
    for key in sim.watch.lots[user].keys() - lots.keys():
        moved = sim.raw("accounts", f"LOT#{user}#{key[0]}#{key[1]}")
        if moved is None:
            raise Violation(f"a lot of {user} is nowhere: {key}")
        lots[key] = plain_item(moved)
    access = account.get("access")
    return Expected(
        lots={key: _lot(lot) for key, lot in lots.items()},
        access=(access["level"], _unix(access["until"])) if access else (LEVELS[0], None),
        levels={_key(each): _level(each) for each in account["levels"]},
        subscriptions={
            each["id"]: (each["status"], each["cancel_at_period_end"], _unix(each["cancel_at"]))
            for each in account["subscriptions"]
        },
    )


def _lot(lot: dict[str, Any]) -> Lot:
    return Lot(lot["granted"], lot["reversed"], lot["used"], lot["expired"], _unix(lot.get("expires_at")))


def _level(each: dict[str, Any]) -> tuple[str, int, int | None, int | None]:
    return each["level"], _unix(each["paid_at"]) or 0, each["days"], _unix(each["ended_at"])


def _key(lot: dict[str, Any]) -> tuple[str, int]:
    return lot["purchase"], lot["line"]


def _unix(text: str | None) -> int | None:
    return None if text is None else int(datetime.fromisoformat(text).timestamp())


def _difference(have: Expected, want: Expected) -> str:
    said = [
        f"lot {key} is {have.lots.get(key)} and must be {want.lots.get(key)}"
        for key in sorted(have.lots.keys() | want.lots.keys())
        if have.lots.get(key) != want.lots.get(key)
    ]
    if have.access != want.access:
        said.append(f"access is {have.access} and must be {want.access}")
    if have.levels != want.levels:
        said.append(f"levels are {have.levels} and must be {want.levels}")
    if have.subscriptions != want.subscriptions:
        said.append(f"subscriptions are {have.subscriptions} and must be {want.subscriptions}")
    return "; ".join(said)


def requests(sim: Simulation) -> None:
    """Money rule 20: what was told done was done once, and what was refused was not."""
    told: dict[str, list[str]] = defaultdict(list)
    done: dict[tuple[str, str], int] = defaultdict(int)
    for request in sim.journal.requests.values():
        done[request.user, request.key] += request.answer == "done"
    for (user, key), times in done.items():
        there = sim.raw("accounts", f"IDEM#{user}#{key}") is not None
        if times != there:
            raise Violation(f"{key} of {user} was done {times} times by what was answered, and is stored: {there}")
    for request in sim.journal.requests.values():
        if request.answer == "IdempotencyConflict" and not done[request.user, request.key]:
            raise Violation(f"{request.key}, {request.act}, met another request of its key, and there was none")
        if request.entry is not None:
            told[request.user].append(request.entry)
    for user in USERS:
        local = ("SPEND", "SPEND_REVERSAL", "ADJUSTMENT")
        written = [entry["entry"] for entry in sim.journal.entries.get(user, []) if entry["kind"] in local]
        if sorted(written) != sorted(told[user]):
            raise Violation(f"{user}'s requests were told of {sorted(told[user])}, the ledger has {sorted(written)}")


def reservations(sim: Simulation) -> None:
    """Money rule 20: a reservation is captured or released once, however many ask for it under keys of their own."""
    ended: dict[str, set[str]] = defaultdict(set)
    for request in sim.journal.requests.values():
        if request.act in ("capture", "release") and request.answer == "done":
            ended[request.given["reservation"]].add(request.key)
    for reservation, keys in ended.items():
        if len(keys) > 1:
            raise Violation(f"reservation {reservation} was ended by {sorted(keys)}")


def changes(sim: Simulation) -> None:
    """A change of a plan is billed once, however often Stripe has failed inside of it (F26): under one key, or one of
    those that follow from it, there is one invoice that stands; or another one for what somebody else has changed
    between two tries, which takes that back.
    """
    billed: dict[tuple[str, str], str] = {}
    for event in reversed(sim.engine.world.all("event")):  # the oldest first
        key, told = event["request"]["idempotency_key"] or "", event["data"]["object"]
        if event["type"] == "customer.subscription.updated" and not key.startswith("change:") and _switched(event):
            billed = {change: invoice for change, invoice in billed.items() if change[0] != told["id"]}
        if event["type"] != "invoice.created" or not key.startswith("change:"):
            continue
        change = told["parent"]["subscription_details"]["subscription"], ":".join(key.split(":")[:3])
        if sim.engine.world.need("invoice", told["id"])["status"] == "void":
            continue
        if billed.setdefault(change, told["id"]) != told["id"]:
            raise Violation(f"one change is billed twice: {billed[change]} and {told['id']}")


def _switched(event: Mapping[str, Any]) -> bool:
    """Whether a change is one of what is sold, or of a trial; a renewal is none, nor what a payment brings about."""
    told, before = event["data"]["object"], event["data"]["previous_attributes"]
    items = [
        {(each["id"], each["price"]["id"], each["quantity"]) for each in items["data"]}
        for items in (told["items"], before.get("items", told["items"]))
    ]
    return items[0] != items[1] or "trial_end" in before


def customers(sim: Simulation) -> None:
    """Money rule 23: a customer that has an owner is one of that owner's account."""
    for customer, user in sim.watch.owners.items():
        item = sim.raw("accounts", f"ACCOUNT#{user}")
        account = plain_item(item) if item is not None else {"customers": [], "deleted_customers": []}
        if customer not in (*account["customers"], *account["deleted_customers"]):
            raise Violation(f"customer {customer} has the owner {user}, whose account knows nothing of it")


def events(sim: Simulation, *, repaired: bool = False) -> bool:
    """Every event that was answered 2xx has come to an end. What waits for a person is only what must: an event of
    another mode, and one of a customer that is nobody's here (money rules 7 and 9). A checkout that dies after it has
    written an owner leaves what was parked to the customer's next event, or to the schedules: then it is `repaired`.
    So it waits only where no event of that customer was worked on since nothing strikes any more. Whether any waits so:
    then its owner's account is behind as well.
    """
    behind = False
    for event, kind in sim.journal.accepted.items():
        outcome = sim.watch.outcomes.get(event)
        if outcome is None:
            raise Violation(f"at rest, {kind} {event} was never recorded")
        forged = sim.engine.world.find(event) is not None and _object(sim, event).get("id") in sim.journal.forged
        if not forged and (outcome == "QUARANTINED") != (event in sim.journal.strange):
            raise Violation(f"at rest, {kind} {event} is {outcome}")
        if outcome == "PARKED":
            customer = _customer(sim, event)
            waits = not repaired and (customer in sim.journal.foreign or "create_checkout" in sim.journal.cut_short)
            waits = waits and sim.watch.worked_on.get(customer or "", 0) <= sim.watch.healed_at
            owned = sim.raw("accounts", f"CUSTOMER#{customer}") is not None
            if customer is None or (owned and not waits):
                raise Violation(f"at rest, {kind} {event} is parked, though its customer has an owner")
            behind |= owned
    return behind


def _object(sim: Simulation, event: str) -> Mapping[str, Any]:
    told: Mapping[str, Any] = sim.engine.world.need("event", event)["data"]["object"]
    return told


def _customer(sim: Simulation, event: str) -> str | None:
    told = _object(sim, event)
    if told["object"] == "dispute":
        told = sim.engine.world.need("charge", told["charge"])  # a dispute names no customer, its charge does
    found: str | None = told["id"] if told["object"] == "customer" else told.get("customer")
    return found


def shown(sim: Simulation, user: str, level: str) -> None:
    """What a user is shown, from the cache or not, is what there is: at rest every old cached value has run out."""
    found: list[str] = []
    sim.begin("account", f"rest-{sim.calls}", lambda: found.append(_shown(sim, UserId(user))))
    sim.scheduler.finish()
    if found != [level]:
        raise Violation(f"{user} has {level}, and is shown {found}")


def _shown(sim: Simulation, user: UserId) -> str:
    return read_entitlement(user, sim.system.reading())[0].level
