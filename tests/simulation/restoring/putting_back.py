"""The tables as they were at an earlier step, and what is watched and known of them since then forgotten."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, cast

from tests.simulation.world.moments import Moment, Rows
from tests.simulation.world.simulation import USERS, Simulation
from tests.simulation.world.watch import plain, plain_item


@dataclass
class Drill:
    """A system whose tables are put back."""

    sim: Simulation
    since: float
    """The moment to which accounts or events are put back, in Unix seconds."""
    forgotten: dict[str, str] = field(default_factory=dict)
    """The events whose records are gone, with their types."""

    def forget_events(self) -> None:
        """Records of events that are gone are none any more."""
        watch, journal = self.sim.watch, self.sim.journal
        for event in watch.outcomes.keys() - self.sim.dynamo.tables["events"].rows.keys():
            del watch.outcomes[event]
            self.forgotten[event] = journal.accepted.pop(event, "")


def put_back(drill: Drill, then: Moment, ledger: Moment | None, which: Collection[str]) -> None:
    """These tables are as they were, the ledger at a moment of its own. Redis knows nothing."""
    sim = drill.sim
    if "accounts" in which:
        _put_accounts_back(sim, then.tables["accounts"])
    if "events" in which:
        _put_events_back(sim, then.tables["events"])
        drill.forget_events()
    if ledger is not None:
        _put_ledger_back(sim, ledger.tables["ledger"])
    sim.redis.flush()
    if "accounts" in which:
        _unlearn(sim)


def _put_accounts_back(sim: Simulation, then: Rows) -> None:
    now = dict(sim.dynamo.tables["accounts"].rows)
    for key in now.keys() - then.keys():
        _write(sim, {"Delete": {"TableName": "accounts", "Key": {"pk": {"S": key}}}})
    for key, row in then.items():
        if now.get(key) is not row:
            _write(sim, {"Put": {"TableName": "accounts", "Item": row.item}})


def _put_events_back(sim: Simulation, then: Rows) -> None:
    for key in sim.dynamo.tables["events"].rows.keys() - then.keys():
        _write(sim, {"Delete": {"TableName": "events", "Key": {"id": {"S": key}}}})
    for key, row in then.items():
        _write(sim, {"Put": {"TableName": "events", "Item": row.item}})
        sim.watch.outcomes[str(key)] = plain(row.item["outcome"])


def _put_ledger_back(sim: Simulation, then: Rows) -> None:
    """Entries since are nowhere any more: what was told of them is as if it had never been."""
    for key in sim.dynamo.tables["ledger"].rows.keys() - then.keys():
        user, entry = cast("tuple[str, str]", key)
        _write(sim, {"Delete": {"TableName": "ledger", "Key": {"user": {"S": user}, "entry": {"S": entry}}}})
    for user in USERS:
        kept = [entry for entry in sim.journal.entries.get(user, []) if (user, entry["entry"]) in then]
        sim.journal.entries[user] = kept
        sim.watch.sums[user] = sum(entry["amount"] for entry in kept)


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
    for user, lots in watch.lots.items():
        for (purchase, _), granted in lots.items():
            if not purchase.startswith("adj_"):
                watch.granted[user, purchase.split("#", 1)[0]] += granted
    _forget_owners_and_orders(sim)


def _forget_owners_and_orders(sim: Simulation) -> None:
    """What was written since is not written any more. A customer that somebody else has made is nobody's again."""
    rows, journal = sim.dynamo.tables["accounts"].rows, sim.journal
    sim.watch.owners = {name: user for name, user in sim.watch.owners.items() if f"CUSTOMER#{name}" in rows}
    journal.sold.orders = {name: order for name, order in journal.sold.orders.items() if f"ORDER#{name}" in rows}
    for name in journal.foreign.keys() - sim.watch.owners.keys():
        journal.owners[name] = None
        journal.taken.pop(name, None)


def _write(sim: Simulation, write: dict[str, Any]) -> None:
    sim.dynamo.transact_write_items(TransactItems=[write])
