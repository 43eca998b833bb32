"""From the domain to the bodies of the HTTP API."""

from __future__ import annotations

from datetime import datetime

from billing.api_models import (
    AccountAnswer,
    CatalogAnswer,
    CreditsAnswer,
    CreditsDetail,
    EntitlementAnswer,
    GivesAnswer,
    LotAnswer,
    PriceAnswer,
    PurchaseAnswer,
    PurchaseLine,
    SubscriptionAnswer,
    SuccessAnswer,
    TransactionAnswer,
    TransactionsAnswer,
)
from billing.domain.account import Account, credits_at
from billing.domain.catalog import Price
from billing.domain.entitlement import AccessPolicy
from billing.domain.ledger import Entry
from billing.domain.purchase import Purchase, PurchaseState
from billing.domain.subscription import Span
from billing.ports import Page

_STATUS = {
    PurchaseState.OPEN: "open",
    PurchaseState.PROCESSING: "processing",
    PurchaseState.PAID: "paid",
    PurchaseState.EXPIRED: "expired",
    PurchaseState.FAILED: "failed",
    PurchaseState.REFUSED: "review",
}


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


def entitlement_answer(access: Span) -> EntitlementAnswer:
    """A level and its end."""
    return EntitlementAnswer(level=access.level, expires_at=access.until)


def account_answer(account: Account, policy: AccessPolicy, now: datetime) -> AccountAnswer:
    """The whole account."""
    return AccountAnswer(
        user_id=account.user,
        email=account.email,
        credits=credits_answer(account, now),
        entitlements=entitlement_answer(account.access_at(policy, now)),
        subscriptions=[
            SubscriptionAnswer(
                subscription_id=state.id,
                status=state.status,
                price_id=state.price_id,
                plan=state.plan,
                level=state.level,
                current_period_end=state.period_end,
                cancel_at_period_end=state.cancel_at_period_end,
            )
            for state in account.subscriptions
        ],
        version=account.version,
    )


def success_answer(purchase: Purchase, account: Account, policy: AccessPolicy, now: datetime) -> SuccessAnswer:
    """What a checkout came to."""
    return SuccessAnswer.model_validate(
        {
            "status": _STATUS[purchase.state],
            "purchase": PurchaseAnswer(
                session_id=purchase.key,
                order_id=purchase.order,
                mode=purchase.mode,
                amount_total=purchase.amount_total,
                currency=purchase.currency,
                paid_at=purchase.paid_at,
                lines=[
                    PurchaseLine(
                        price_id=line.price_id,
                        name=line.name,
                        quantity=line.quantity,
                        unit_amount=line.unit_amount,
                        credits=line.gives.credits * line.quantity,
                        level=line.gives.level,
                    )
                    for line in purchase.lines
                ],
                credits_granted=purchase.credits_granted,
            ),
            "credits": credits_answer(account, now),
            "entitlements": entitlement_answer(account.access_at(policy, now)),
        }
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


def catalog_answer(prices: list[Price]) -> CatalogAnswer:
    """The prices that can be bought: active, with an amount, and metadata that gives something."""
    return CatalogAnswer(
        prices=[
            PriceAnswer(
                price_id=price.id,
                lookup_key=price.lookup_key,
                product_id=price.product_id,
                product_name=price.product_name,
                description=price.description,
                unit_amount=price.unit_amount,
                currency=price.currency,
                type="recurring" if price.recurring else "one_time",
                interval=price.interval,
                gives=GivesAnswer(
                    credits=price.gives.credits or None,
                    credits_expire_days=price.gives.credits_expire_days,
                    level=price.gives.level,
                    level_days=price.gives.level_days,
                    plan=price.gives.plan,
                ),
            )
            for price in prices
            if price.active and price.problem is None and price.unit_amount is not None and not price.gives.nothing
        ]
    )
