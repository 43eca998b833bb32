"""Reservations: credits set aside for work under way, then spent in part or whole, or given back."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from billing.domain.ids import RESERVATION_ID, ReservationId, UserId
from billing.domain.receipt import fingerprint_of
from billing.domain.spending import capture, release, reserve
from billing.errors import ReservationNotFound
from billing.services.perform_once import Asked, CreditDeps, Performed, perform_once


def reserve_credits(
    user: UserId, amount: int, seconds: int, reference: str | None, key: str, actor: str, deps: CreditDeps
) -> Performed:
    """Set credits aside for so many seconds. Raises InsufficientCredits, TooManyReservations, and what `perform_once`
    raises.
    """
    asked = {"amount": amount, "seconds": seconds, "reference": reference}
    return perform_once(
        Asked(user, key, fingerprint_of("reserve", asked), actor),
        lambda holdings, now, cause: reserve(
            holdings,
            ReservationId(f"rsv_{new_id(user, key, holdings.account.version)}"),
            amount,
            now + timedelta(seconds=seconds),
            reference,
            now,
            cause,
        ),
        deps,
    )


def capture_reservation(
    user: UserId, reservation: str, amount: int | None, reason: str, key: str, actor: str, deps: CreditDeps
) -> Performed:
    """Spend a reservation, or a part of it.

    Raises ReservationNotFound, InvalidRequest when that is more than was reserved, and what `perform_once` raises.
    """
    asked = {"reservation": reservation, "amount": amount, "reason": reason}
    return perform_once(
        Asked(user, key, fingerprint_of("capture", asked), actor),
        lambda holdings, now, cause: capture(holdings, _known(reservation), amount, reason, now, cause),
        deps,
    )


def release_reservation(user: UserId, reservation: str, key: str, actor: str, deps: CreditDeps) -> Performed:
    """Give a reservation back. Raises ReservationNotFound, and what `perform_once` raises."""
    return perform_once(
        Asked(user, key, fingerprint_of("release", {"reservation": reservation}), actor),
        lambda holdings, now, cause: release(holdings, _known(reservation), now, cause),
        deps,
    )


def new_id(user: UserId, key: str, version: int) -> str:
    """A name for what this request makes: no other write of any account has the same user, key and version."""
    return hashlib.sha256(f"{user}#{version}#{key}".encode()).hexdigest()[:24]


def _known(reservation: str) -> ReservationId:
    if RESERVATION_ID.fullmatch(reservation) is None:
        raise ReservationNotFound("no reservation of this id is open")
    return ReservationId(reservation)
