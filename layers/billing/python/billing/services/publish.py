"""What the cache learns of an account after it was written."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from billing.domain.account import Account, credits_at
from billing.domain.entitlement import AccessPolicy
from billing.domain.ids import iso_seconds
from billing.domain.snapshot import Card
from billing.domain.subscription import governing
from billing.ports.cache import Cache, PublishedAccount
from billing.ports.world import Clock


class Publishes(Protocol):
    """What publishing needs of a converge's world."""

    @property
    def policy(self) -> AccessPolicy: ...
    @property
    def clock(self) -> Clock: ...


def published(account: Account, policy: AccessPolicy, now: datetime) -> PublishedAccount:
    """The account as the cache keeps it."""
    access = account.access_at(policy, now)
    return PublishedAccount(
        user=account.user,
        version=account.version,
        at=now,
        customer=account.customer,
        level=access.level,
        until=access.until,
        balance=credits_at(account, now).balance,
        lowest=access.level == policy.levels[0],
        subscription={**_subscription(account, policy, now), **_payments(account, policy, now)},
    )


def publish_changed(before: Account, after: Account, deps: Publishes, cache: Cache) -> None:
    """Tell the cache of a converge that no event asked for: what it keeps may say otherwise for an hour."""
    if after.version != before.version:
        cache.publish([published(after, deps.policy, deps.clock.now())], [])


def _subscription(account: Account, policy: AccessPolicy, now: datetime) -> dict[str, object]:
    state = governing(account.subscriptions, policy.levels, policy.grace, now)
    if state is None:
        return {"status": "none"}
    return {
        "status": state.status,
        "subscriptionId": state.id,
        "plan": state.plan,
        "priceId": state.price_id,
        "currentPeriodEnd": iso_seconds(state.period_end),
        "cancelAtPeriodEnd": state.cancel_at_period_end,
        "cancelAt": iso_seconds(state.cancel_at) if state.cancel_at else None,
        "collectionPaused": state.collection_paused,
    }


def _payments(account: Account, policy: AccessPolicy, now: datetime) -> dict[str, object]:
    """The card and the last payments. The card is the subscription's own, else that of the last payment by card."""
    state = governing(account.subscriptions, policy.levels, policy.grace, now)
    cards = [state.card if state else None, *(note.card for note in account.payments)]
    card = next((card for card in cards if card is not None), None)
    return {
        "card": _card(card),
        "payments": [
            {
                "source": note.source,
                "amount": note.amount,
                "currency": note.currency,
                "paidAt": iso_seconds(note.paid_at),
                "refunded": note.refunded,
                "card": _card(note.card),
            }
            for note in account.payments
        ],
    }


def _card(card: Card | None) -> dict[str, str] | None:
    return None if card is None else {"brand": card.brand, "last4": card.last4}
