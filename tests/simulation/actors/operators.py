"""Operators: they resync, replay what waits for a person, redrive dead letters, and settle what is due."""

from __future__ import annotations

from billing.domain.ids import EventId, UserId
from billing.services.replay_events import replay_events
from billing.services.resync import resync
from plumb.queues import move_by_hand
from tests.simulation.actors.buyers import told, user_of
from tests.simulation.actors.deeds import Deed
from tests.simulation.actors.machines import consume
from tests.simulation.actors.settling import begin_settling
from tests.simulation.world.queueing import DEAD, EVENTS, dead, exhaust, redrive
from tests.simulation.world.scheduler import AGES
from tests.simulation.world.simulation import Simulation


def resynced(sim: Simulation, user: UserId) -> object:
    """Resync one user."""
    core = sim.system.converge
    return resync(user, core, sim.system.cache("operator"), core.clock.now() + AGES)


def begin_resync(sim: Simulation, name: str) -> bool:
    """An operator resyncs this user."""
    user = UserId(name)
    sim.begin(
        "operator",
        f"{sim.step}",
        lambda: resynced(sim, user),
        lambda task: sim.tell(f"{task.name}: the resync of {user} ended with {told(task)}"),
    )
    return True


def _settle(sim: Simulation) -> bool:
    begin_settling(sim, f"{sim.step}")
    return True


def _replay(sim: Simulation) -> bool:
    """Replay events, whatever became of them: only what waits for a person is put back."""
    events = [EventId(event) for event in sim.watch.outcomes]
    if not events:
        return False
    event = sim.chance.one((sim.step, "event"), events)
    sim.begin(
        "operator",
        f"{sim.step}",
        lambda: replay_events([event], sim.system.events, sim.system.queue, sim.log),
        lambda task: sim.tell(f"{task.name}: the replay of {event} ended with {told(task)}"),
    )
    return True


def _bury(sim: Simulation) -> bool:
    """Half a day of failures is over for some messages, whatever it was: they are dead letters (F13)."""
    buried = exhaust(sim.queue, 1 + sim.chance.number((sim.step, "messages"), 4))
    if not buried:
        return False
    sim.tell(f"{buried} messages were received in vain too often")
    consume(sim, f"{sim.step}", 10)
    return True


def _redrive(sim: Simulation) -> bool:
    """Dead letters are put back: by SQS, or one by one by plumb, which is killed at one of them (F10)."""
    letters = dead(sim.queue)
    if not letters:
        return False
    if not sim.chance.happens((sim.step, "by hand"), 0.5):
        redrive(sim.queue)
        sim.tell("the dead letters are put back")
        return True

    def work() -> int:
        sim.shuffled.begin(f"{sim.step}")
        return move_by_hand(sim.system.sqs, DEAD, EVENTS, letters, lambda moved: None)

    name = f"{sim.step}"
    task = sim.begin("operator", name, work, lambda task: sim.tell(f"{task.name}: the redrive ended with {told(task)}"))
    task.struck = sim.chance.one((task.name, "killed"), ("crash before", "crash after"))
    task.struck_at = sim.chance.one((task.name, "killed at"), ("DeleteMessage", "SendMessage"))
    task.struck_past = sim.chance.number((task.name, "letters"), 4)
    return True


def _message_again(sim: Simulation) -> bool:
    """SQS delivers a message that was deleted: at least once is all it promises."""
    if not sim.journal.handled:
        return False
    sim.queue.send_message(QueueUrl=EVENTS, MessageBody=sim.chance.one((sim.step, "message"), sim.journal.handled))
    sim.tell("SQS delivers a message once more")
    return True


DEEDS = {
    "resync": Deed(lambda sim: begin_resync(sim, user_of(sim)), 0.6),
    "settle what is due": Deed(_settle, 1),
    "replay an event": Deed(_replay, 0.4),
    "messages fail too often": Deed(_bury, 0.7),
    "redrive dead letters": Deed(_redrive, 2),
    "message comes again": Deed(_message_again, 0.8),
}
