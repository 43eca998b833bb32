"""Long histories of everything that moves credits, each step held against an oracle that knows only the rules.

Purchases, renewals, refunds, disputes, spends, reservations, expiries and adjustments, seen late, early and in any
company (F36 to F41, F56).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import accumulate

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.domain.account import credits_at
from billing.domain.credits import Lot, LotKey, balance_of
from billing.domain.decide import Before
from billing.domain.ids import InvoiceId, OrderId, PaymentIntentId, PurchaseKey, ReservationId, SessionId
from billing.domain.ledger import Cause, Entry, Kind
from billing.domain.snapshot import Card, Dispute, Payment, Refund
from billing.domain.spending import (
    Act,
    Holdings,
    capture,
    grant,
    release,
    reserve,
    settle_account,
    spend,
    take,
    undo_spend,
)
from billing.errors import InsufficientCredits, InvalidRequest, ReservationNotFound
from tests.fakes.snapshots import (
    DAY,
    NOW,
    POLICY,
    PRICES,
    a_line,
    a_price,
    a_session,
    a_truth,
    an_invoice,
    an_order,
    before,
    step,
)
from tests.unit.billing.domain.money_oracle import Oracle, Shares

FOREVER = a_price("forever", 1000, credits=70)
SHORT = a_price("short", 1000, credits=100, credits_expire_days=9)
LONG = a_price("long", 1000, credits=130, credits_expire_days=40)
MONTHLY = a_price("monthly", 1000, "month", credits=90, credits_expire_days=31)
SOLD = [(SHORT,), (FOREVER,), (LONG, SHORT, FOREVER), (SHORT, LONG), (LONG,), (FOREVER, FOREVER)]
RENEWALS = 2
PAYMENTS = len(SOLD) + RENEWALS
REFUND_NEXT = {"pending": "succeeded", "succeeded": "failed", "requires_action": "canceled"}
DISPUTE_NEXT = {
    "warning_needs_response": "needs_response",
    "needs_response": "under_review",
    "under_review": "appeal_needs_response",
    "appeal_needs_response": "appeal_under_review",
    "appeal_under_review": "won",
}
DISPUTES = tuple(DISPUTE_NEXT)
SERVICE = Cause("service")
GROUPS = {
    Kind.PURCHASE: "granted",
    Kind.RENEWAL: "granted",
    Kind.REFUND: "reversed",
    Kind.REFUND_FAILED: "reversed",
    Kind.DISPUTE: "reversed",
    Kind.DISPUTE_WON: "reversed",
    Kind.SPEND: "used",
    Kind.SPEND_REVERSAL: "used",
    Kind.EXPIRY: "expired",
}


@dataclass
class Money:
    """What Stripe knows of one payment."""

    paid_at: datetime
    captured: int
    refunds: list[tuple[int, str]] = field(default_factory=list)
    disputes: list[tuple[int, str, str]] = field(default_factory=list)

    def as_read(self, at: int) -> Payment:
        refunds = [Refund(f"re_{at}_{n:02d}", *refund, self.paid_at) for n, refund in enumerate(self.refunds)]
        disputes = [Dispute(f"dp_{at}_{n:02d}", *dispute, self.paid_at) for n, dispute in enumerate(self.disputes)]
        intent = PaymentIntentId(f"pi_{at}")
        money_back = tuple(refunds), tuple(disputes)
        return Payment(intent, self.captured, "eur", self.paid_at, *money_back, card=Card("visa", "4242"))


@dataclass(frozen=True)
class Asked:
    """One act on credits, with all that it may need."""

    what: str
    amount: int
    name: str
    picked: str
    """A reservation that was made once."""
    undone: tuple[Entry, Shares] | None
    until: datetime
    ends: bool

    @property
    def end(self) -> datetime | None:
        return self.until if self.ends else None


class Life:
    """One user: the domain's account as it is stored, the oracle beside it, and Stripe."""

    def __init__(self) -> None:
        self.now = NOW
        self.orders = [an_order(*prices, id=OrderId(f"ord_{at}")) for at, prices in enumerate(SOLD)]
        self.state: Before = before(*self.orders)
        self.moved: dict[LotKey, Lot] = {}
        self.ledger: list[Entry] = []
        self.oracle = Oracle()
        self.stripe: dict[int, Money] = {}
        self.spends: list[tuple[Entry, Shares]] = []
        self.names: list[str] = []

    # ------------------------------------------------------------------------------------------ Stripe's side

    def at_stripe(self, what: str, at: int, amount: int) -> None:
        if what == "pay":
            self.stripe.setdefault(at, Money(self.now, 1000 * (len(SOLD[at]) if at < len(SOLD) else 1)))
        money = self.stripe.get(at)
        if money is None:
            return
        if what == "refund":
            money.refunds.append((amount * 5, ("pending", "succeeded", "requires_action")[amount % 3]))
        elif what == "refund moves" and money.refunds:
            back, status = money.refunds[-1]
            money.refunds[-1] = back, REFUND_NEXT.get(status, status)
        elif what == "dispute":
            money.disputes.append((amount * 5, "eur" if amount % 2 else "usd", DISPUTES[amount % 3]))
        elif what == "dispute moves" and money.disputes:
            held, currency, status = money.disputes[-1]
            money.disputes[-1] = held, currency, DISPUTE_NEXT.get(status, status)

    def look(self, which: Sequence[int]) -> None:
        """A converge that concerns these payments, and knows no other."""
        paid = [at for at in which if at in self.stripe]
        names = [_name(at) for at in paid]
        known = {key: item for key, item in self.state.purchases.items() if item.source in names}
        reading = replace(self.state, purchases=known, moved={})
        reading = replace(reading, moved={key: self.moved[key] for key in reading.absent})
        sessions = [
            a_session(self.orders[at], id=SessionId(_name(at)), payment=self.stripe[at].as_read(at))
            for at in paid
            if at < len(SOLD)
        ]
        invoices = [
            an_invoice(
                a_line(MONTHLY, id=f"il_{at}"),
                id=InvoiceId(_name(at)),
                billing_reason="subscription_cycle",
                paid_at=self.stripe[at].paid_at,
                payment=self.stripe[at].as_read(at),
            )
            for at in paid
            if at >= len(SOLD)
        ]
        truth = a_truth(*sessions, *invoices, prices={**PRICES, MONTHLY.id: MONTHLY})
        after, decision = step(reading, truth, self.now)
        self.state = replace(after, purchases={**self.state.purchases, **after.purchases})
        self._wrote(decision.entries, decision.moved)
        for at in paid:
            self._told(at, self.stripe[at])

    def _told(self, at: int, money: Money) -> None:
        prices = SOLD[at] if at < len(SOLD) else (MONTHLY,)
        days = [price.gives.credits_expire_days for price in prices]
        ends = [None if count is None else money.paid_at + count * DAY for count in days]
        name = _purchase(at)
        lines = [(price.gives.credits, end) for price, end in zip(prices, ends, strict=True)]
        self.oracle.granted(name, lines, money.paid_at)
        disputes = [(held if cur == "eur" else money.captured, status) for held, cur, status in money.disputes]
        self.oracle.money_back(name, money.captured, money.refunds, disputes)

    # ------------------------------------------------------------------------------------------ credits' side

    def use(self, what: str, at: int, amount: int) -> None:
        """One act, asked of both: either both refuse, or both do it."""
        name = f"{len(self.ledger):05d}{len(self.names):05d}"
        picked = self.names[at % len(self.names)] if self.names else "none"
        undone = self.spends[at % len(self.spends)] if self.spends else None
        asked = Asked(what, amount, name, picked, undone, self.now + (1 + at * 20) * timedelta(hours=1), bool(at % 2))
        try:
            act = self._acted(asked)
        except (InsufficientCredits, InvalidRequest, ReservationNotFound):
            act = None
        shares = self._expected(asked)
        if what == "settle" or (what == "undo" and undone is None):
            shares = {} if act is not None else None
        assert (act is None) == (shares is None), what
        if act is None or shares is None:
            return
        if what in ("spend", "capture"):
            assert act.entry is not None
            assert {share.key: share.amount for share in act.entry.lots} == {k: v for k, v in shares.items() if v}
            self.spends.append((act.entry, shares))
        self.state = replace(self.state, account=act.account)
        self._wrote(act.entries, act.moved)
        assert (act.credits.balance, act.credits.available) == self._figures()

    def _acted(self, asked: Asked) -> Act | None:
        holdings, amount, now = Holdings(self.state.account), asked.amount, self.now
        match asked.what:
            case "spend":
                return spend(holdings, amount, "spent", None, now, SERVICE)
            case "take":
                return take(holdings, amount, "misuse", now, SERVICE)
            case "reserve":
                return reserve(holdings, ReservationId(asked.name), amount, asked.until, None, now, SERVICE)
            case "capture":
                return capture(holdings, ReservationId(asked.picked), amount, "captured", now, SERVICE)
            case "release":
                return release(holdings, ReservationId(asked.picked), now, SERVICE)
            case "grant":
                return grant(holdings, PurchaseKey(f"adj_{asked.name}"), amount, asked.end, "sorry", now, SERVICE)
            case "undo" if asked.undone is not None:
                spent, here = asked.undone[0], {lot.key for lot in self.state.account.lots}
                moved = {share.key: self.moved[share.key] for share in spent.lots if share.key not in here}
                return undo_spend(Holdings(self.state.account, moved), spent, "undone", now, SERVICE)
        return settle_account(holdings, now, POLICY, SERVICE)

    def _expected(self, asked: Asked) -> Shares | None:
        """The shares that the oracle takes, empty for what takes none; None where it refuses."""
        oracle, amount, now = self.oracle, asked.amount, self.now
        match asked.what:
            case "spend" | "take":
                return oracle.spend(amount, now)
            case "capture":
                return oracle.capture(asked.picked, amount, now)
            case "reserve" if oracle.reserve(asked.name, amount, asked.until, now):
                self.names.append(asked.name)
                return {}
            case "release" if oracle.release(asked.picked, now):
                return {}
            case "grant":
                oracle.granted(f"adj_{asked.name}", [(amount, asked.end)], now)
                return {}
            case "undo" if asked.undone is not None:
                oracle.undo(asked.undone[1])
                self.spends.remove(asked.undone)
                return {}
        return None

    def _wrote(self, entries: Sequence[Entry], moved: Sequence[Lot]) -> None:
        self.ledger += entries
        self.moved.update({lot.key: lot for lot in moved})

    def _figures(self) -> tuple[int, int]:
        return self.oracle.balance(self.now), self.oracle.available(self.now)

    # ------------------------------------------------------------------------------------------ what must hold

    def check(self) -> None:
        account, now = self.state.account, self.now
        found = credits_at(account, now)
        assert (found.balance, found.available, found.reserved) == (*self._figures(), self.oracle.reserved(now))
        every = {**self.moved, **{lot.key: lot for lot in account.lots}}
        figures = {key: (lot.granted, lot.reversed, lot.used, lot.expires_at) for key, lot in every.items()}
        assert figures == {
            key: (item.credits, item.reversed, item.used, item.expires) for key, item in self.oracle.grants.items()
        }
        assert account.balance == balance_of(account.lots) == sum(entry.amount for entry in self.ledger)
        assert [entry.balance_after for entry in self.ledger] == list(accumulate(entry.amount for entry in self.ledger))
        assert self._sums() == {
            "granted": sum(lot.granted for lot in every.values()),
            "reversed": -sum(lot.reversed for lot in every.values()),
            "used": -sum(lot.used for lot in every.values()),
            "expired": -sum(lot.expired for lot in every.values()),
        }

    def _sums(self) -> Mapping[str, int]:
        """The ledger's entries of each group add up to that figure of all lots."""
        sums = dict.fromkeys(("granted", "reversed", "used", "expired"), 0)
        for entry in self.ledger:
            sign = "granted" if entry.amount > 0 else "used"
            sums[GROUPS.get(entry.kind, sign)] += entry.amount
        return sums


def _name(at: int) -> str:
    return f"cs_{at:02d}" if at < len(SOLD) else f"in_{at:02d}"


def _purchase(at: int) -> str:
    return _name(at) if at < len(SOLD) else f"in_{at:02d}#il_{at}"


STRIPE = ("pay", "pay", "refund", "refund moves", "dispute", "dispute moves")
USES = ("spend", "spend", "spend", "reserve", "capture", "release", "undo", "grant", "take", "settle")
STEPS = st.lists(
    st.tuples(
        st.sampled_from((0, 0, 1, 24, 24 * 5)),
        st.sampled_from(STRIPE + USES + ("look",) * 3),
        st.integers(0, PAYMENTS - 1),
        st.integers(1, 220),
    ),
    min_size=60,
    max_size=120,
)


@settings(max_examples=50, deadline=None)
@given(st.sets(st.integers(0, PAYMENTS - 1)), STEPS)
def test_every_step_agrees_with_the_rules_worked_out_a_second_time(paid, steps):
    """F36 to F41, F56."""
    life = Life()
    for at in paid:
        life.at_stripe("pay", at, 1)
    life.look(range(PAYMENTS))
    for hours, what, at, amount in steps:
        life.now += timedelta(hours=hours)
        if what == "look":
            life.look(sorted({at, (at + amount) % PAYMENTS, (at + 3) % PAYMENTS}))
        elif what in STRIPE:
            life.at_stripe(what, at, amount)
        else:
            life.use(what, at, amount)
        life.check()
    life.look(range(PAYMENTS))
    life.check()
