"""What holds for every history of looks at Stripe: any order, grouping and number of times (money rules 16, 17)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import accumulate

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.domain.credits import balance_of
from billing.domain.decide import Before
from billing.domain.ids import OrderId, PaymentIntentId, SessionId
from billing.domain.ledger import Entry
from billing.domain.order import Order
from billing.domain.snapshot import CheckoutSession, Dispute, Refund
from billing.domain.subscription import Span
from tests.fakes.snapshots import (
    CREDITS,
    CREDITS_90,
    DAY,
    NOW,
    POLICY,
    PRO_30,
    a_payment,
    a_session,
    a_truth,
    an_order,
    before,
    step,
    unpaid,
)

LIFE = {"pending": ("succeeded", "failed", "canceled"), "succeeded": ("failed",), "failed": (), "canceled": ()}
DISPUTE_LIFE = ("warning_needs_response", "needs_response", "under_review", "won")
SOLD = ((CREDITS,), (CREDITS_90,), (CREDITS_90, CREDITS, PRO_30))


@dataclass(frozen=True)
class Step:
    """What happens at Stripe before somebody looks, and how much later that is."""

    days: int
    purchase: int
    what: str
    amount: int


class World:
    """A small Stripe: three purchases whose registers move as Stripe lets them move."""

    def __init__(self) -> None:
        self.orders: list[Order] = [an_order(*SOLD[at], id=OrderId(f"ord_{at}")) for at in range(3)]
        self.sessions: list[CheckoutSession] = [
            a_session(order, id=SessionId(f"cs_{at}"), payment=None) for at, order in enumerate(self.orders)
        ]
        self.paid = [False] * 3

    def move(self, move: Step, now) -> None:
        at, session = move.purchase, self.sessions[move.purchase]
        if move.what == "pay" and not self.paid[at]:
            intent = PaymentIntentId(f"pi_{at}")
            self.paid[at] = True
            self.sessions[at] = replace(session, payment=a_payment(session.amount_total, paid_at=now, intent=intent))
        payment = self.sessions[at].payment
        if payment is None:
            return
        if move.what == "refund":
            refund = Refund(f"re_{at}_{len(payment.refunds)}", move.amount, "pending", now)
            payment = replace(payment, refunds=(*payment.refunds, refund))
        if move.what in ("succeeded", "failed", "canceled") and payment.refunds:
            last = payment.refunds[-1]
            if move.what in LIFE[last.status]:
                payment = replace(payment, refunds=(*payment.refunds[:-1], replace(last, status=move.what)))
        if move.what == "dispute" and not payment.disputes:
            payment = replace(payment, disputes=(Dispute(f"dp_{at}", move.amount, "eur", DISPUTE_LIFE[0], now),))
        elif move.what == "dispute":
            held = payment.disputes[0]
            later = DISPUTE_LIFE[min(DISPUTE_LIFE.index(held.status) + 1, len(DISPUTE_LIFE) - 1)]
            payment = replace(payment, disputes=(replace(held, status=later),))
        self.sessions[at] = replace(self.sessions[at], payment=payment)

    def seen(self, which: Sequence[int]) -> list[CheckoutSession]:
        return [self.sessions[at] if self.paid[at] else unpaid(replace(self.sessions[at], created=NOW)) for at in which]


STEPS = st.lists(
    st.builds(
        Step,
        days=st.integers(0, 40),
        purchase=st.integers(0, 2),
        what=st.sampled_from(["pay", "pay", "refund", "succeeded", "failed", "canceled", "dispute"]),
        amount=st.integers(1, 2500),
    ),
    max_size=14,
)
LOOKS = st.lists(st.lists(st.integers(0, 2), unique=True), min_size=14, max_size=14)


def invariants(state: Before, ledger: list[Entry]) -> None:
    account = state.account
    assert account.balance == balance_of(account.lots) == sum(entry.amount for entry in ledger)
    assert [entry.balance_after for entry in ledger] == list(accumulate(entry.amount for entry in ledger))
    assert all(0 <= lot.reversed <= lot.granted and 0 <= lot.expired <= lot.granted for lot in account.lots)
    assert all(entry.actor and entry.event and entry.reason for entry in ledger)
    keys = [entry.key for entry in ledger]
    assert keys == sorted(set(keys))


def accessible(state: Before) -> list[Span]:
    """The access at the end of the history and after it."""
    return [state.account.access_at(POLICY, NOW + days * DAY) for days in range(0, 600, 20)]


def run(moves: Sequence[Step], looks: Sequence[Sequence[int]]) -> tuple[Before, list[Entry]]:
    """Let Stripe move, look at some sessions after each move, and at all of them in the end."""
    world = World()
    state, now, ledger = before(*world.orders), NOW, list[Entry]()
    for move, which in zip(moves, looks, strict=False):
        now += move.days * DAY
        world.move(move, now)
        state, decision = step(state, a_truth(*world.seen(which)), now)
        ledger += decision.entries
        invariants(state, ledger)
    end = now + timedelta(days=1)
    state, decision = step(state, a_truth(*world.seen(range(3))), end)
    ledger += decision.entries
    invariants(state, ledger)
    _, again = step(state, a_truth(*world.seen(range(3))), end)
    assert (again.changed, again.entries, again.purchases) == (False, (), ())
    return state, ledger


@settings(max_examples=150)
@given(STEPS, LOOKS, LOOKS)
def test_however_often_and_whenever_one_looks_the_end_is_the_same(moves, looks, other_looks):
    """F36 to F41, F56: a look of each kind may be early, late, repeated or left out."""
    one, _ = run(moves, looks)
    other, _ = run(moves, other_looks)
    last_only, _ = run(moves, [[]] * 14)
    for end in (other, last_only):
        assert end.account.lots == one.account.lots
        assert end.account.balance == one.account.balance
        assert end.account.levels == one.account.levels
        assert accessible(end) == accessible(one)
        assert {key: (item.state, item.payment) for key, item in end.purchases.items()} == {
            key: (item.state, item.payment) for key, item in one.purchases.items()
        }


@settings(max_examples=60)
@given(st.permutations(range(3)), st.lists(st.integers(0, 2), min_size=1, max_size=8), STEPS)
def test_old_readings_may_come_last_for_what_is_final(first, late, moves):
    """A refund that failed stays failed, and a payment stays paid, whatever older reading is applied after it."""
    world = World()
    readings = []
    now = NOW
    for move in moves:
        now += move.days * DAY
        world.move(move, now)
        readings.append(world.seen(first))
    state, _ = step(before(*world.orders), a_truth(*world.seen(range(3))), now)
    final, _ = step(state, a_truth(), now)
    stale = final
    for at in late:
        if readings:
            without = [
                replace(item, payment=replace(item.payment, disputes=())) if item.payment else item
                for item in readings[at % len(readings)]
            ]
            stale, _ = step(stale, a_truth(*without), now)
    failed = {
        (key, refund.id)
        for key, item in final.purchases.items()
        for refund in (item.payment.refunds if item.payment else ())
        if refund.status in ("failed", "canceled")
    }
    for key, refund_id in failed:
        payment = stale.purchases[key].payment
        assert payment is not None
        assert next(item for item in payment.refunds if item.id == refund_id).status in ("failed", "canceled")
    assert {lot.granted for lot in stale.account.lots} == {lot.granted for lot in final.account.lots}
    assert stale.account.balance == final.account.balance
