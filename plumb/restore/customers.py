"""Customers that were given an owner after the restore point: no table knows him, but Stripe knows who made them.

Metadata is a hint and no proof (failure-modes F35): whoever may write to the Stripe account may write it, an app beside
us may have a `user_id` of its own, and a customer that was taken over may have one as well. The event of its making
names the idempotency key of the request, which nobody can change afterwards, and ours names the user. So what we made
is taken in, and what others made is left to the user's next checkout, which takes over all there is at once. Where
there is no such event, the customer and a checkout session of ours that was made for it must name the same user.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from billing.domain.account import Account
from billing.domain.ids import CUSTOMER_ID, USER_ID, CustomerId, UserId, fits
from billing.errors import Contention
from plumb.restore.sessions import made_since

if TYPE_CHECKING:
    from plumb.world import World

_ATTEMPTS = 3
_OWNED_LATER = timedelta(hours=24)
"""A customer is made before its owner is written; mostly within the day for which Stripe keeps the key at least
(https://docs.stripe.com/api/idempotent_requests).
"""


def take_in(world: World, since: datetime, *, dry: bool) -> Iterator[tuple[UserId, CustomerId]]:
    """Give each such customer to its user, of those that events tell of the oldest first, for the last one is that of
    new checkouts; an account is opened if there is none. Raises Contention, and what Stripe's SDK and the store raise.
    """
    made = _made_by_us(world)
    found = made | _named_since(world, since, made)
    users = {customer: user for customer, user in found.items() if user is not None}
    owned = world.accounts.owners(list(users))
    for customer, user in reversed(users.items()):
        if customer in owned:
            continue
        if not dry:
            _own(world, user, customer)
        yield user, customer


def _made_by_us(world: World) -> dict[CustomerId, UserId | None]:
    """For whom we have made each of the last 30 days, the newest first; None where it was not us. Stripe lists no older
    events (https://docs.stripe.com/api/events/list). All of them, for a checkout that died leaves a customer that gets
    its owner from the next one, however much later.
    """
    asked: Any = {"type": "customer.created", "limit": 100}
    made = dict[CustomerId, UserId | None]()
    for found in world.stripe.v1.events.list(asked).auto_paging_iter():
        event = found.to_dict()
        customer, key = event["data"]["object"], (event["request"] or {}).get("idempotency_key") or ""
        name, user = fits(customer["id"], CUSTOMER_ID), fits(_named(customer), USER_ID)
        if name is not None:
            made[CustomerId(name)] = UserId(user) if user and key.startswith(f"customer:{user}:") else None
    return made


def _named_since(
    world: World, since: datetime, made: Mapping[CustomerId, UserId | None]
) -> dict[CustomerId, UserId | None]:
    """Those of whose making there is no event, and that were made as late, by what both of them name."""
    begin = int((since - _OWNED_LATER).timestamp())
    sessions = (each for each in made_since(world, since) if each.customer not in made)
    return {
        each.customer: each.user
        for each in sessions
        if each.body["customer"].get("created", 0) >= begin and _named(each.body["customer"]) == each.user
    }


def _named(customer: Mapping[str, Any]) -> str | None:
    """Whom its metadata names; that of a customer that was deleted is gone."""
    name: str | None = (customer.get("metadata") or {}).get("user_id")
    return name


def _own(world: World, user: UserId, customer: CustomerId) -> None:
    for _ in range(_ATTEMPTS):
        account = world.accounts.load(user, []).account
        if account.version == 0:
            account = world.accounts.open_account(Account(user))
        if world.accounts.own_customers(account, [customer]) is not None:
            return
    raise Contention("somebody writes this account: pause the functions first", user_id=user)
