"""Machines that carry events: Stripe delivers them, in any order and more than once; SQS hands them to the consumer."""

from __future__ import annotations

from datetime import timedelta

from billing.services.accept_event import accept_event
from billing.services.consume_events import consume_events
from billing.services.put_off import Message
from tests.simulation.actors.buyers import told
from tests.simulation.actors.deeds import Deed
from tests.simulation.world.deliveries import Delivery
from tests.simulation.world.queueing import again, delete, receive
from tests.simulation.world.scheduler import Task
from tests.simulation.world.simulation import LIMITS, Simulation

_LAST_CONVERGE = timedelta(seconds=12)
"""As in the consumer's handler, which the simulation does not run."""


def deliver(sim: Simulation, delivery: Delivery, label: str, *, again: bool = False) -> None:
    """Deliver an event to the webhook. `again`: it was delivered before, and Stripe waits for no answer."""
    delivery.under_way = not again

    def work() -> object:
        body, signature = sim.deliveries.signed(delivery)
        return accept_event(
            body=body, signature=signature, correlation_id=f"corr-{delivery.event}", deps=sim.system.webhook()
        )

    def ended(task: Task) -> None:
        taken = task.result is not None
        if taken and task.result.outcome != "ignored":
            sim.journal.accepted[delivery.event] = delivery.type
        if not again:
            sim.deliveries.answered(delivery, taken=taken)
        sim.tell(f"{task.name}: {delivery.type} {delivery.event}: {task.result.outcome if taken else told(task)}")

    sim.begin("webhook", label, work, ended)


def deliver_all(sim: Simulation, label: str) -> None:
    """Deliver every event there is, as far as nothing stands still."""
    for number, delivery in enumerate(sim.deliveries.due()):
        deliver(sim, delivery, f"{label}.{number}")
        sim.scheduler.run(sim.scheduler.tasks[-1])


def work_through(sim: Simulation, when: str) -> None:
    """Deliver every event there is, and let the consumer work, as far as nothing stands still."""
    deliver_all(sim, f"{sim.step}-{when}")
    batch = 0
    while consume(sim, f"{sim.step}-{when}-{batch}", 10):
        sim.scheduler.run(sim.scheduler.tasks[-1])
        batch += 1


def consume(sim: Simulation, label: str, most: int) -> bool:
    """Let the consumer work on a batch."""
    sim.shuffled.begin(label)
    batch = receive(sim.queue, most)
    if not batch:
        return False
    run_batch(sim, label, batch)
    return True


def run_batch(sim: Simulation, label: str, batch: list[Message]) -> None:
    """Hand a batch to the consumer, as an event source mapping does: what it names as failed stays in the queue."""

    def work() -> frozenset[str]:
        deps = sim.system.consumer()
        left = timedelta(seconds=LIMITS["event_consumer"]) - _LAST_CONVERGE
        return consume_events(batch, deps.converge.clock.now() + left, deps)

    def ended(task: Task) -> None:
        failed = task.result if task.result is not None else frozenset(each.id for each in batch)
        finished = [each for each in batch if each.id not in failed]
        delete(sim.queue, finished)
        sim.journal.handled += [each.body for each in finished]
        sim.tell(f"{task.name}: {len(batch)} messages, {len(failed)} left: {told(task)}")

    sim.begin("event_consumer", label, work, ended)


def _deliver(sim: Simulation, most: int) -> bool:
    found = sim.deliveries.due()
    if not found:
        return False
    for number in range(min(most, len(found))):
        chosen = sim.chance.number((sim.step, "event", number), len(found))
        deliver(sim, found.pop(chosen), f"{sim.step}.{number}")
    return True


def _deliver_again(sim: Simulation) -> bool:
    """Stripe may deliver what it has delivered, and anybody with its dashboard may resend it."""
    events = [each for each in sim.journal.accepted.items() if each[0] not in sim.journal.strange]
    if not events:
        return False
    event, kind = events[sim.chance.number((sim.step, "event"), len(events))]
    now = sim.scheduler.now
    deliver(sim, Delivery(event, kind, now, now), f"{sim.step}", again=True)
    return True


def _never(sim: Simulation) -> bool:
    """Events of one moment are never delivered: the endpoint was unreachable for three days."""
    found = sim.deliveries.due()
    if not found:
        return False
    moment = found[sim.chance.number((sim.step, "event"), len(found))].made
    for gone in [each for each in found if each.made == moment]:
        sim.deliveries.waiting.remove(gone)
        sim.journal.lost.append(f"{gone.type} {gone.event} was never delivered")
        sim.tell(f"{gone.type} {gone.event} is never delivered")
    return True


def _consume_twice(sim: Simulation) -> bool:
    first = consume(sim, f"{sim.step}a", 3)
    return consume(sim, f"{sim.step}b", 3) or first


def _in_flight_twice(sim: Simulation) -> bool:
    """Messages are handed to two consumers at once: SQS may deliver what somebody has in hand (F10)."""
    label = f"{sim.step}"
    sim.shuffled.begin(f"{label}a")
    batch = receive(sim.queue, 3)
    if not batch:
        return False
    again(sim.queue, batch)
    run_batch(sim, f"{label}a", batch)
    return consume(sim, f"{label}b", 3)


DEEDS = {
    "deliver one": Deed(lambda sim: _deliver(sim, 1), 8),
    "deliver a burst": Deed(lambda sim: _deliver(sim, 4), 5),
    "deliver again": Deed(_deliver_again, 1.5),
    "never deliver": Deed(_never, 0.25),
    "consume": Deed(lambda sim: consume(sim, f"{sim.step}", 10), 7),
    "consume side by side": Deed(_consume_twice, 2),
    "messages in flight twice": Deed(_in_flight_twice, 1.5),
}
