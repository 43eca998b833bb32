"""Customers that were given an owner after the restore point: no table knows him, but we named him at Stripe.

Metadata is a hint and no proof (failure-modes F35): whoever may write to the Stripe account may write it, and an app
beside us may have a `user_id` of its own. So a customer is taken in only where a checkout session that we have made
since is one of that customer, and of the same user; and it is an operator's deed, which says each. Of one without such
a session nothing was paid, and the user's next checkout finds or makes one.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from billing.domain.account import Account
from billing.domain.ids import CustomerId, UserId
from billing.errors import Contention
from plumb.restore.sessions import made_since

if TYPE_CHECKING:
    from plumb.world import World

_ATTEMPTS = 3


def take_in(world: World, since: datetime, *, dry: bool) -> Iterator[tuple[UserId, CustomerId]]:
    """Give each such customer back to its user, whose account is opened if there is none. Raises Contention."""
    seen, named = set[CustomerId](), _named_when_deleted(world, since)
    for session in made_since(world, since):
        user, customer = session.user, session.customer
        if customer in seen or user is None or named.get(customer, session.named) != user:
            continue
        if world.accounts.owners([customer]):
            continue
        seen.add(customer)
        if not dry:
            _own(world, user, customer)
        yield user, customer


def _named_when_deleted(world: World, since: datetime) -> dict[str, str | None]:
    """Of each customer that was deleted since, whom it named: only the event tells, for as long as Stripe lists it
    (30 days, https://docs.stripe.com/api/events/list).
    """
    asked: Any = {"type": "customer.deleted", "created": {"gte": int(since.timestamp())}, "limit": 100}
    deleted = (event.to_dict()["data"]["object"] for event in world.stripe.v1.events.list(asked).auto_paging_iter())
    return {customer["id"]: (customer.get("metadata") or {}).get("user_id") for customer in deleted}


def _own(world: World, user: UserId, customer: CustomerId) -> None:
    for _ in range(_ATTEMPTS):
        account = world.accounts.load(user, []).account
        if account.version == 0:
            account = world.accounts.open_account(Account(user))
        if world.accounts.own_customers(account, [customer]) is not None:
            return
    raise Contention("somebody writes this account: pause the functions first", user_id=user)
