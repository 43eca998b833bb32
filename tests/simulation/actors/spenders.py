"""The team's services, which spend credits: each request is sent again under its key until it is answered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from billing.domain.ids import UserId
from billing.errors import BillingError, MalformedObject, Retryable
from billing.services.adjust_credits import adjust_credits
from billing.services.perform_once import CreditDeps, Performed
from billing.services.reserve_credits import capture_reservation, release_reservation, reserve_credits
from billing.services.spend_credits import reverse_spend, spend_credits
from local.stripe.engine.payments import refunds
from tests.simulation.actors.buyers import told, user_of
from tests.simulation.actors.deeds import Deed
from tests.simulation.actors.machines import consume, deliver_all
from tests.simulation.actors.settling import begin_settling
from tests.simulation.actors.weather import long_time
from tests.simulation.world.chance import Weights
from tests.simulation.world.journal import Request
from tests.simulation.world.scheduler import Task
from tests.simulation.world.simulation import Simulation
from tests.simulation.world.watch import plain_item

_AMOUNTS = Weights({"7": 3, "1": 1, "30": 3, "60": 2, "95": 2, "250": 0.5})
_LIVES = Weights({"600": 2, "30": 1, "7200": 1, "86400": 1})
_HOUR = 3600
_BEHIND = 20.0
_GIFTS = 9
_RETRIES = 2

type Act = Callable[[UserId, str, dict[str, Any], CreditDeps], Performed]

ACTS: dict[str, Act] = {
    "spend": lambda user, key, given, deps: spend_credits(user, given["amount"], "work", None, key, "worker", deps),
    "reverse": lambda user, key, given, deps: reverse_spend(user, given["entry"], "failed", key, "worker", deps),
    "reserve": lambda user, key, given, deps: reserve_credits(
        user, given["amount"], given["seconds"], None, key, "worker", deps
    ),
    "capture": lambda user, key, given, deps: capture_reservation(
        user, given["reservation"], given["amount"], "work", key, "worker", deps
    ),
    "release": lambda user, key, given, deps: release_reservation(user, given["reservation"], key, "worker", deps),
    "adjust": lambda user, key, given, deps: adjust_credits(
        user, given["amount"], "goodwill", "operator", key, None, deps
    ),
}


def send(sim: Simulation, request: Request, label: str, retries: int = 0) -> None:
    """Send a request, for the first time or again. Who gets no answer may ask again at once, with the same key.

    A refusal tells what was so when its invocation read: it settles nothing while another may have been at it
    since, whose answer nobody got.
    """
    request.under_way += 1
    unknown_before = request.unknown
    if request.answer != "done":
        request.answer = None  # a refusal is not kept: what is sent again may be done this time
    user = UserId(request.user)

    def ended(task: Task) -> None:
        request.under_way -= 1
        if isinstance(task.error, MalformedObject):
            raise sim.violation(f"{task.name}: what is stored of {user} can't be read: {task.error}")
        if task.result is not None:
            _answered(sim, request, task.result)
        elif not _refused(task):
            request.unknown += 1
        elif request.answer is None and not request.under_way and request.unknown == unknown_before:
            request.answer = type(task.error).__name__
        sim.tell(f"{task.name}: {request.act} {dict(request.given)} of {user} under {request.key}: {_said(task)}")
        unanswered = task.result is None and not _refused(task) and not sim.gate.healed
        if unanswered and retries < _RETRIES and sim.chance.happens((task.name, "at once"), 0.6):
            send(sim, request, f"{label}+", retries + 1)

    sim.begin(
        "credits",
        label,
        lambda: ACTS[request.act](user, request.key, dict(request.given), sim.system.spending()),
        ended,
    )


def _refused(task: Task) -> bool:
    return isinstance(task.error, BillingError) and not isinstance(task.error, Retryable)


def _answered(sim: Simulation, request: Request, done: Performed) -> None:
    receipt = done.receipt
    entry = receipt.entry.key if receipt.entry is not None else None
    if request.answer == "done" and entry != request.entry:
        raise sim.violation(f"{request.key} was told of {request.entry}, and now of {entry}")
    request.answer, request.entry = "done", entry
    if receipt.reservation is not None:
        request.reservation = receipt.reservation.id


def _said(task: Task) -> str:
    done = task.result
    if done is None:
        return told(task)
    entry = done.receipt.entry
    again = ", as before" if done.replayed else ""
    return f"done{again}, entry {entry.key if entry is not None else None}, {done.receipt.credits.balance} are left"


def _new(sim: Simulation, user: str, act: str, given: dict[str, Any], side: str = "", key: str = "") -> bool:
    """A request, under a key of its own if none is given."""
    label = f"{sim.step}{side}"
    request = Request(key or f"key-{label}", user, act, given)
    sim.journal.requests[label] = request
    send(sim, request, label)
    return True


def _amount(sim: Simulation) -> int:
    return int(sim.chance.of((sim.step, "amount"), _AMOUNTS))


def _account(sim: Simulation, user: str) -> dict[str, Any]:
    item = sim.raw("accounts", f"ACCOUNT#{user}")
    return plain_item(item) if item is not None else {"balance": 0, "lots": [], "reservations": []}


def _limit(sim: Simulation, user: str) -> int:
    """All that there is, all that nobody has reserved, or one more: what is wrong by one is wrong there."""
    if not sim.chance.happens((sim.step, "to the limit"), 0.3):
        return _amount(sim)
    account = _account(sim, user)
    free = account["balance"] - sum(each["amount"] for each in account["reservations"])
    return max(1, sim.chance.one((sim.step, "limit"), (free, free + 1, account["balance"])))


def _spend(sim: Simulation) -> bool:
    user = user_of(sim)
    return _new(sim, user, "spend", {"amount": _limit(sim, user)})


def _reserve(sim: Simulation) -> bool:
    user, seconds = user_of(sim), int(sim.chance.of((sim.step, "seconds"), _LIVES))
    return _new(sim, user, "reserve", {"amount": _limit(sim, user), "seconds": seconds})


def _adjust(sim: Simulation) -> bool:
    sign = -1 if sim.chance.happens((sim.step, "takes"), 0.3) else 1
    return _new(sim, user_of(sim), "adjust", {"amount": sign * _amount(sim)})


def _of_earlier(sim: Simulation, act: str) -> Request | None:
    found = [each for each in sim.journal.requests.values() if each.act == act and each.answer == "done"]
    return sim.chance.one((sim.step, "earlier"), found) if found else None


def _reverse(sim: Simulation) -> bool:
    found = _of_earlier(sim, "spend")
    return found is not None and _new(sim, found.user, "reverse", {"entry": found.entry})


def _capture(sim: Simulation) -> bool:
    found = _of_earlier(sim, "reserve")
    if found is None:
        return False
    held = found.given["amount"]
    part = sim.chance.one((sim.step, "part"), (None, None, 1 + held // 2, held + 1))
    return _new(sim, found.user, "capture", {"reservation": found.reservation, "amount": part})


def _release(sim: Simulation) -> bool:
    found = _of_earlier(sim, "reserve")
    return found is not None and _new(sim, found.user, "release", {"reservation": found.reservation})


def _again(sim: Simulation) -> bool:
    """A request whose answer was lost is sent again, and now and then one that was answered."""
    requests = list(sim.journal.requests.values())
    unknown = [each for each in requests if each.answer is None]
    found = unknown if unknown and not sim.chance.happens((sim.step, "any"), 0.3) else requests
    if not found:
        return False
    send(sim, sim.chance.one((sim.step, "request"), found), f"{sim.step}")
    return True


def _spend_twice(sim: Simulation) -> bool:
    """A client that does not wait: the same request under the same key, two or three times at once."""
    _spend(sim)
    request = sim.journal.requests[f"{sim.step}"]
    for side in "bc"[: 1 + sim.chance.number((sim.step, "more"), 2)]:
        send(sim, request, f"{sim.step}{side}")
    return True


def _one_key(sim: Simulation) -> bool:
    """Two different requests under one key, at once: one of them is done, and no other is under that key (F25)."""
    user, amount = user_of(sim), _amount(sim)
    _new(sim, user, "spend", {"amount": amount}, "a", f"key-{sim.step}")
    return _new(sim, user, "spend", {"amount": amount + 1}, "b", f"key-{sim.step}")


def _burst(sim: Simulation) -> bool:
    """Several services spend of one user at once."""
    user, amount = user_of(sim), _amount(sim)
    for number, side in enumerate("abcd"[: 2 + sim.chance.number((sim.step, "services"), 3)]):
        _new(sim, user, "spend", {"amount": amount + number}, side)
    return True


def _undo_twice(sim: Simulation) -> bool:
    """Two services undo the same spend, each under a key of its own."""
    found = _of_earlier(sim, "spend")
    if found is None:
        return False
    for side in "ab":
        _new(sim, found.user, "reverse", {"entry": found.entry}, side)
    return True


def _expiry(sim: Simulation, user: str, within: float) -> float | None:
    """When the next credits of a user run out, but none within so many seconds."""
    ends = [datetime.fromisoformat(each["expires_at"]).timestamp() for each in _lots(sim, user) if each["expires_at"]]
    return min((end for end in ends if end > sim.scheduler.now + within), default=None)


def _lots(sim: Simulation, user: str) -> list[dict[str, Any]]:
    lots: list[dict[str, Any]] = _account(sim, user)["lots"]
    return lots


def _at_expiry(sim: Simulation) -> bool:
    """Credits are spent at the second at which they run out; and when it is written that they are gone, by a machine
    whose clock is behind (F29).
    """
    user = user_of(sim)
    coming = _expiry(sim, user, 0.0)
    if coming is None:
        return False
    if not long_time(sim, coming - sim.scheduler.now):
        return True
    sim.tell(f"credits of {user} run out at this second")
    _new(sim, user, "spend", {"amount": 1})
    if sim.gate.mood != "calm":
        sim.scheduler.run(sim.scheduler.tasks[-1])
        sim.scheduler.run(begin_settling(sim, f"{sim.step}"))
        _new(sim, user, "spend", {"amount": 1}, "b")
        sim.scheduler.tasks[-1].skew = -_BEHIND
    return True


def many_lots(sim: Simulation) -> None:
    """Before the run begins all that a user has bought is reserved, and many small gifts were made and spent: lots of
    which nothing is left leave the account, but none that is held (money rule 17).
    """
    user = user_of(sim)
    bought = _account(sim, user)["balance"]
    sim.gate.healed = True
    if bought:
        _new(sim, user, "reserve", {"amount": bought, "seconds": 86400}, "reserved")
    sim.scheduler.now += 60.0  # the oldest lots leave first
    for number in range(_GIFTS):
        _new(sim, user, "adjust", {"amount": 1}, f"gift{number}")
        sim.scheduler.finish()
    sim.gate.healed = sim.gate.mood in ("calm", "busy")
    _new(sim, user, "spend", {"amount": _GIFTS}, "spent")
    if not sim.gate.healed:
        sim.strike_at_write(sim.scheduler.tasks[-1], 2)
    sim.scheduler.finish()
    sim.gate.healed = True
    if sim.chance.happens((sim.step, "undone"), 0.5):
        _undone_as_lots_leave(sim, user)
    if bought and sim.chance.happens((sim.step, "all back"), 0.5):
        (charge,) = sim.engine.world.all("charge")
        refunds.make(sim.engine.world, charge)
        sim.tell(f"all of {charge['id']} goes back, while what it has paid for is reserved")
        deliver_all(sim, f"{sim.step}-back")
        consume(sim, f"{sim.step}-back", 10)
        sim.scheduler.finish()
    sim.gate.healed = False


def _undone_as_lots_leave(sim: Simulation, user: str) -> None:
    """The spend is undone. Its lots are read, and then the account, out of which one of them has gone meanwhile: a
    batch is read in parts, in any order (money rule 20).
    """
    spent = sim.journal.requests[f"{sim.step}spent"].entry
    if spent is None:
        return
    _new(sim, user, "reverse", {"entry": spent}, "undone")
    undone = sim.scheduler.tasks[-1]
    undone.reads_in_parts, undone.stalls_for = True, 2
    sim.gate.healed, sim.gate.mood, mood = False, "calm", sim.gate.mood
    sim.scheduler.run(undone)
    sim.gate.healed, sim.gate.mood = True, mood
    for act in ("adjust", "spend"):
        _new(sim, user, act, {"amount": 1}, f"{act} meanwhile")
        sim.scheduler.run(sim.scheduler.tasks[-1])
    sim.scheduler.finish()


def _held_over_expiry(sim: Simulation) -> bool:
    """Credits are reserved shortly before they run out, and their day comes while they are held (money rule 16)."""
    user = user_of(sim)
    coming = _expiry(sim, user, _HOUR)
    if coming is None:
        return False
    if long_time(sim, coming - _HOUR - sim.scheduler.now):
        _new(sim, user, "reserve", {"amount": _amount(sim), "seconds": 2 * _HOUR})
        long_time(sim, _HOUR + 60.0)
        sim.tell(f"credits of {user} have run out while some of them may be reserved")
    return True


DEEDS = {
    "spend": Deed(_spend, 4),
    "spend twice at once": Deed(_spend_twice, 1.5),
    "two requests of one key": Deed(_one_key, 0.6),
    "spend in a burst": Deed(_burst, 1),
    "undo a spend twice at once": Deed(_undo_twice, 0.6),
    "reserve before an expiry": Deed(_held_over_expiry, 0.8),
    "spend at an expiry": Deed(_at_expiry, 0.8),
    "reserve": Deed(_reserve, 1.5),
    "capture": Deed(_capture, 1.2),
    "release": Deed(_release, 0.6),
    "undo a spend": Deed(_reverse, 0.8),
    "adjust": Deed(_adjust, 0.6),
    "send again": Deed(_again, 1.5),
}
