"""Every order of the events of a life: all that Stripe did is done, and its events come in each order there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import permutations

from local.stripe.engine.payments import disputes, refunds
from tests.simulation import invariants, rest
from tests.simulation.actors.machines import consume, deliver
from tests.simulation.exhaustive.lives import Life
from tests.simulation.world.simulation import Simulation
from tests.simulation.world.watch import Violation

MOST = 6


def refunded(life: Life) -> None:
    """Paid, refunded in part, refunded in full, and the second refund fails."""
    life.checkout("bundle")
    life.pay()
    charge = life.charge()
    assert charge is not None
    refunds.make(life.sim.engine.world, charge, 1000)
    refunds.fail(life.sim.engine.world, refunds.make(life.sim.engine.world, charge, None))


def disputed(life: Life) -> None:
    """Paid, disputed beside a refund, and won."""
    life.checkout("pack")
    life.pay()
    charge = life.charge()
    assert charge is not None
    dispute = disputes.open_dispute(life.sim.engine.world, charge, inquiry=False)
    refunds.make(life.sim.engine.world, charge, 300)
    disputes.close(life.sim.engine.world, dispute, "won")


def debited(life: Life) -> None:
    """A bank debit that comes through, and is refunded."""
    life.checkout("pack_expiring")
    life.pay("AT321904300235473204")
    life.later(200)
    charge = life.charge()
    assert charge is not None
    refunds.make(life.sim.engine.world, charge, 100)


def subscribed(life: Life) -> None:
    """A plan that begins, renews and ends."""
    life.checkout("pro_monthly")
    life.pay()
    (plan,) = life.sim.engine.world.all("subscription")
    life.later(plan["items"]["data"][0]["current_period_end"] - life.sim.scheduler.now + 7200)
    life.sim.engine.request("DELETE", f"/v1/subscriptions/{plan['id']}")


LIVES: dict[str, tuple[Callable[[Life], None], frozenset[str]]] = {
    "refunded": (refunded, frozenset({"charge.refunded"})),
    "disputed": (disputed, frozenset({"charge.refunded", "charge.dispute.funds_withdrawn", "refund.created"})),
    "debited": (debited, frozenset()),
    "subscribed": (
        subscribed,
        frozenset(
            {
                "customer.updated",
                "payment_intent.succeeded",
                "invoice.payment_succeeded",
                "customer.subscription.updated",
                "invoice.upcoming",
            }
        ),
    ),
}
"""Each with the types of events that come last, in one order: no more than six are put into every order."""


def play(name: str, order: Sequence[int]) -> str | None:
    """Play a life whose first events come in this order, one by one; what did not hold, if anything."""
    sim = Simulation(0, {})
    begin, last = LIVES[name]
    try:
        begin(Life(sim))
        sim.engine.tick()
        waiting = sim.deliveries.due()
        first = [each for each in waiting if each.type not in last][:MOST]
        for number, index in enumerate(order):
            if index < len(first):
                deliver(sim, first[index], f"order-{number}")
                sim.scheduler.finish()
                consume(sim, f"order-{number}", 10)
                sim.scheduler.finish()
                invariants.check(sim)
        rest.come_to_rest(sim)
    except Violation as violation:
        return f"{name}, {order}: {violation}\n" + "\n".join(sim.story)
    return None


def orders(name: str) -> Iterator[tuple[int, ...]]:
    """Every order of the life's events."""
    sim = Simulation(0, {})
    begin, last = LIVES[name]
    begin(Life(sim))
    sim.engine.tick()
    found = [each for each in sim.deliveries.due() if each.type not in last]
    return permutations(range(min(MOST, len(found))))
