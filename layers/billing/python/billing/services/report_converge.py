"""What a converge says of itself: log lines that share their ids, and the figures for dashboards and alarms."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from billing.domain.decide import Before, Decision
from billing.domain.entitlement import AccessPolicy
from billing.domain.ids import EventId, UserId
from billing.domain.ledger import Entry, Kind
from billing.domain.notice import Notice
from billing.domain.purchase import PurchaseState
from billing.domain.records import Outcome
from billing.domain.subscription import second_subscriptions
from billing.ports.world import Clock, Log, Metrics


class Speaks(Protocol):
    """What reporting needs of a converge's world."""

    @property
    def log(self) -> Log: ...
    @property
    def metrics(self) -> Metrics: ...
    @property
    def policy(self) -> AccessPolicy: ...
    @property
    def clock(self) -> Clock: ...


@dataclass(frozen=True, slots=True)
class Course:
    """How a commit came about: when its converge began, when it was decided, and how often it was tried before."""

    began: datetime
    decided: datetime
    retries: int


def report(
    before: Before,
    decision: Decision,
    outcomes: Mapping[EventId, Outcome],
    notices: Collection[Notice],
    course: Course,
    deps: Speaks,
) -> None:
    """Tell of a commit."""
    now = course.decided
    user = decision.account.user
    orders = [purchase.order for purchase in decision.purchases if purchase.order]
    shared = next(iter([*(notice.correlation_id for notice in notices), *orders]), None)
    joined = {"correlation_id": shared} if shared else {}
    for notice in notices:
        outcome = outcomes[notice.id]
        deps.metrics.count("EventsByOutcome", outcome=outcome)
        say = deps.log.warning if outcome is Outcome.QUARANTINED else deps.log.info
        say(
            "event recorded",
            event_id=notice.id,
            event_type=notice.type,
            user_id=user,
            session_id=notice.related.get("checkout.session"),
            correlation_id=notice.correlation_id,
            outcome=outcome,
        )
    for entry in decision.entries:
        deps.log.info(
            "ledger entry written",
            **joined,
            user_id=user,
            event_id=entry.event,
            kind=entry.kind,
            amount=entry.amount,
            balance=entry.balance_after,
            stripe_object=entry.stripe_object,
        )
        if entry.amount:
            deps.metrics.count(_counted(entry), abs(entry.amount))
    completed = _completed(before, decision)
    if completed:
        deps.metrics.count("CheckoutsCompleted", completed)
    for state in second_subscriptions(decision.account.subscriptions, deps.policy.levels, deps.policy.grace, now):
        # nobody can buy a second one here, so a person made it: the user pays twice (money rule 22)
        deps.metrics.count("SecondSubscriptions")
        deps.log.warning("second subscription", **joined, user_id=user, subscription_id=state.id, status=state.status)
    for name in sorted(decision.misconfigured):
        deps.metrics.count("PricesMisconfigured")  # until its metadata is mended, renewals grant nothing
        deps.log.warning("price misconfigured", **joined, user_id=user, price_id=name)
    deps.metrics.count("ConvergeRetries", course.retries)
    deps.metrics.duration("ConvergeTime", (deps.clock.now() - course.began).total_seconds() * 1000)
    deps.log.info(
        "converged",
        **joined,
        user_id=user,
        changed=decision.changed,
        version=decision.account.version,
        stripe_version=decision.account.stripe_version,
        balance=decision.account.balance,
        retries=course.retries,
    )


def _counted(entry: Entry) -> str:
    if entry.kind is Kind.EXPIRY:
        return "CreditsExpired"
    return "CreditsGranted" if entry.amount > 0 else "CreditsReversed"


def _completed(before: Before, decision: Decision) -> int:
    """Sessions that this commit is the first to see paid. Those that ask for no money yet, as a trial's, are among
    them; an invoice's purchases are not, since nobody went through a checkout for them.
    """
    paid = {key for key, purchase in before.purchases.items() if purchase.state is PurchaseState.PAID}
    return sum(
        purchase.state is PurchaseState.PAID and purchase.mode != "invoice" and purchase.key not in paid
        for purchase in decision.purchases
    )


def report_replay(notice: Notice, user: UserId, deps: Speaks) -> None:
    """Tell of an event that an earlier commit had recorded."""
    deps.log.info(
        "skipped replay",
        event_id=notice.id,
        event_type=notice.type,
        user_id=user,
        correlation_id=notice.correlation_id,
    )
    deps.metrics.count("EventsReplayed")
