"""What holds for every history of grants, spends, reservations, expiries, refunds and failing refunds.

F41, F56: the end is a function of what happened, not of the order in which it was seen or written. So each history is
compared with figures that are computed from nothing but the ledger's shares and Stripe's registers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.domain.account import credits_at, due_at
from billing.domain.credits import Lot, LotKey, balance_of
from billing.domain.decide import Before
from billing.domain.ids import OrderId, PaymentIntentId, PurchaseKey, ReservationId, SessionId
from billing.domain.ledger import Cause, Entry, Kind
from billing.domain.registers import taken_back
from billing.domain.snapshot import CheckoutSession, Refund
from billing.domain.spending import Act, Holdings, capture, grant, release, reserve, spend, take, undo_spend
from billing.errors import InsufficientCredits, InvalidRequest, ReservationNotFound
from tests.fakes.snapshots import DAY, NOW, a_payment, a_price, a_session, a_truth, an_order, before, step

FOREVER = a_price("forever", 1000, credits=100)
ENDING = a_price("ending", 1000, credits=100, credits_expire_days=20)
BOTH = (ENDING, FOREVER)
PURCHASES = 12  # more than the finished lots that stay in the account
SERVICE = Cause("service")


@dataclass
class History:
    """One user's account as it is stored, Stripe's side of it, and all that was written to the ledger."""

    now: datetime = NOW
    state: Before = field(init=False)
    sessions: list[CheckoutSession] = field(init=False)
    moved: dict[LotKey, Lot] = field(default_factory=dict)
    ledger: list[Entry] = field(default_factory=list)
    undone: set[str] = field(default_factory=set)
    acts: int = 0

    def __post_init__(self) -> None:
        sold = [BOTH if at % 4 == 0 else (ENDING,) if at % 2 else (FOREVER,) for at in range(PURCHASES)]
        orders = [an_order(*prices, id=OrderId(f"ord_{at}")) for at, prices in enumerate(sold)]
        self.sessions = [
            a_session(
                order,
                id=SessionId(f"cs_{at:02d}"),
                payment=a_payment(
                    1000 * len(order.lines), intent=PaymentIntentId(f"pi_{at}"), paid_at=NOW + at * timedelta(hours=1)
                ),
            )
            for at, order in enumerate(orders)
        ]
        self.state = before(*orders)

    # ------------------------------------------------------------------------------------ what happens

    def look(self, which: Sequence[int]) -> None:
        """A converge: the lots of the purchases that it concerns are read, wherever they are."""
        state = replace(self.state, moved={})
        known = {
            key: state.purchases[key]
            for key in (PurchaseKey(self.sessions[at].id) for at in which)
            if key in state.purchases
        }
        reading = replace(state, purchases=known)
        reading = replace(reading, moved={key: self.moved[key] for key in reading.absent})
        after, decision = step(reading, a_truth(*(self.sessions[at] for at in which)), self.now)
        assert {lot.key for lot in decision.moved}.isdisjoint(lot.key for lot in decision.account.lots)
        self.state = replace(after, purchases={**state.purchases, **after.purchases})
        self._wrote(decision.entries, decision.moved)

    def refund(self, at: int, amount: int) -> None:
        payment = self.sessions[at].payment
        assert payment is not None
        refund = Refund(f"re_{at}_{len(payment.refunds)}", amount, "succeeded", self.now)
        self.sessions[at] = replace(self.sessions[at], payment=replace(payment, refunds=(*payment.refunds, refund)))

    def refund_fails(self, at: int) -> None:
        payment = self.sessions[at].payment
        assert payment is not None
        if payment.refunds:
            failed = (*payment.refunds[:-1], replace(payment.refunds[-1], status="failed"))
            self.sessions[at] = replace(self.sessions[at], payment=replace(payment, refunds=failed))

    def use(self, what: str, at: int, amount: int) -> None:
        """One act of the credits function; what is refused changes nothing."""
        holdings, name = Holdings(self.state.account), f"{self.acts:08d}"
        available = credits_at(self.state.account, self.now).available
        open_ = self.state.account.reservations
        picked = open_[at % len(open_)].id if open_ else ReservationId("none")
        try:
            match what:
                case "spend":
                    act = spend(holdings, amount, "spent", None, self.now, SERVICE)
                    assert amount <= available
                case "reserve":
                    act = reserve(
                        holdings, ReservationId(name), amount, self.now + (1 + at) * DAY, None, self.now, SERVICE
                    )
                    assert amount <= available
                case "capture":
                    act = capture(holdings, picked, amount, "captured", self.now, SERVICE)
                case "release":
                    act = release(holdings, picked, self.now, SERVICE)
                case "grant":
                    end = self.now + at * DAY if at % 2 else None
                    act = grant(holdings, PurchaseKey(f"adj_{name}"), amount, end, "sorry", self.now, SERVICE)
                case "take":
                    act = take(holdings, amount, "misuse", self.now, SERVICE)
                    assert amount <= available
                case _:
                    act = self._undo(at)
        except (InsufficientCredits, InvalidRequest, ReservationNotFound, LookupError):
            return
        self.acts += 1
        assert act.account.stripe_version == self.state.account.stripe_version
        self.state = replace(self.state, account=act.account)
        self._wrote(act.entries, act.moved)

    def _undo(self, at: int) -> Act:
        spends = [entry for entry in self.ledger if entry.kind is Kind.SPEND and entry.key not in self.undone]
        spent = spends[at % len(spends)] if spends else None
        if spent is None:
            raise LookupError
        self.undone.add(spent.key)
        here = {lot.key for lot in self.state.account.lots}
        moved = {share.key: self.moved[share.key] for share in spent.lots if share.key not in here}
        return undo_spend(Holdings(self.state.account, moved), spent, "refunded", self.now, SERVICE)

    def _wrote(self, entries: Sequence[Entry], moved: Sequence[Lot]) -> None:
        self.ledger += entries
        self.moved.update({lot.key: lot for lot in moved})
        self.check()

    # ---------------------------------------------------------------------------------- what must hold

    def check(self) -> None:
        account = self.state.account
        assert account.balance == balance_of(account.lots) == sum(entry.amount for entry in self.ledger)
        assert [entry.balance_after for entry in self.ledger] == list(accumulate(entry.amount for entry in self.ledger))
        keys = [entry.key for entry in self.ledger]
        assert keys == sorted(set(keys))
        assert all(lot.finished for lot in self.outside().values())
        held = sum(lot.held for lot in account.lots)
        assert held == sum(item.amount for item in account.reservations)
        assert all(0 <= lot.reversed <= lot.granted and lot.used >= 0 and lot.held >= 0 for lot in account.lots)

    def outside(self) -> dict[LotKey, Lot]:
        """The lots that are only outside of the account; what is left there of one that came back is out of date."""
        here = {lot.key for lot in self.state.account.lots}
        return {key: lot for key, lot in self.moved.items() if key not in here}

    def every(self) -> dict[LotKey, Lot]:
        return {lot.key: lot for lot in (*self.state.account.lots, *self.outside().values())}

    def expected(self) -> dict[LotKey, tuple[int, int, int]]:
        """Reversed, used and expired of each lot, from the registers and from the shares in the ledger alone."""
        used: dict[LotKey, int] = {}
        for entry in self.ledger:
            sign = {Kind.SPEND: 1, Kind.SPEND_REVERSAL: -1, Kind.ADJUSTMENT: 1 if entry.amount < 0 else 0}
            for share in entry.lots:
                used[share.key] = used.get(share.key, 0) + sign.get(entry.kind, 0) * share.amount
        found = {}
        for key, lot in self.every().items():
            session = next((item for item in self.sessions if str(item.id) == lot.purchase), None)
            reversed_ = 0
            if session is not None and session.payment is not None:
                lines = 2 if session.amount_total == 2000 else 1
                upto = [100 * n * taken_back(session.payment) // session.payment.captured for n in range(lines + 1)]
                reversed_ = upto[lot.line + 1] - upto[lot.line]
            spent = used.get(key, 0)
            over = lot.expires_at is not None and self.now >= lot.expires_at
            held = sum(
                share.amount for item in self.state.account.reservations for share in item.shares if share.key == key
            )
            found[key] = reversed_, spent, max(0, lot.granted - reversed_ - spent - held) if over else 0
        return found


@dataclass(frozen=True)
class Happening:
    hours: int
    what: str
    at: int
    amount: int


WHAT = ["spend"] * 5 + ["reserve", "reserve", "capture", "release", "undo", "undo", "grant", "take"]
WHAT += ["refund", "refund", "refund fails", "look"]
HAPPENINGS = st.lists(
    st.builds(
        Happening,
        hours=st.sampled_from([0, 1, 24, 24 * 6]),
        what=st.sampled_from(WHAT),
        at=st.integers(0, PURCHASES - 1),
        amount=st.integers(1, 400),
    ),
    max_size=40,
)


def lived(happenings: Sequence[Happening]) -> History:
    history = History()
    history.look(range(PURCHASES))
    for each in happenings:
        history.now += timedelta(hours=each.hours)
        match each.what:
            case "refund":
                history.refund(each.at, each.amount)
            case "refund fails":
                history.refund_fails(each.at)
            case "look":
                history.look([each.at, (each.at + 5) % PURCHASES])
            case _:
                history.use(each.what, each.at, each.amount)
    return history


@settings(max_examples=200)
@given(HAPPENINGS)
def test_the_end_is_a_function_of_what_happened_and_not_of_its_order(happenings):
    """F41, F56: and the balance, the ledger and the lots agree after each step (money rule 17)."""
    history = lived(happenings)
    history.look(range(PURCHASES))
    found = {key: (lot.reversed, lot.used, lot.expired) for key, lot in history.every().items()}
    assert found == history.expected()


@settings(max_examples=100)
@given(HAPPENINGS)
def test_a_refund_long_after_everything_was_spent_reverses_exactly(happenings):
    """Money rules 16 to 18: also of lots that left the account; each purchase by its own lots only."""
    history = lived([*happenings, *(Happening(0, "spend", 0, 100) for _ in range(14))])
    history.now += 120 * DAY
    history.look(range(PURCHASES))
    spent = {key: lot.used for key, lot in history.every().items()}
    for at in range(PURCHASES):
        history.refund(at, 100_000)
        history.look([at])
    bought = {key: lot for key, lot in history.every().items() if lot.purchase.startswith("cs_")}
    assert all((lot.reversed, lot.expired, lot.used) == (100, 0, spent[key]) for key, lot in bought.items())
    assert balance_of(bought.values()) == -sum(lot.used for lot in bought.values())


@settings(max_examples=100)
@given(HAPPENINGS)
def test_once_settled_nothing_is_due_before_now(happenings):
    history = lived(happenings)
    history.look([])
    due = due_at(history.state.account)
    assert due is None or due > history.now


def test_however_many_lots_are_spent_the_account_stays_small():
    """Money rule 17: grant after grant, each used up, and then one of the very first is refunded."""
    history = History()
    history.look(range(PURCHASES))
    for _ in range(300):
        history.use("grant", 0, 10)
        history.use("spend", 0, credits_at(history.state.account, history.now).available)
    assert len(history.state.account.lots) == 8
    history.refund(2, 1000)
    history.look([2])
    assert history.every()[PurchaseKey("cs_02"), 0].left == history.state.account.balance == -100


@pytest.mark.parametrize("order", ["refund first", "expiry first"])
def test_a_spend_undone_around_a_refund_and_an_expiry_comes_to_the_same(order):
    history = History()
    history.look(range(PURCHASES))
    history.use("spend", 0, 60)  # of cs_00, line 0, which ends first
    if order == "refund first":
        history.refund(0, 1000)
        history.look([0])
        history.use("undo", 0, 0)
        history.now += 21 * DAY
    else:
        history.now += 21 * DAY
        history.use("undo", 0, 0)
        history.refund(0, 1000)
    history.look([0])
    lots = history.every()
    assert [(lots[PurchaseKey("cs_00"), n].reversed, lots[PurchaseKey("cs_00"), n].left) for n in (0, 1)] == [
        (50, 0),
        (50, 50),
    ]
