"""What nobody does on purpose: time passes, services are down, secrets are rotated, events are lost or made twice."""

from __future__ import annotations

from local.stripe.engine.notices import webhook_endpoints
from tests.simulation.actors.deeds import Deed
from tests.simulation.actors.machines import consume
from tests.simulation.world.chance import Weights
from tests.simulation.world.queueing import dies, redrive, waiting
from tests.simulation.world.simulation import Simulation
from tests.simulation.world.system import WEBHOOK_SECRET

_LONG = 43200.0
_TURNS = 4
_PAUSES = Weights({"20": 4, "1": 1, "120": 4, "900": 3, "7200": 2, "86400": 1.5, "345600": 0.6})
_OUTAGES = Weights({"60": 3, "600": 2, "10800": 0.5})


def _wait(sim: Simulation) -> bool:
    seconds = float(sim.chance.of((sim.step, "seconds"), _PAUSES))
    if seconds < 60:
        sim.scheduler.now += seconds
    elif not long_time(sim, seconds):
        return True
    sim.tell(f"{seconds:g} seconds pass")
    return True


def long_time(sim: Simulation, seconds: float) -> bool:
    """Let so much time pass, with all that is under way coming to its end.

    SQS and Stripe keep what they have for days, and their machines never rest: so before a long time passes the queue
    is worked through, and while that can't be done no such time passes. Of dead letters there is an alarm: somebody
    puts them back before their days are over.
    """
    sim.scheduler.finish()
    if dies(sim.queue, sim.scheduler.now + _TURNS * 900.0 + seconds):
        redrive(sim.queue)
    for turn in range(_TURNS if seconds > _LONG else 0):
        if dies(sim.queue, sim.scheduler.now + seconds):  # what was given up in the turn before
            redrive(sim.queue)
        batch = 0
        while consume(sim, f"{sim.step}-{turn}-{batch}", 10):
            sim.scheduler.finish()
            batch += 1
        if not waiting(sim.queue) and not dies(sim.queue, sim.scheduler.now + seconds):
            break
        sim.scheduler.now += 900.0
    if seconds > _LONG and (waiting(sim.queue) or dies(sim.queue, sim.scheduler.now + seconds)):
        return False
    sim.scheduler.now += seconds
    sim.dynamo.settle()
    sim.engine.tick()
    return True


def _down(sim: Simulation, service: str) -> bool:
    if sim.gate.mood in ("calm", "busy"):
        return False
    seconds = float(sim.chance.of((sim.step, "seconds"), _OUTAGES))
    sim.gate.down[service] = sim.scheduler.now + seconds
    sim.tell(f"{service} is down for {seconds:g} seconds")
    return True


def _flush(sim: Simulation) -> bool:
    sim.redis.flush()
    sim.tell("Redis forgets everything")
    return True


def _rotate(sim: Simulation) -> bool:
    """The webhook's secret is rolled, as the runbook says: the new one is added to ours before Stripe signs with it."""
    world = sim.engine.world
    (endpoint,) = world.all("webhook_endpoint")
    fresh = f"whsec_simulated_0123456789abcdef{sim.step}"
    old = webhook_endpoints.secrets(world, endpoint["id"])[0]
    sim.secrets[WEBHOOK_SECRET] = {"secrets": [fresh, old]}
    webhook_endpoints.roll(world, endpoint, fresh, keep_old=True)
    sim.tell("the webhook's secret is rotated")
    return True


def _twice(sim: Simulation) -> bool:
    sim.engine.world.duplicate_next = 2
    sim.tell("Stripe makes its next two events twice")
    return True


def _lose(sim: Simulation) -> bool:
    """One event, or all of a burst: of one that is lost alone, another one of the same moment tells as well."""
    number = sim.chance.one((sim.step, "events"), (1, 3, 10, 30))
    sim.engine.world.lose_next = number
    sim.journal.lost.append(f"{number} events are never made")
    sim.tell(f"Stripe does not make its next events, {number} of them")
    return True


DEEDS = {
    "time passes": Deed(_wait, 5),
    "Stripe is down": Deed(lambda sim: _down(sim, "stripe"), 0.3),
    "DynamoDB is down": Deed(lambda sim: _down(sim, "dynamodb"), 0.2),
    "Redis is down": Deed(lambda sim: _down(sim, "redis"), 0.2),
    "SQS is down": Deed(lambda sim: _down(sim, "sqs"), 0.2),
    "Redis is flushed": Deed(_flush, 0.4),
    "secret is rotated": Deed(_rotate, 0.3),
    "events are made twice": Deed(_twice, 0.5),
    "event is never made": Deed(_lose, 0.15),
}
