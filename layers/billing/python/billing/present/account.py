"""The account, as the API answers it."""

from __future__ import annotations

from datetime import datetime

from billing.api_models.account import AccountAnswer, EntitlementAnswer, LevelAnswer, SubscriptionAnswer
from billing.domain.account import Account
from billing.domain.entitlement import AccessPolicy
from billing.domain.subscription import Span, SubscriptionState
from billing.present.credits import credits_answer


def entitlement_answer(access: Span) -> EntitlementAnswer:
    """A level and its end."""
    return EntitlementAnswer(level=access.level, expires_at=access.until)


def subscription_answer(state: SubscriptionState) -> SubscriptionAnswer:
    """A subscription that has not ended."""
    return SubscriptionAnswer(
        subscription_id=state.id,
        status=state.status,
        price_id=state.price_id,
        quantity=state.quantity,
        plan=state.plan,
        level=state.level,
        current_period_end=state.period_end,
        trial_end=state.trial_end if state.status == "trialing" else None,
        cancel_at_period_end=state.cancel_at_period_end,
        # the portal cancels by a time of its own, not by the flag, where billing is flexible
        cancel_at=state.cancel_at or (state.period_end if state.cancel_at_period_end else None),
    )


def account_answer(account: Account, policy: AccessPolicy, now: datetime) -> AccountAnswer:
    """The whole account."""
    return AccountAnswer(
        user_id=account.user,
        email=account.email,
        credits=credits_answer(account, now),
        entitlements=entitlement_answer(account.access_at(policy, now)),
        subscriptions=[subscription_answer(state) for state in account.subscriptions],
        levels=[
            LevelAnswer(
                level=grant.level,
                purchase=grant.purchase,
                paid_at=grant.paid_at,
                days=grant.days,
                ended_at=grant.ended_at,
            )
            for grant in account.levels
        ],
        version=account.version,
    )
