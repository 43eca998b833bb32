"""Credits and the ledger, as the API answers them."""

from __future__ import annotations

from datetime import datetime

from billing.api_models.credits import CreditsAnswer, CreditsDetail, LotAnswer, TransactionAnswer, TransactionsAnswer
from billing.domain.account import Account, credits_at
from billing.domain.ledger import Entry
from billing.ports.store import Page


def credits_answer(account: Account, now: datetime) -> CreditsAnswer:
    """The user's credits at `now`."""
    credits = credits_at(account, now)
    return CreditsAnswer(balance=credits.balance, available=credits.available)


def credits_detail(account: Account, now: datetime) -> CreditsDetail:
    """The user's credits with the lots that anything is left of."""
    credits = credits_at(account, now)
    lots = [lot.settled_at(now) for lot in account.lots]
    return CreditsDetail(
        balance=credits.balance,
        available=credits.available,
        lots=[
            LotAnswer(purchase=lot.purchase, granted=lot.granted, left=lot.left, expires_at=lot.expires_at)
            for lot in lots
            if lot.left
        ],
    )


def transactions_answer(page: Page) -> TransactionsAnswer:
    """A page of the ledger."""
    return TransactionsAnswer(transactions=[_transaction(entry) for entry in page.entries], next_cursor=page.cursor)


def _transaction(entry: Entry) -> TransactionAnswer:
    return TransactionAnswer(
        id=entry.key,
        kind=entry.kind,
        amount=entry.amount,
        balance_after=entry.balance_after,
        created_at=entry.at,
        stripe_object=entry.stripe_object,
        event_id=entry.event,
        actor=entry.actor,
        reason=entry.reason,
    )
