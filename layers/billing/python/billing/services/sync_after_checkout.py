"""The success page: converge eagerly, before any webhook, and say what the purchase gave.

Stripe redirects the buyer as soon as the webhook is acknowledged, which here is before the durable write: this is what
makes the thank-you page right, and the webhook is its backup.
"""

from __future__ import annotations

from dataclasses import dataclass

from billing.domain.account import Account
from billing.domain.ids import SESSION_ID, PurchaseKey, SessionId, UserId
from billing.domain.purchase import Purchase, PurchaseState
from billing.errors import BillingError, SessionNotFound
from billing.ports.cache import Cache
from billing.ports.store import CheckoutStore
from billing.services.converge import ConvergeDeps, converge, touched_session
from billing.services.publish import published

ACTOR = "success_sync"
_FINAL = frozenset({PurchaseState.PAID, PurchaseState.EXPIRED, PurchaseState.FAILED})


@dataclass(frozen=True, slots=True)
class SyncDeps:
    """What the success page needs of the world."""

    converge: ConvergeDeps
    checkouts: CheckoutStore
    cache: Cache


def sync_after_checkout(user: UserId, session: str, deps: SyncDeps) -> tuple[Purchase, Account]:
    """Converge the caller's session unless it is settled, and answer its purchase and the account.

    Raises SessionNotFound for a session that we did not make, and for one of somebody else (failure-modes S06), and
    what converging raises.
    """
    purchase = _ours(session, deps)
    if purchase is None or purchase.user != user:
        raise SessionNotFound("there is no such checkout session", user_id=user)
    if purchase.state in _FINAL:
        account = deps.converge.accounts.load(user, []).account
        _publish(account, deps)  # whoever settled it may have failed to
        return purchase, account
    return _sync(purchase, deps)


def redirect_after_checkout(session: str, deps: SyncDeps) -> None:
    """Converge on the public redirect, which carries no token and reveals nothing.

    It asks Stripe only for a session that we made, that is not settled, and at most once in three seconds; without
    Redis not at all. So it is no lever against Stripe's rate limit (money rule 26). A failure is logged and the buyer
    goes on: the return page asks again with the buyer's token, and the webhook is on its way.
    """
    if not SESSION_ID.fullmatch(session) or not deps.cache.lock_success(SessionId(session)):
        return
    try:
        purchase = _ours(session, deps)
        if purchase is not None and purchase.state not in _FINAL:
            _sync(purchase, deps)
    except BillingError as error:
        deps.converge.log.warning("redirect not synced", session_id=session, code=error.code, reason=error.message)


def _ours(session: str, deps: SyncDeps) -> Purchase | None:
    return deps.checkouts.purchase(PurchaseKey(session)) if SESSION_ID.fullmatch(session) else None


def _sync(purchase: Purchase, deps: SyncDeps) -> tuple[Purchase, Account]:
    core = deps.converge
    result = converge(purchase.user, touched_session(SessionId(purchase.key)), [], ACTOR, core)
    _publish(result.account, deps)
    return result.purchases[purchase.key], result.account


def _publish(account: Account, deps: SyncDeps) -> None:
    core = deps.converge
    kept = deps.cache.publish([published(account, core.policy, core.clock.now())], [])
    core.log.info("cache updated" if kept else "cache not updated", user_id=account.user, version=account.version)
