"""Plan changes, as the API answers them."""

from __future__ import annotations

from datetime import datetime

from billing.api_models.subscriptions import BilledLineAnswer, ChangeAnswer, PreviewAnswer
from billing.domain.account import Account
from billing.domain.entitlement import AccessPolicy
from billing.domain.ids import SubscriptionId
from billing.domain.plan_change import Bill, PlanChange
from billing.present.account import entitlement_answer, subscription_answer


def preview_answer(
    change: PlanChange, now: Bill | None, recurring: Bill, prorated_at: datetime, expires_at: datetime
) -> PreviewAnswer:
    """What a change would cost; `now` None is free at once."""
    return PreviewAnswer(
        subscription_id=change.subscription,
        price_id=change.price.id,
        quantity=change.quantity,
        currency=recurring.currency,
        amount_due_now=now.due if now else 0,
        lines=[
            BilledLineAnswer(
                description=line.description,
                amount=line.amount - line.discount,
                proration=line.proration,
                period_start=line.period_start,
                period_end=line.period_end,
            )
            for line in (now.lines if now else ())
        ],
        next_period_amount=recurring.total,
        proration_date=prorated_at,
        expires_at=expires_at,
    )


def change_answer(
    status: str,
    account: Account,
    subscription: SubscriptionId,
    *,
    invoice_page: str | None,
    waits_until: datetime | None,
    policy: AccessPolicy,
    now: datetime,
) -> ChangeAnswer:
    """What became of a change. The subscription is null when it has ended in the meantime."""
    state = next((state for state in account.subscriptions if state.id == subscription), None)
    return ChangeAnswer.model_validate(
        {
            "status": status,
            "subscription": subscription_answer(state) if state else None,
            "entitlements": entitlement_answer(account.access_at(policy, now)),
            "hosted_invoice_url": invoice_page,
            "expires_at": waits_until,
        }
    )
