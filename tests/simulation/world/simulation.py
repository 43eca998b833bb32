"""One simulated world: Stripe, the services of AWS and Upstash, the system over them, and what people know of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from billing.domain.terms import SellingPolicy
from local.stripe.engine.invoices.invoice_effects import LAST_REFUSAL
from tests.simulation.faults import AT_A_WRITE, MOODS
from tests.simulation.stores.dynamo import Dynamo
from tests.simulation.stores.redis import Redis
from tests.simulation.world.catalog import SECRET, template
from tests.simulation.world.chance import Chance, Name, Weights
from tests.simulation.world.clients import GatedDynamo, GatedQueue, GatedRedis, GatedSecrets
from tests.simulation.world.deliveries import Deliveries
from tests.simulation.world.gate import Gate
from tests.simulation.world.journal import Journal
from tests.simulation.world.late import Late
from tests.simulation.world.moments import Moment, moment_of
from tests.simulation.world.queueing import Shuffled, queues
from tests.simulation.world.quiet import Alarmed, Drawn
from tests.simulation.world.scheduler import Scheduler, Task, TaskClock
from tests.simulation.world.stripe import SimulatedClient, renewed
from tests.simulation.world.system import WEBHOOK_SECRET, Clients, System, look_once
from tests.simulation.world.tables import DEFINITIONS
from tests.simulation.world.watch import Violation, Watch

USERS = ("alice", "bob")
LIMITS: Mapping[str, float] = {
    "create_checkout": 20.0,
    "success_sync": 20.0,
    "webhook": 10.0,
    "event_consumer": 30.0,
    "account": 20.0,
    "credits": 20.0,
    "subscriptions": 20.0,
    "reconcile": 60.0,
    "catch_up": 300.0,
    "operator": 900.0,
}
"""Seconds after which Lambda ends an invocation, as template.yaml has them; `operator` is plumb, which nobody ends."""


class Simulation:
    """Everything there is in one run."""

    def __init__(self, seed: int, tape: Mapping[Name, int] | None = None) -> None:
        self.chance = Chance(seed, tape)
        self.story: list[str] = []
        self.scheduler = Scheduler()
        self.gate = Gate(self.scheduler, self.chance, self.tell)
        self.engine = renewed(template(), lambda: self.scheduler.now)
        self.engine.world.settings[LAST_REFUSAL] = self.chance.one(("last refusal",), ("cancel", "unpaid", "past_due"))
        self.late = Late(self.chance, self.scheduler)
        self.dynamo = Dynamo(DEFINITIONS, chances=self.late)
        self.shuffled = Shuffled(self.chance)
        self.queue = queues(lambda: self.scheduler.now, self.shuffled)
        self.secrets: dict[str, dict[str, Any]] = {WEBHOOK_SECRET: {"secrets": [SECRET]}}
        self.journal = Journal()
        self.watch = Watch(self.journal)
        self.watch.now = lambda: self.scheduler.now
        self.watch.froze = self._froze
        self.watch.stripe_version = self._stripe_version
        self.watch.adopting = self.chance.happens(("adopting",), 0.5)
        self.redis = Redis(lambda: self.scheduler.now, self.watch.replaced)
        self.gate.flush = self.redis.flush
        clock = TaskClock(self.scheduler)
        self.trial_credits = self.chance.happens(("trial credits",), 0.3)
        self.log = Alarmed()
        self.system = System(
            Clients(
                GatedDynamo(self.dynamo, self.gate, self.watch.written),
                GatedQueue(self.queue, self.gate),
                GatedRedis(self.redis, self.gate),
                GatedSecrets(self.secrets, self.gate),
                SimulatedClient(self.engine, self.gate, self._made),
                clock,
                Drawn(self.scheduler),
                self.log,
                lambda: self.scheduler.now,
            ),
            SellingPolicy(
                max_quantity=10,
                trial_days=self.chance.one(("trial days",), (0, 0, 7)),
                adopt_customers=self.watch.adopting,
                promotion_codes=self.chance.happens(("promotion codes",), 0.5),
            ),
            trial_credits=self.trial_credits,
        )
        look_once(self.dynamo, self.system, clock.now())
        self.deliveries = Deliveries(self.engine, self.scheduler)
        self.moments: list[Moment] = []
        """The tables before each step: to one of these they may be put back."""
        self.calls = 0
        self.deeds = 0
        self.theme = self.chance.one(("theme",), ("everything", "money back", "plans", "spending", "buying"))
        """What happens more often than in other runs."""
        self.gate.mood = self.chance.one(("mood",), MOODS)
        self.late.orderly = self.gate.mood == "calm"
        self.focus = self.chance.happens(("focus",), 0.4)
        """Whether all is about one user, so that more of it meets."""

    @property
    def step(self) -> int:
        """The number of the deed."""
        return self.scheduler.step

    @step.setter
    def step(self, number: int) -> None:
        self.scheduler.step = number
        if number:  # not at rest
            self.moments.append(moment_of(self.dynamo, number, self.scheduler.now))

    def tell(self, sentence: str) -> None:
        """Add a sentence to the story of the run."""
        self.story.append(f"[{self.step}] {sentence}")

    def raw(self, table: str, key: str) -> Mapping[str, Any] | None:
        """An item as it is stored, read by nobody's code."""
        found: Mapping[str, Any] | None = self.dynamo.get_item(
            TableName=table, Key={"pk": {"S": key}}, ConsistentRead=True
        ).get("Item")
        return found

    def _made(self, session: str) -> None:
        task = self.scheduler.current
        if task is not None:
            self.journal.made.setdefault(task.name, set()).add(session)

    def _stripe_version(self, user: str) -> int:
        return int(self.dynamo.tables["accounts"].rows[f"ACCOUNT#{user}"].item["stripe_version"]["N"])

    def _froze(self, order: Mapping[str, Any]) -> None:
        prices = [*self.engine.world.all("price"), *self.journal.sold.gone]
        today = {price["id"]: price["metadata"] for price in prices}
        task = self.scheduler.current
        wrong = self.journal.sold.froze(order, today, task.begun if task is not None else self.step)
        if wrong is not None:
            raise self.violation(wrong)

    def violation(self, what: str) -> Violation:
        """The error for something that must not be."""
        return Violation(what)

    def begin(
        self, function: str, label: str, work: Callable[[], Any], ended: Callable[[Task], None] = lambda task: None
    ) -> Task:
        """Begin an invocation of a function. `label` tells it from all others of the run."""
        name = f"{function}/{label}"
        self.calls += 1
        skew = 0.0
        if self.gate.mood in ("faulty", "fierce") and not self.gate.healed:
            skew = float(self.chance.one((name, "skew"), _SKEWS))

        def over(task: Task) -> None:
            if task.crashed:
                self.system.restarted(function)
            if task.crashed or task.error is not None:
                self.journal.cut_short.add(function)
            ended(task)

        task = self.scheduler.begin(name, work, over, LIMITS[function], skew)
        if self.gate.mood in ("busy", "fierce") and not self.gate.healed:
            self._preempt(task)
        if self.gate.mood in ("faulty", "fierce") and not self.gate.healed:
            self._doom(task, function)
        return task

    def _doom(self, task: Task, function: str) -> None:
        """Let an invocation be struck at one of its writes, or the consumer wait for a call longer than it may."""
        if not self.chance.happens((task.name, "doomed"), _DOOMED):
            return
        if function == "event_consumer" and self.chance.happens((task.name, "sticks"), 0.25):
            task.struck, task.struck_past = "stuck", self.chance.number((task.name, "stuck at"), _STICKS)
            return
        self.strike_at_write(task, _WRITES.get(function, 2))

    def strike_at_write(self, task: Task, writes: int) -> None:
        """Let something strike at one of an invocation's first writes."""
        task.struck, task.struck_at = self.chance.one((task.name, "struck by"), AT_A_WRITE), "transact_write_items"
        task.struck_past = self.chance.number((task.name, "struck at"), writes)

    def _preempt(self, task: Task) -> None:
        """Let an invocation stand still once, before any of its calls. What needs one such moment is found by few runs
        then (Burckhardt et al., A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs:
        https://doi.org/10.1145/1735970.1736040).
        """
        if not self.chance.happens((task.name, "preempted"), _PREEMPTED):
            return
        where = self.chance.of((task.name, "preempted where"), _WHERE)
        if where == "in a batch":
            task.reads_in_parts = True
        elif where == "at a call":
            task.stalls_at = 1 + self.chance.number((task.name, "preempted at"), _CALLS)
        else:
            task.stalls_before = "transact_write_items"
            task.stalls_past = self.chance.number((task.name, "writes before"), _WRITES.get(task.name.split("/")[0], 1))
        task.stalls_for = 1 + self.chance.number((task.name, "preempted for"), 4)


_PREEMPTED = 0.2
_WHERE = Weights({"before a write": 2, "at a call": 1, "in a batch": 1})
_CALLS = 10
_DOOMED = 0.15
_STICKS = 4
_WRITES = {"create_checkout": 4}
"""Most functions write once. A checkout writes the account, its customer, its claim, and its session."""
SLOWEST = 20
"""Seconds by which the clock of a machine may be behind, or ahead."""
_SKEWS = (*[0] * 20, 1, -1, SLOWEST, -SLOWEST)
