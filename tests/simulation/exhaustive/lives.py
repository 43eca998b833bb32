"""Lives of purchases, whole, as scripts: what people do at Stripe, and which functions run for it.

A script does the same each time it is played. Where a function dies, whoever called it does what such a caller does:
the buyer clicks again, Stripe delivers again, the queue does, the service sends its request again.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from billing.domain.ids import SubscriptionId, UserId
from billing.services.change_subscription import ChangeRequest, change_subscription
from billing.services.find_price import PriceRef
from billing.services.settle_due import settle_due
from billing.services.start_checkout import CheckoutRequest, LineRequest, start_checkout
from billing.services.sync_after_checkout import redirect_after_checkout, sync_after_checkout
from local.stripe.engine.buyers.instruments import CARDS, IBANS
from local.stripe.engine.checkout import hosted_checkout
from local.stripe.engine.checkout.checkout_buyer import Buyer
from local.stripe.engine.payments import disputes, refunds
from local.stripe.engine.world import Obj
from tests.simulation.actors.machines import consume, deliver
from tests.simulation.actors.spenders import send
from tests.simulation.world.journal import Request
from tests.simulation.world.simulation import Simulation

ALICE = UserId("alice")
_TRIES = 4
_DAY = 86400.0


class Life:
    """One play of a script."""

    def __init__(self, sim: Simulation) -> None:
        self.sim = sim
        self.made = 0

    def called(self, function: str, work: Callable[[], Any]) -> Any:
        """Call a function until it answers; a caller gives up after a few tries."""
        for _ in range(_TRIES):
            self.made += 1
            task = self.sim.begin(function, f"{self.made}", work)
            self.sim.scheduler.finish()
            if task.result is not None or task.error is not None:
                return task.result
        return None

    def checkout(self, wish: str) -> None:
        """Alice wants something."""
        request = CheckoutRequest(ALICE, "alice@example.com", (LineRequest(PriceRef(lookup_key=wish), 1),))
        session = self.called("create_checkout", lambda: start_checkout(request, self.sim.system.checkout()))
        if session is not None:
            self.sim.journal.handed_out[session.id] = ALICE

    def pay(self, instrument: str = "4242424242424242") -> None:
        """She pays."""
        world = self.sim.engine.world
        with_it = CARDS.get(instrument) or IBANS[instrument]
        for session in world.all("checkout.session"):
            if session["id"] in self.sim.journal.handed_out and session["status"] == "open":
                hosted_checkout.submit(world, session, with_it, Buyer("alice", "alice@example.com"))

    def returns(self, *, asks: bool) -> None:
        """She comes back to the success page."""
        for session in [*self.sim.journal.handed_out]:
            if asks:
                self.called("success_sync", partial(sync_after_checkout, ALICE, session, self.sim.system.success()))
            else:
                self.called("success_sync", partial(redirect_after_checkout, session, self.sim.system.success()))

    def events(self) -> None:
        """Stripe delivers what it has, and the consumer works on it: each once, whatever comes of it."""
        self.sim.engine.tick()
        for delivery in self.sim.deliveries.due():
            self.made += 1
            deliver(self.sim, delivery, f"{self.made}")
            self.sim.scheduler.finish()
        self.works()

    def works(self) -> None:
        """The consumer works through what is in the queue now."""
        for _ in range(3):
            self.made += 1
            if not consume(self.sim, f"{self.made}", 10):
                break
            self.sim.scheduler.finish()

    def later(self, seconds: float) -> None:
        """Time passes; before days of it, what a dead consumer has left in the queue comes again."""
        for _ in range(_TRIES if seconds > _DAY / 2 else 0):
            self.sim.scheduler.now += 900.0
            self.works()
        self.sim.scheduler.now += seconds
        self.sim.engine.tick()

    def asks(self, act: str, **given: Any) -> Request:
        """One of the team's services uses credits, and asks again until it is answered."""
        request = Request(f"key-{self.made}", ALICE, act, given)
        self.sim.journal.requests[request.key] = request
        for _ in range(_TRIES):
            if request.answer is None:
                self.made += 1
                send(self.sim, request, f"{self.made}")
                self.sim.scheduler.finish()
        return request

    def settles(self) -> None:
        """The schedule's job runs."""
        system = self.sim.system

        def work() -> Any:
            return settle_due(system.spending().clock.now(), system.due, system.spending())

        self.called("reconcile", work)

    def charge(self) -> Obj | None:
        """Her newest payment."""
        found = [each for each in self.sim.engine.world.all("charge") if each["status"] == "succeeded"]
        return found[0] if found else None


def refunded(life: Life) -> None:
    """A pack with access beside it; refunded in parts, the second of which fails."""
    world = life.sim.engine.world
    life.checkout("bundle")
    life.pay()
    life.returns(asks=False)
    life.events()
    charge = life.charge()
    if charge is None:
        return
    refunds.make(world, charge, 1000, status="pending")
    life.events()
    second = refunds.make(world, charge, None)
    life.events()
    refunds.fail(world, second)
    life.events()


def disputed(life: Life) -> None:
    """A pack that is spent, disputed beside a refund, and won."""
    world = life.sim.engine.world
    life.checkout("pack")
    life.pay()
    life.events()
    life.asks("spend", amount=60)
    charge = life.charge()
    if charge is None:
        return
    dispute = disputes.open_dispute(world, charge, inquiry=False)
    life.events()
    refunds.make(world, charge, 300)
    life.events()
    disputes.close(world, dispute, "won")
    life.events()


def debited(life: Life) -> None:
    """A bank debit that comes through days later."""
    life.checkout("pack_expiring")
    life.pay("AT321904300235473204")
    life.returns(asks=True)
    life.events()
    life.later(200)
    life.events()
    life.asks("spend", amount=50)
    life.later(4 * _DAY)
    life.settles()


def used(life: Life) -> None:
    """Credits reserved, captured in part, spent, given back, and run out."""
    life.checkout("pack_expiring")
    life.pay()
    life.events()
    reserved = life.asks("reserve", amount=40, seconds=600)
    life.asks("capture", reservation=reserved.reservation or "", amount=25)
    spent = life.asks("spend", amount=30)
    life.asks("reverse", entry=spent.entry or "")
    life.asks("adjust", amount=12)
    life.later(4 * _DAY)
    life.settles()


def renewed(life: Life) -> None:
    """A plan: renewed, changed to a dearer one, canceled."""
    life.checkout("pro_monthly")
    life.pay()
    life.events()
    plans = life.sim.engine.world.all("subscription")
    if not plans:
        return
    (plan,) = plans
    life.later(plan["items"]["data"][0]["current_period_end"] - life.sim.scheduler.now + 7200)
    life.events()
    request = ChangeRequest(ALICE, PriceRef(lookup_key="team_monthly"), subscription=SubscriptionId(plan["id"]))
    life.called("subscriptions", lambda: change_subscription(request, life.sim.system.changing()))
    life.events()
    life.sim.engine.request("DELETE", f"/v1/subscriptions/{plan['id']}")
    life.events()


LIVES: dict[str, Callable[[Life], None]] = {
    "refunded": refunded,
    "disputed": disputed,
    "debited": debited,
    "used": used,
    "renewed": renewed,
}
