"""A simulated run whose accounts are put back at its end to an earlier step, and the steps of docs/restore.md.

Stripe stays as it is, and so does the ledger, or it is put back as well, to the same step or a later one: then what was
spent and given by hand since is gone, and users have it again. What `plumb restore mend` takes in from Stripe's lists
is done here from what is known of the run: the owners of customers made since, and their orders. Nobody else is under
way, and nothing strikes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from random import Random
from typing import Any, cast

from billing.adapters.dynamodb.undone_store import DynamoUndone
from billing.domain.account import Account
from billing.domain.ids import CustomerId, UserId
from billing.services.rebuild_account import RebuildDeps, rebuild_account
from tests.simulation import compare, rest
from tests.simulation.actors.operators import resynced
from tests.simulation.run import live
from tests.simulation.stores.tables import Key, Row
from tests.simulation.world.simulation import USERS, Simulation
from tests.simulation.world.system import TABLES
from tests.simulation.world.watch import plain, plain_item

_MARGIN = 600.0
_KEPT = ("ORDER#",)
"""What is written again before anything else, from Stripe's sessions."""


class Remembering(Simulation):
    """A world that keeps its accounts and its ledger as they were before each step."""

    then: tuple[Mapping[Key, Row], float]
    """The accounts that will be put back, and of when they are."""
    ledger: Mapping[Key, Row] | None = None
    """The ledger that will be, if it is put back as well."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.before: list[tuple[Mapping[Key, Row], Mapping[Key, Row], float]] = []

    @property
    def step(self) -> int:
        return self.scheduler.step

    @step.setter
    def step(self, number: int) -> None:
        self.scheduler.step = number
        if number:  # not at rest
            tables = self.dynamo.tables
            self.before.append((dict(tables["accounts"].rows), dict(tables["ledger"].rows), self.scheduler.now))


def restored(seed: int) -> Simulation:
    """Run a seed, put its accounts back, of every other seed its ledger, too, mend, and hold the end to the oracle.
    Raises Violation.
    """
    sim = Remembering(seed)
    live(sim)
    chance = Random(seed)  # not the run's own: until its end it is the run of this seed
    back = chance.randrange(len(sim.before))
    accounts, _, at = sim.before[back]
    sim.then = accounts, at
    if seed % 2 == 0:
        _, sim.ledger, _ = sim.before[chance.randrange(back, len(sim.before))]
    rest.come_to_rest(sim)
    put_back(sim)
    mend(sim)
    compare.held_to_oracle(sim, "after a restore")
    entries = {user: len(sim.journal.entries.get(user, [])) for user in USERS}
    mend(sim)
    assert entries == {user: len(sim.journal.entries.get(user, [])) for user in USERS}, "a second mending wrote entries"
    return sim


def put_back(sim: Remembering) -> None:
    """The accounts are as they were; Redis and the records of events since are forgotten."""
    then, at = sim.then
    now = dict(sim.dynamo.tables["accounts"].rows)
    for key in now.keys() - then.keys():
        if not str(key).startswith(_KEPT):
            _write(sim, {"Delete": {"TableName": "accounts", "Key": {"pk": {"S": key}}}})
    for key, row in then.items():
        if now.get(key) is not row:
            _write(sim, {"Put": {"TableName": "accounts", "Item": row.item}})
    for key, row in list(sim.dynamo.tables["events"].rows.items()):
        if datetime.fromisoformat(plain(row.item["recorded_at"])).timestamp() >= at - _MARGIN:
            _write(sim, {"Delete": {"TableName": "events", "Key": {"id": {"S": key}}}})
            sim.watch.outcomes.pop(str(key), None)
    if sim.ledger is not None:
        _put_ledger_back(sim, sim.ledger)
    sim.redis.flush()
    _unlearn(sim)


def _put_ledger_back(sim: Simulation, then: Mapping[Key, Row]) -> None:
    """Entries since are nowhere any more: what was told of them is as if it had never been."""
    for key in sim.dynamo.tables["ledger"].rows.keys() - then.keys():
        user, entry = cast("tuple[str, str]", key)
        _write(sim, {"Delete": {"TableName": "ledger", "Key": {"user": {"S": user}, "entry": {"S": entry}}}})
    for user in USERS:
        kept = [entry for entry in sim.journal.entries.get(user, []) if (user, entry["entry"]) in then]
        sim.journal.entries[user] = kept
        sim.watch.sums[user] = sum(entry["amount"] for entry in kept)


def mend(sim: Simulation) -> None:
    """Rebuild, give customers back, resync."""
    deps = RebuildDeps(
        sim.system.credits,
        sim.system.reading().ledger,
        DynamoUndone(cast("Any", sim.dynamo), TABLES),
        sim.system.converge.clock,
    )
    for user in USERS:
        rest.done(sim, "operator", f"rebuild-{user}-{sim.calls}", partial(rebuild_account, UserId(user), "jo", deps))
    for customer, user in sim.watch.owners.items():
        if sim.raw("accounts", f"CUSTOMER#{customer}") is None:
            rest.done(sim, "operator", f"own-{customer}", partial(_own, sim, customer, user))
    for user in USERS:
        rest.done(sim, "operator", f"resync-{user}-{sim.calls}", partial(resynced, sim, UserId(user)))
    rest.settle(sim, delivering=False)


def _own(sim: Simulation, customer: str, user: str) -> None:
    accounts = sim.system.accounts
    account = accounts.load(UserId(user), []).account
    if account.version == 0:
        account = accounts.open_account(Account(UserId(user)))
    assert accounts.own_customers(account, [CustomerId(customer)]) is not None


def _unlearn(sim: Simulation) -> None:
    """What is watched begins again from the tables: all that was granted since is granted once more."""
    watch = sim.watch
    watch.sessions.clear()
    watch.granted.clear()
    for user in USERS:
        item = sim.raw("accounts", f"ACCOUNT#{user}")
        account: dict[str, Any] = (
            plain_item(item) if item is not None else {"version": 0, "lots": [], "reservations": []}
        )
        entries = sim.journal.entries.get(user, [])
        newest = entries[-1]["version"] if entries else 0
        ahead = newest > account["version"] or watch.sums[user] != account.get("balance", 0)
        watch.versions[user] = max(newest, account["version"]) if ahead else account["version"]
        watch.counted.known[user] = account.get("stripe_version", 0)
        watch.promised.begins(user, account)
        watch.lots[user] = {(lot["purchase"], lot["line"]): lot["granted"] for lot in account["lots"]}
    for key, row in sim.dynamo.tables["accounts"].rows.items():
        if str(key).startswith("LOT#"):
            lot = plain_item(row.item)
            watch.lots[str(key).split("#")[1]][lot["purchase"], lot["line"]] = lot["granted"]


def _write(sim: Simulation, write: dict[str, Any]) -> None:
    sim.dynamo.transact_write_items(TransactItems=[write])
