"""Resync: make one account match Stripe in all that it ever bought, for the day when events were lost.

A converge looks at the user's subscriptions and at the payments that it is told of. Which payments there are stands in
two places: at Stripe, which lists every session and invoice of a customer, also those whose events never came; and in
the account, whose lots and levels name their purchases. Each is read with its refunds and disputes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from billing.domain.account import Account
from billing.domain.ids import InvoiceId, PurchaseKey, SessionId, UserId
from billing.domain.ledger import Entry
from billing.domain.purchase import PurchaseState
from billing.errors import Permanent
from billing.ports.cache import Cache
from billing.ports.stripe import ListedSession, Touched
from billing.services.converge import Converged, ConvergeDeps, converge
from billing.services.publish import published
from billing.services.unpark import unpark

ACTOR = "resync"
MOST = 100_000
"""Sessions, and invoices, of each customer; the newest. As many as a day is enough for, at a third of a second each."""
_AT_ONCE = 10
"""Payments of one transaction: each may write its purchase, its pointers and several entries."""


@dataclass(frozen=True, slots=True)
class Resynced:
    """The account as it stands, what the resync changed, and what it could not look at."""

    account: Account
    entries: tuple[Entry, ...]
    payments: int
    """Sessions and invoices that were looked at."""
    failed: tuple[str, ...]
    """Those that can't be read: the others were brought up to date all the same."""
    whole: bool
    """False when a customer has more than was looked at, or the deadline came first."""


def resync(
    user: UserId, deps: ConvergeDeps, cache: Cache, deadline: datetime, *, actor: str = ACTOR, most: int = MOST
) -> Resynced:
    """Bring the account of the user up to date with all of Stripe, until `deadline`. A second run changes nothing.

    Raises StripeUnavailable, StripeRefused, StoreUnavailable, and Contention.
    """
    before = deps.accounts.load(user, []).account
    first = converge(user, Touched(customers=frozenset(before.customers)), [], actor, deps)
    customers = (*first.account.customers, *first.account.deleted_customers)
    results: list[Converged] = [first, *unpark(user, customers, actor, deps, deadline)]
    work = _Work(user, first.account, deps, most)
    parts = list(work.parts())
    failed: list[str] = []
    done = 0
    for part in parts:
        if deps.clock.now() >= deadline:
            break
        results += _looked_at(user, part, actor, failed, deps)
        done += 1
    account = results[-1].account
    kept = cache.publish([published(account, deps.policy, deps.clock.now())], [])
    deps.log.info("cache updated" if kept else "cache not updated", user_id=user, version=account.version)
    return Resynced(
        account=account,
        entries=tuple(entry for result in results for entry in result.entries),
        payments=sum(len(_names(part)) for part in parts[:done]),
        failed=tuple(failed),
        whole=work.whole and done == len(parts),
    )


class _Work:
    """What there is to look at."""

    def __init__(self, user: UserId, account: Account, deps: ConvergeDeps, most: int) -> None:
        self._user = user
        self._deps = deps
        sources = {lot.purchase.split("#", 1)[0] for lot in account.lots}
        sources |= {grant.purchase for grant in account.levels} | {note.source for note in account.payments}
        self._invoices = {InvoiceId(source) for source in sources if source.startswith("in_")}
        self._sessions = {SessionId(source) for source in sources if source.startswith("cs_")}
        self.whole = True
        for customer in (*account.customers, *account.deleted_customers):
            listed = deps.stripe.history(customer, most)
            self.whole = self.whole and listed.whole
            self._invoices |= set(listed.invoices)
            self._sessions |= self._ours(listed.sessions)

    def parts(self) -> Iterator[Touched]:
        """All of it, in parts that fit into a transaction each."""
        for sessions in _chunks(sorted(self._sessions)):
            yield Touched(sessions=frozenset(sessions))
        for invoices in _chunks(sorted(self._invoices)):
            yield Touched(invoices=frozenset(invoices), registers=frozenset(invoices))

    def _ours(self, listed: tuple[ListedSession, ...]) -> set[SessionId]:
        """The sessions that may have something to tell: not those of others, and not one that ended as we know it."""
        keys = [PurchaseKey(session.id) for session in listed]
        known = self._deps.accounts.load(self._user, keys).purchases
        found = set()
        for session in listed:
            purchase = known.get(PurchaseKey(session.id))
            if purchase is None:
                relevant = session.order is not None
            else:
                relevant = not (session.status == "expired" and purchase.state is PurchaseState.EXPIRED)
            if relevant:
                found.add(session.id)
        return found


def _looked_at(user: UserId, part: Touched, actor: str, failed: list[str], deps: ConvergeDeps) -> list[Converged]:
    """Converge a part; one that can't be read is left out, and named."""
    try:
        return [converge(user, part, [], actor, deps)]
    except Permanent as error:
        names = _names(part)
        if len(names) > 1:
            return [result for single in _singles(part) for result in _looked_at(user, single, actor, failed, deps)]
        failed += names
        deps.log.warning("payment not readable", user_id=user, stripe_object=names[0], code=error.code)
        return []


def _names(part: Touched) -> list[str]:
    return sorted([*part.sessions, *part.invoices])


def _singles(part: Touched) -> Iterable[Touched]:
    yield from (Touched(sessions=frozenset({session})) for session in sorted(part.sessions))
    for invoice in sorted(part.invoices):
        yield Touched(invoices=frozenset({invoice}), registers=frozenset({invoice}))


def _chunks[T](items: list[T]) -> Iterator[list[T]]:
    return (items[start : start + _AT_ONCE] for start in range(0, len(items), _AT_ONCE))
