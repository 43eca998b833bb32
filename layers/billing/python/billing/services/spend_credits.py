"""Spending credits, and undoing a spend: once for each idempotency key, and a spend is undone only once at all."""

from __future__ import annotations

from billing.domain.ids import TRANSACTION_ID, UserId
from billing.domain.ledger import Kind
from billing.domain.receipt import fingerprint_of
from billing.domain.spending import spend, undo_spend
from billing.errors import TransactionNotFound
from billing.services.perform_once import Asked, CreditDeps, Performed, perform_once


def spend_credits(
    user: UserId, amount: int, reason: str, reference: str | None, key: str, actor: str, deps: CreditDeps
) -> Performed:
    """Take credits from the user. Raises InsufficientCredits, and what `perform_once` raises."""
    asked = {"amount": amount, "reason": reason, "reference": reference}
    return perform_once(
        Asked(user, key, fingerprint_of("spend", asked), actor),
        lambda holdings, now, cause: spend(holdings, amount, reason, reference, now, cause),
        deps,
    )


def reverse_spend(user: UserId, transaction: str, reason: str, key: str, actor: str, deps: CreditDeps) -> Performed:
    """Give back what a spend took, whole. Raises TransactionNotFound, AlreadyReversed, and what `perform_once` raises.

    The entry never changes, so it is read once, before the account; that it is undone once is a condition of the write.
    """
    found = deps.credits.entry(user, transaction) if TRANSACTION_ID.fullmatch(transaction) else None
    if found is None or found.kind is not Kind.SPEND:
        raise TransactionNotFound("no such spend of this user", user_id=user)
    spent = found
    return perform_once(
        Asked(user, key, fingerprint_of("reverse", {"transaction": transaction, "reason": reason}), actor),
        lambda holdings, now, cause: undo_spend(holdings, spent, reason, now, cause),
        deps,
        undoes=spent,
    )
