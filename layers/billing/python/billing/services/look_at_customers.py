"""Two looks at a user's customers that no event asks for: a first one, and one at those that Stripe says are gone.

What happened to a customer before anybody owned it was parked (money rule 9). So each look settles what was parked as
well: no later event of the customer need come to do it.
"""

from __future__ import annotations

from datetime import timedelta

from billing.domain.account import Account
from billing.domain.ids import UserId
from billing.ports.cache import Cache
from billing.ports.stripe import Touched
from billing.services.converge import ConvergeDeps, converge
from billing.services.publish import publish_changed
from billing.services.unpark import unpark

_BUYER_WAITS = timedelta(seconds=5)


def first_look(user: UserId, account: Account, actor: str, deps: ConvergeDeps, cache: Cache) -> Account:
    """The account after a converge with a part of what was parked; the next events of the customers bring the rest."""
    looked = next(unpark(user, account.customers, actor, deps, deps.clock.now() + _BUYER_WAITS), None)
    found = (looked or converge(user, Touched(), [], actor, deps)).account
    publish_changed(account, found, deps, cache)
    return found


def forget_gone(user: UserId, account: Account, actor: str, deps: ConvergeDeps, cache: Cache) -> None:
    """Let the account learn which of its customers are gone from Stripe; no event of those will come any more."""
    found = converge(user, Touched(customers=frozenset(account.customers)), [], actor, deps).account
    for each in unpark(user, account.customers, actor, deps, deps.clock.now() + _BUYER_WAITS):
        found = each.account
    publish_changed(account, found, deps, cache)
