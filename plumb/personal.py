"""Personal data of one user: where it is kept, and taking it away. The ledger stays: it names the user's id only.

Here: the e-mail address of the account and of orders, and the cards (brand, last four) beside payments. Each item is
changed under a condition on its owner; the account under both of its counters, with a line in the ledger that says who
did it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from billing.adapters.dynamodb.personal_store import DynamoPersonal
from billing.domain.ids import UserId
from billing.domain.ledger import Cause, Change, Kind, booked
from billing.domain.records import Commit, CommitOutcome
from billing.errors import Contention
from plumb.cached import OF_CUSTOMER, OF_USER
from plumb.scan import items

if TYPE_CHECKING:
    import stripe

    from plumb.world import World

_ATTEMPTS = 5
REASON = "personal data removed"
UNSET = ("address", "shipping", "business_name", "individual_name")
"""Fields of a customer that an empty value unsets (https://docs.stripe.com/api/customers/update)."""
REPLACED = {"name": "removed", "description": "removed", "phone": "removed", "email": "removed@example.com"}
"""Fields that can't be unset. The domain is reserved, so nothing is ever delivered there (RFC 2606)."""
_EMAIL_KEY = "email"
"""The metadata key under which a checkout writes the address."""


def forget_account(world: World, user: UserId, actor: str) -> bool:
    """Take the e-mail address and the cards from the account; whether there was anything. Raises Contention."""
    for _ in range(_ATTEMPTS):
        before = world.accounts.load(user, []).account
        payments = tuple(replace(note, card=None) for note in before.payments)
        subscriptions = tuple(replace(state, card=None) for state in before.subscriptions)
        if before.email is None and payments == before.payments and subscriptions == before.subscriptions:
            return False
        version = before.version + 1
        change = Change(Kind.ADJUSTMENT, 0, None, REASON)
        entries = booked(user, version, before.balance, [change], world.clock.now(), Cause(actor))
        after = replace(before, email=None, payments=payments, subscriptions=subscriptions, version=version)
        if world.accounts.commit(Commit(before, after, changed=True, entries=entries)).outcome is CommitOutcome.DONE:
            return True
    raise Contention("every attempt to change the account met another writer", user_id=user)


def forget_items(world: World, user: UserId, seen: Callable[[], None]) -> int:
    """Take the address from the user's orders, and the cards from the purchases; how many items had one."""
    table, changed = world.settings.tables.accounts, 0
    store = DynamoPersonal(world.dynamodb, world.settings.tables)
    for prefix, path in (("ORDER#", ("email",)), ("PURCHASE#", ("payment", "card"))):
        for item in items(world.dynamodb, table, prefix, ("pk", "user", path[0])):
            seen()
            if item["user"]["S"] != user or not _has(item, path):
                continue
            store.forget(item["pk"]["S"], user, path)
            changed += 1
    return changed


def forget_cache(world: World, user: UserId, customers: tuple[str, ...]) -> None:
    """Delete what is cached of the user; it comes back from the account, without what was taken."""
    prefix = world.settings.redis.prefix
    names = [f"{kind}:{user}" for kind in OF_USER]
    names += [f"{OF_CUSTOMER}:{customer}" for customer in customers]
    world.redis.delete(*(f"{prefix}{name}" for name in names))


def forget_customer(client: stripe.StripeClient, customer: str) -> Iterator[str]:
    """Empty a customer at Stripe, and take the address from the metadata of its subscriptions, payments and sessions;
    the ids of what was changed. Open sessions end first: a payment would bring an address back.
    """
    api, cleared = client.v1, {"metadata": {_EMAIL_KEY: ""}}
    for session in api.checkout.sessions.list(
        {"customer": customer, "status": "open", "limit": 100}
    ).auto_paging_iter():
        api.checkout.sessions.expire(session.id)
    kept = api.customers.retrieve(customer).to_dict()
    emptied: Any = {name: "" for name in UNSET if kept.get(name)}
    emptied |= {name: value for name, value in REPLACED.items() if kept.get(name) not in (None, "", value)}
    api.customers.update(customer, emptied | cleared)
    yield customer
    sources: tuple[tuple[Any, dict[str, Any]], ...] = (
        (api.subscriptions, {"status": "all"}),
        (api.payment_intents, {}),
        (api.checkout.sessions, {}),
    )
    for resource, more in sources:
        for found in resource.list({"customer": customer, "limit": 100, **more}).auto_paging_iter():
            if _EMAIL_KEY in (found.to_dict().get("metadata") or {}):
                resource.update(found.id, cleared)
                yield found.id


def _has(item: dict[str, Any], path: tuple[str, ...]) -> bool:
    value: Any = {"M": item}
    for name in path:
        value = value.get("M", {}).get(name)
        if value is None or "NULL" in value:
            return False
    return True
