"""The account, made to know a subscription that its user names."""

from __future__ import annotations

from billing.domain.account import Account
from billing.domain.ids import SubscriptionId
from billing.ports.cache import Cache
from billing.ports.stripe import Touched
from billing.services.converge import ConvergeDeps, converge
from billing.services.publish import publish_changed


def account_with(
    account: Account, wanted: SubscriptionId | None, actor: str, deps: ConvergeDeps, cache: Cache
) -> Account:
    """The account; after a converge when it does not know the subscription that is wanted, or none at all.

    Somebody who has subscribed a moment ago may be faster than the webhook. Whose a subscription is comes from the
    account alone, so an id that is nobody's, or somebody else's, stays unknown. Raises what converging raises.
    """
    known = {state.id for state in account.subscriptions}
    if (wanted in known if wanted is not None else known) or not account.customers:
        return account
    found = converge(account.user, Touched(), [], actor, deps).account
    publish_changed(account, found, deps, cache)
    return found
