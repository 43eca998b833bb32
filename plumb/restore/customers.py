"""Customers that were made after the restore point: no table knows their owner, but we named him at Stripe.

Metadata is a hint and no proof (failure-modes F35): whoever may write to the Stripe account may write it. So this is an
operator's deed, for customers of that time alone, whom nobody owns, and it says each that it has taken in.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from billing.domain.account import Account
from billing.domain.ids import CUSTOMER_ID, USER_ID, CustomerId, UserId, fits
from billing.errors import Contention

if TYPE_CHECKING:
    from plumb.world import World

_ATTEMPTS = 3


def take_in(world: World, since: datetime, *, dry: bool) -> Iterator[tuple[UserId, CustomerId]]:
    """Give each such customer back to its user, whose account is opened if there is none. Raises Contention."""
    listed = world.stripe.v1.customers.list({"created": {"gte": int(since.timestamp())}, "limit": 100})
    for found in listed.auto_paging_iter():
        customer = found.to_dict()
        name = fits(customer["id"], CUSTOMER_ID)
        user = fits((customer.get("metadata") or {}).get("user_id"), USER_ID)
        if name is None or user is None or world.accounts.owners([CustomerId(name)]):
            continue
        if not dry:
            _own(world, UserId(user), CustomerId(name))
        yield UserId(user), CustomerId(name)


def _own(world: World, user: UserId, customer: CustomerId) -> None:
    for _ in range(_ATTEMPTS):
        account = world.accounts.load(user, []).account
        if account.version == 0:
            account = world.accounts.open_account(Account(user))
        if world.accounts.own_customers(account, [customer]) is not None:
            return
    raise Contention("somebody writes this account: pause the functions first", user_id=user)
