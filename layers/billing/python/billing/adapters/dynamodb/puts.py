"""The puts of an account and of its lots, for every transaction that writes them."""

from __future__ import annotations

from typing import Any

from billing.adapters.dynamodb import calls
from billing.adapters.dynamodb.items import account_key, lot_key, to_item
from billing.domain.account import Account
from billing.domain.credits import Lot
from billing.domain.ids import UserId

_UNTOUCHED = "#version = :version AND #stripe_version = :stripe_version"


def account_put(table: str, before: Account, after: Account) -> dict[str, Any]:
    """The put of an account: refused when anybody has written it since it was read."""
    item = to_item(after, pk=account_key(after.user))
    if before.version == 0:
        return calls.put(table, item, "attribute_not_exists( #pk )")
    return calls.put(table, item, _UNTOUCHED, version=before.version, stripe_version=before.stripe_version)


def lot_put(table: str, user: UserId, lot: Lot) -> dict[str, Any]:
    """The put of a lot that leaves its account.

    Its guard is that of the account in the same transaction. What an earlier time has left under this key is out of
    date: a lot that came back to its account is looked for nowhere else.
    """
    return calls.put(table, to_item(lot, pk=lot_key(user, lot.key)))
