"""Buyers: they choose, pay on Stripe's page, come back to the success page or do not, in one tab or in two."""

from __future__ import annotations

from collections.abc import Mapping

from billing.domain.ids import UserId
from billing.errors import BillingError, MalformedObject, Retryable, StripeRefused
from billing.services.find_price import PriceRef
from billing.services.start_checkout import CheckoutRequest, LineRequest, start_checkout
from billing.services.sync_after_checkout import redirect_after_checkout, sync_after_checkout
from local.stripe.engine.buyers.instruments import CARDS, IBANS, Instrument
from local.stripe.engine.catalog import promotion_codes
from local.stripe.engine.checkout import hosted_checkout, page_offers, session_order
from local.stripe.engine.checkout.checkout_buyer import Buyer
from local.stripe.engine.errors import ApiError
from local.stripe.engine.world import Obj
from tests.simulation.actors.deeds import Deed
from tests.simulation.world.catalog import ADDONS, CODES, PACKS, PLANS
from tests.simulation.world.chance import Weights
from tests.simulation.world.scheduler import Task
from tests.simulation.world.simulation import USERS, Simulation
from tests.simulation.world.watch import plain_item

_WISHES = Weights(
    {"pack": 4, "pack_expiring": 3, "pass": 2, "bundle": 3, "pro_monthly": 4, "team_monthly": 3, "pro_yearly": 1}
)
LIVE = frozenset({"trialing", "active", "past_due", "unpaid", "paused"})
"""Statuses of a subscription that a second one of its plan group may not stand beside (money rule 22)."""
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
_FINDS_IT = 40.0
"""Seconds until a buyer has found another card."""
_PAYING = Weights(dict(zip(_INSTRUMENTS, (12, 1.5, 1, 1.5, 1, 1, 1), strict=True)))


def user_of(sim: Simulation) -> UserId:
    """Who does this deed."""
    return UserId(USERS[0] if sim.focus else sim.chance.one((sim.step, "who"), USERS))


def _checkout(sim: Simulation, tabs: int) -> bool:
    user, wish = user_of(sim), sim.chance.of((sim.step, "wish"), _WISHES)
    quantity = 1 + sim.chance.number((sim.step, "quantity"), 3) if wish in PACKS else 1
    if wish in PLANS and sim.chance.happens((sim.step, "several"), 0.2):
        quantity = 2
    unnamed = tabs > 1 and sim.chance.happens((sim.step, "no address"), 0.3)
    for tab in range(tabs):
        lines = {wish: quantity}
        if wish in PLANS and wish != "pro_yearly" and sim.chance.happens((sim.step, "addon", tab), 0.15):
            lines[ADDONS[0]] = 1
        if wish in PACKS and sim.chance.happens((sim.step, "one more line", tab), 0.25):
            lines.setdefault(sim.chance.one((sim.step, "line", tab), PACKS), 1)
        begin_checkout(sim, user, lines, f"{sim.step}{'ab'[tab]}", address=not (tab and unnamed))
        if tab + 1 < tabs and sim.chance.happens((sim.step, "another wish"), 0.5):
            wish = sim.chance.one((sim.step, "other"), PLANS if wish in PLANS else PACKS)
    return True


def begin_checkout(
    sim: Simulation, user: UserId, wishes: Mapping[str, int], label: str, *, address: bool = True
) -> Task:
    """One tab of a user, who wants so many of these. Without `address` the token names none that is verified."""
    lines = tuple(LineRequest(PriceRef(lookup_key=wish), quantity) for wish, quantity in wishes.items())
    request = CheckoutRequest(user, f"{user}@example.com" if address else None, lines)
    had = _plans_of(sim, user)
    sim.journal.wished[user] = wishes

    def ended(task: Task) -> None:
        if task.result is not None:
            sim.journal.handed_out[task.result.id] = user
            beside = had & _plans_of(sim, user)
            if beside and not wishes.keys().isdisjoint(PLANS):
                raise sim.violation(f"{user} may pay for a plan, {task.result.id}, and has one: {sorted(beside)}")
        elif isinstance(task.error, StripeRefused) and task.error.key_reused:
            raise sim.violation(f"{task.name} asks Stripe for two things under one key: {task.error}")
        elif isinstance(task.error, MalformedObject):
            raise sim.violation(f"{task.name} can't read what Stripe has: {task.error}")
        elif isinstance(task.error, BillingError) and not isinstance(task.error, Retryable):
            _nothing_left_open(sim, task)
        said = " and ".join(f"{quantity} x {wish}" for wish, quantity in wishes.items())
        sim.tell(f"{task.name}: {user}'s checkout of {said} ended with {told(task)}")

    return sim.begin("create_checkout", label, lambda: start_checkout(request, sim.system.checkout()), ended)


def _nothing_left_open(sim: Simulation, task: Task) -> None:
    """A checkout that is refused leaves no session behind that can be paid, unless somebody was handed it."""
    for name in sim.journal.made.get(task.name, ()):
        if name not in sim.journal.handed_out and sim.engine.world.need("checkout.session", name)["status"] == "open":
            raise sim.violation(f"{task.name} was refused, {task.error}, and leaves {name} open")


def _plans_of(sim: Simulation, user: UserId) -> set[str]:
    """The live subscriptions of a user, as they are stored."""
    item = sim.raw("accounts", f"ACCOUNT#{user}")
    states = plain_item(item)["subscriptions"] if item is not None else []
    return {state["id"] for state in states if state["status"] in LIVE}


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


def pay(sim: Simulation, this: str | None = None) -> str | None:
    """Pay one of the open sessions, or this one if it still is; which, if there was one."""
    sim.engine.tick()
    found = [each for each in sessions(sim, "open") if this in (None, each["id"])]
    if not found:
        return None
    session = sim.chance.one((sim.step, "session"), found)
    paying = sim.chance.of((sim.step, "instrument"), _PAYING)
    user = sim.journal.handed_out[session["id"]]
    instrument = _INSTRUMENTS[paying]
    _take_an_offer(sim, session)
    _redeem(sim, session)
    if instrument.kind not in session["payment_method_types"]:
        instrument = _INSTRUMENTS["good card"]
    outcome = hosted_checkout.submit(sim.engine.world, session, instrument, Buyer(user, f"{user}@example.com"))
    if outcome.step == "authenticate":
        outcome = hosted_checkout.authenticate(sim.engine.world, session, passed=True)
    elif paying == "refused card" and sim.chance.happens((sim.step, "another card"), 0.5):
        sim.scheduler.now += _FINDS_IT
        outcome = hosted_checkout.submit(
            sim.engine.world, session, _INSTRUMENTS["good card"], Buyer(user, f"{user}@example.com")
        )
    sim.tell(f"{user} paid {session['id']} with a {paying}: {outcome.step}")
    name: str = session["id"]
    _one_trial(sim, user, name)
    return name


def _take_an_offer(sim: Simulation, session: Obj) -> None:
    """What the page offers beside what was ordered is paid with it, by some."""
    world = sim.engine.world
    for offer in page_offers.page_offers(world, session):
        if sim.chance.happens((sim.step, "offer"), 0.3):
            page_offers.take(world, session, offer.price["id"])
            sim.tell(f"{session['id']} is paid with {offer.name} as well, which its page offers")


def _redeem(sim: Simulation, session: Obj) -> None:
    """Some have a promotion code."""
    world = sim.engine.world
    if not session["allow_promotion_codes"] or not sim.chance.happens((sim.step, "has a code"), 0.2):
        return
    code = sim.chance.one((sim.step, "code"), CODES)
    try:
        source = promotion_codes.typed(world, code, session["customer"])
        session_order.redeem(world, session, world.hidden[session["id"]], source)
    except ApiError as refusal:
        sim.tell(f"{code} is refused: {refusal.message}")
        return
    sim.tell(f"{session['id']} is paid with the code {code}: {session['amount_total']} are left")


def _one_trial(sim: Simulation, user: str, name: str) -> None:
    """A user has one trial of all plans there are. Of a customer that was deleted before anybody had looked at it, no
    list of Stripe's tells any more (https://docs.stripe.com/api/customers/delete).
    """
    world = sim.engine.world
    ours = {each["subscription"] for each in sessions(sim) if sim.journal.handed_out[each["id"]] == user}
    tried = [world.need("subscription", each) for each in sorted(ours - {None})]
    tried = [
        each for each in tried if each["trial_start"] and not world.need("customer", each["customer"]).get("deleted")
    ]
    if len(tried) > 1:
        raise sim.violation(f"{user} has paid {name}, and has had several trials: {[each['id'] for each in tried]}")


def _return(sim: Simulation, *, asks: bool) -> bool:
    found = sessions(sim)
    if not found:
        return False
    success_page(sim, sim.chance.one((sim.step, "session"), found)["id"], f"{sim.step}", asks=asks)
    return True


def success_page(sim: Simulation, session: str, label: str, *, asks: bool) -> Task:
    """The buyer comes back: the app asks with the buyer's token, or the browser is redirected."""
    user = UserId(sim.journal.handed_out[session])

    def work() -> object:
        deps = sim.system.success()
        if asks:
            return sync_after_checkout(user, session, deps)
        redirect_after_checkout(session, deps)
        return None

    def ended(task: Task) -> None:
        sim.tell(f"{task.name}: the success page of {session} ended with {told(task)}")

    return sim.begin("success_sync", label, work, ended)


def buy_before(sim: Simulation) -> None:
    """Somebody bought a pack before the run begins, without any trouble: there is something to spend and to refund."""
    user, wish = user_of(sim), sim.chance.one((sim.step, "wish"), PACKS)
    sim.gate.healed = True
    begin_checkout(sim, user, {wish: 1 + sim.chance.number((sim.step, "quantity"), 3)}, f"{sim.step}")
    sim.scheduler.finish()
    (session,) = sessions(sim)
    hosted_checkout.submit(sim.engine.world, session, _INSTRUMENTS["good card"], Buyer(user, f"{user}@example.com"))
    success_page(sim, session["id"], f"{sim.step}", asks=True)
    sim.scheduler.finish()
    sim.gate.healed = False


DEEDS = {
    "checkout": Deed(lambda sim: _checkout(sim, 1), 3.5),
    "checkout in two tabs": Deed(lambda sim: _checkout(sim, 2), 1),
    "pay": Deed(lambda sim: pay(sim) is not None, 5),
    "success page asks": Deed(lambda sim: _return(sim, asks=True), 2),
    "success page redirects": Deed(lambda sim: _return(sim, asks=False), 1),
}
