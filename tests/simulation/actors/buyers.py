"""Buyers: they choose, pay on Stripe's page, come back to the success page or do not, in one tab or in two."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from billing.domain.ids import UserId
from billing.services.find_price import PriceRef
from billing.services.start_checkout import CheckoutRequest, LineRequest, start_checkout
from billing.services.sync_after_checkout import redirect_after_checkout, sync_after_checkout
from local.stripe.engine.buyers.instruments import CARDS, IBANS, Instrument
from local.stripe.engine.checkout import hosted_checkout
from local.stripe.engine.checkout.checkout_buyer import Buyer
from local.stripe.engine.world import Obj
from tests.simulation.actors.deeds import Deed
from tests.simulation.world.catalog import PACKS, PLANS
from tests.simulation.world.chance import Weights
from tests.simulation.world.scheduler import Task
from tests.simulation.world.simulation import USERS, Simulation

_WISHES = Weights(
    {"pack": 4, "pack_expiring": 3, "pass": 2, "bundle": 3, "pro_monthly": 4, "team_monthly": 3, "pro_yearly": 1}
)
assert set(_WISHES.names) == {*PACKS, *PLANS}

_INSTRUMENTS: dict[str, Instrument] = {
    "good card": CARDS["4242424242424242"],
    "refused card": CARDS["4000000000000002"],
    "card with 3-D Secure": CARDS["4000002500003155"],
    "card that fails later": CARDS["4000000000000341"],
    "bank debit": IBANS["AT611904300234573201"],
    "bank debit that fails": IBANS["AT861904300235473202"],
    "slow bank debit": IBANS["AT321904300235473204"],
}
_PAYING = Weights(dict(zip(_INSTRUMENTS, (12, 1, 1, 1.5, 1, 1, 1), strict=True)))


def user_of(sim: Simulation) -> UserId:
    """Who does this deed."""
    return UserId(USERS[0] if sim.focus else sim.chance.one((sim.step, "who"), USERS))


def _checkout(sim: Simulation, tabs: int) -> bool:
    user, wish = user_of(sim), sim.chance.of((sim.step, "wish"), _WISHES)
    quantity = 1 + sim.chance.number((sim.step, "quantity"), 3) if wish in PACKS else 1
    for tab in range(tabs):
        _tab(sim, user, wish, quantity, f"{sim.step}{'ab'[tab]}")
        if tab + 1 < tabs and sim.chance.happens((sim.step, "another wish"), 0.5):
            wish = sim.chance.one((sim.step, "other"), PLANS if wish in PLANS else PACKS)
    return True


def _tab(sim: Simulation, user: UserId, wish: str, quantity: int, label: str) -> None:
    request = CheckoutRequest(user, f"{user}@example.com", (LineRequest(PriceRef(lookup_key=wish), quantity),))

    def ended(task: Task) -> None:
        if task.result is not None:
            sim.journal.handed_out[task.result.id] = user
        sim.tell(f"{task.name}: {user}'s checkout of {quantity} x {wish} ended with {told(task)}")

    sim.begin("create_checkout", label, lambda: start_checkout(request, sim.system.checkout()), ended)


def told(task: Task) -> str:
    """How an invocation ended, in a word."""
    if task.crashed:
        return "a crash"
    if task.error is not None:
        return f"{type(task.error).__name__}: {task.error}"
    return str(getattr(task.result, "id", "an answer"))


def sessions(sim: Simulation, *states: str) -> list[Obj]:
    """The checkout sessions whose address somebody was given, in one of these states."""
    found = (sim.engine.world.find(id) for id in sim.journal.handed_out)
    return [each for each in found if each is not None and (not states or each["status"] in states)]


def _pay(sim: Simulation) -> bool:
    sim.engine.tick()
    found = sessions(sim, "open")
    if not found:
        return False
    session = sim.chance.one((sim.step, "session"), found)
    paying = sim.chance.of((sim.step, "instrument"), _PAYING)
    user = sim.journal.handed_out[session["id"]]
    instrument = _INSTRUMENTS[paying]
    if instrument.kind not in session["payment_method_types"]:
        instrument = _INSTRUMENTS["good card"]
    outcome = hosted_checkout.submit(sim.engine.world, session, instrument, Buyer(user, f"{user}@example.com"))
    if outcome.step == "authenticate":
        outcome = hosted_checkout.authenticate(sim.engine.world, session, passed=True)
    sim.tell(f"{user} paid {session['id']} with a {paying}: {outcome.step}")
    return True


def _return(sim: Simulation, page: Callable[[Simulation, str, UserId], Any]) -> bool:
    found = sessions(sim)
    if not found:
        return False
    session = sim.chance.one((sim.step, "session"), found)["id"]
    user = UserId(sim.journal.handed_out[session])
    sim.begin(
        "success_sync",
        f"{sim.step}",
        lambda: page(sim, session, user),
        lambda task: sim.tell(f"{task.name}: the success page of {session} ended with {told(task)}"),
    )
    return True


def _asked(sim: Simulation, session: str, user: UserId) -> Any:
    return sync_after_checkout(user, session, sim.system.success())


def _redirected(sim: Simulation, session: str, user: UserId) -> None:
    redirect_after_checkout(session, sim.system.success())


DEEDS = {
    "checkout": Deed(lambda sim: _checkout(sim, 1), 3.5),
    "checkout in two tabs": Deed(lambda sim: _checkout(sim, 2), 1),
    "pay": Deed(_pay, 6),
    "success page asks": Deed(lambda sim: _return(sim, _asked), 2),
    "success page redirects": Deed(lambda sim: _return(sim, _redirected), 1),
}
