"""What a checkout came to, as the API answers it."""

from __future__ import annotations

from datetime import datetime

from billing.api_models.checkout import PurchaseAnswer, PurchaseLine, SuccessAnswer
from billing.domain.account import Account
from billing.domain.entitlement import AccessPolicy
from billing.domain.purchase import Purchase, PurchaseState
from billing.present.account import entitlement_answer
from billing.present.credits import credits_answer

_STATUS = {
    PurchaseState.OPEN: "open",
    PurchaseState.PROCESSING: "processing",
    PurchaseState.PAID: "paid",
    PurchaseState.EXPIRED: "expired",
    PurchaseState.FAILED: "failed",
    PurchaseState.REFUSED: "review",
}


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
