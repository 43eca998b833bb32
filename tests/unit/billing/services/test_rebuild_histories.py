"""Lives of an account, each put back to an earlier moment, rebuilt and resynced: it ends as if nothing had happened.

F48. The accounts are put back, the ledger is not; Stripe and the ledger together know all that such a life is made of.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from billing.domain.account import credits_at
from billing.domain.ids import OrderId, SessionId
from billing.errors import BillingError
from billing.services.adjust_credits import adjust_credits
from billing.services.rebuild_account import rebuild_account
from billing.services.reserve_credits import capture_reservation, reserve_credits
from billing.services.resync import resync
from billing.services.spend_credits import reverse_spend, spend_credits
from tests.fakes.core import Core
from tests.fakes.snapshots import ALICE, CREDITS, CREDITS_90, DAY, NOW, POLICY, PRO_30, PRO_MONTHLY, a_refund, an_order
from tests.unit.billing.services.test_rebuild_account import deps_of, put_back

SESSIONS = {SessionId(f"cs_{n}"): price for n, price in enumerate((CREDITS, CREDITS_90, CREDITS, PRO_30, PRO_MONTHLY))}
ACTS = 16


class Life:
    """One user's: what he buys and gets back, what is used and given by hand, and days that pass."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.core = Core()
        self.core.has_customer()
        for number, (session, price) in enumerate(SESSIONS.items()):
            self.core.has_session(an_order(price, id=OrderId(f"ord_{number}")), session)
        self.acts = 0
        self.spends: list[str] = []
        self.held: list[str] = []

    def act(self) -> None:
        """Something happens. What is refused (too few credits, nothing to undo) happens to nobody."""
        self.acts += 1
        deeds: list[Callable[[], object]] = [
            *(self.pays, self.pays, self.spends_some, self.spends_some, self.spends_some, self.undoes, self.is_given),
            *(self.is_taken, self.is_refunded, self.gets_no_refund, self.days_pass, self.reserves, self.captures),
        ]
        try:
            self.random.choice(deeds)()
        except BillingError:
            return
        self.core.tables.check()

    def look(self) -> None:
        resync(ALICE, self.core.converge, self.core.cache, self.core.clock.time + DAY)

    def pays(self) -> None:
        if waiting := self.core.stripe.open_sessions:
            self.core.stripe.pay(self.random.choice(waiting), self.core.clock.time)
            self.look()

    def is_refunded(self) -> None:
        paid = [item for item in self.core.stripe.sessions.values() if item.payment is not None]
        if paid:
            chosen = self.random.choice(paid)
            assert chosen.payment is not None
            part = a_refund(100, id=f"re_{self.acts}", at=self.core.clock.time)
            payment = replace(chosen.payment, refunds=(*chosen.payment.refunds, part))
            self.core.stripe.sessions[chosen.id] = replace(chosen, payment=payment)
            self.look()

    def gets_no_refund(self) -> None:
        for session in self.core.stripe.sessions.values():
            if session.payment is not None and session.payment.refunds:
                first, *others = session.payment.refunds
                payment = replace(session.payment, refunds=(replace(first, status="failed"), *others))
                self.core.stripe.sessions[session.id] = replace(session, payment=payment)
                self.look()
                return

    def spends_some(self) -> None:
        amount, key = self.random.randint(1, 300), f"spend-{self.acts}"
        done = spend_credits(ALICE, amount, "a picture", None, key, "service", self.core.use)
        assert done.receipt.entry is not None
        self.spends.append(done.receipt.entry.key)

    def undoes(self) -> None:
        if self.spends:
            spent = self.random.choice(self.spends)
            reverse_spend(ALICE, spent, "refused", f"undo-{self.acts}", "service", self.core.use)

    def is_given(self) -> None:
        adjust_credits(ALICE, self.random.randint(1, 50), "sorry", "ada", f"give-{self.acts}", None, self.core.use)

    def is_taken(self) -> None:
        adjust_credits(ALICE, -self.random.randint(1, 50), "a slip", "ada", f"take-{self.acts}", None, self.core.use)

    def reserves(self) -> None:
        done = reserve_credits(ALICE, 20, 3600, None, f"hold-{self.acts}", "service", self.core.use)
        assert done.receipt.reservation is not None
        self.held.append(done.receipt.reservation.id)

    def captures(self) -> None:
        if self.held:
            key, held = f"capture-{self.acts}", self.held.pop()
            capture_reservation(ALICE, held, self.random.randint(1, 20), "a picture", key, "service", self.core.use)

    def days_pass(self) -> None:
        self.core.clock.time += timedelta(days=self.random.randint(1, 50))


def ended(core: Core) -> tuple[object, ...]:
    """What a user has, once all that ends by itself has ended."""
    account = core.account()
    credits = credits_at(account, core.clock.time)
    lots = {lot.key: lot.left for lot in (*account.lots, *core.tables.lots.values()) if lot.left}
    return credits.balance, lots, account.access_at(POLICY, core.clock.time), account.levels, account.subscriptions


@pytest.mark.parametrize("seed", range(40))
def test_it_ends_as_if_nothing_had_been_put_back(seed: int) -> None:
    life = Life(seed)
    back = life.random.randrange(ACTS)
    for _ in range(back):
        life.act()
    then = copy.deepcopy(life.core)
    for _ in range(back, ACTS):
        life.act()
    core = life.core
    core.clock.time += timedelta(hours=2)  # what was reserved has lapsed
    life.look()
    wanted = ended(core)
    put_back(core, then)
    rebuild_account(ALICE, "jo", deps_of(core))
    life.look()
    assert ended(core) == wanted
    core.tables.check()
    before = copy.deepcopy(core.tables.ledger)
    assert rebuild_account(ALICE, "jo", deps_of(core)) is None
    life.look()
    assert core.tables.ledger == before
    assert core.clock.time > NOW
