"""Subscriptions: renewals paid and unpaid, changes of plan, cancellations; and customers that are deleted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from billing.domain.ids import SubscriptionId
from billing.services.change_subscription import ChangeRequest, change_subscription
from billing.services.find_price import PriceRef
from billing.services.open_portal import PortalRequest, open_portal
from local.stripe.engine.world import Obj
from tests.simulation.actors.buyers import told, user_of
from tests.simulation.actors.deeds import Deed
from tests.simulation.actors.owners import owner_of
from tests.simulation.actors.weather import long_time
from tests.simulation.world.catalog import PLANS
from tests.simulation.world.chance import Weights
from tests.simulation.world.simulation import Simulation

_HOUR = 3600
_TO = Weights(dict.fromkeys(PLANS, 1))
_UNPAID = Weights(
    {"allow_incomplete": 4, "error_if_incomplete": 2, "pending_if_incomplete": 1, "default_incomplete": 0.5}
)
"""What becomes of a switch that is not paid: the portal refuses it, and ours lets it wait."""
HOW = Weights({"create_prorations": 2, "always_invoice": 2, "none": 1})


def _running(sim: Simulation) -> list[Obj]:
    sim.engine.tick()
    return [each for each in sim.engine.world.all("subscription") if each["ended_at"] is None]


def one(sim: Simulation) -> Obj | None:
    """One of the subscriptions that have not ended."""
    found = _running(sim)
    return sim.chance.one((sim.step, "subscription"), found) if found else None


def ask(sim: Simulation, method: str, path: str, params: dict[str, Any]) -> bool:
    """Ask Stripe as its dashboard does; whether it did so."""
    answer = sim.engine.request(method, path, params)
    if answer.status != 200:
        sim.tell(f"Stripe refuses: {answer.body['error']['message']}")
    return answer.status == 200


def _renew(sim: Simulation) -> bool:
    """The period of a subscription ends; an hour later its invoice is collected."""
    found = one(sim)
    return found is not None and ends_soon(sim, found) and ended(sim, found)


def ended(sim: Simulation, subscription: Obj) -> bool:
    """Its period ends, as soon as so much time can pass."""
    end = min(item["current_period_end"] for item in subscription["items"]["data"])
    if long_time(sim, max(0.0, end - sim.scheduler.now) + 2 * _HOUR):
        sim.tell(f"the period of {subscription['id']} ends, it is {subscription['status']}")
    return True


def renewal_fails(sim: Simulation, subscription: Obj) -> bool:
    """The card of a subscription is refused from now on, and its period ends. Whether so much time could pass."""
    hidden, method = sim.engine.world.hidden, subscription["default_payment_method"]
    if method is not None:
        hidden[method] = replace(hidden[method], fails_off_session=True)
    end = min(item["current_period_end"] for item in subscription["items"]["data"])
    if not long_time(sim, max(0.0, end - sim.scheduler.now) + 2 * _HOUR):
        return False
    sim.tell(f"the renewal of {subscription['id']} fails, it is {subscription['status']}")
    return True


def _fail(sim: Simulation) -> bool:
    """A renewal fails, perhaps after many changes of the plan, and perhaps so do all further tries (F55)."""
    found = one(sim)
    if found is None or found["default_payment_method"] is None or not ends_soon(sim, found):
        return False
    for number in range(_CHANGES if sim.chance.happens((sim.step, "changes"), 0.25) else 0):
        switched(sim, found, _MONTHLY[number % 2], "always_invoice")
    if renewal_fails(sim, found) and sim.chance.happens((sim.step, "for good"), 0.4):
        long_time(sim, _TRIES)
        sim.tell(f"all further tries fail, {found['id']} is {found['status']}")
    return True


_CHANGES = 7
"""More than what is read of a subscription's newest paid invoices; the last is an upgrade, which leaves no credit that
would pay the renewal."""
_MONTHLY = ("team_monthly", "pro_monthly")
_TRIES = 20 * 24 * _HOUR
"""Longer than Stripe tries again."""


def ends_soon(sim: Simulation, subscription: Obj) -> bool:
    """Whether its period ends within forty days."""
    end: float = min(item["current_period_end"] for item in subscription["items"]["data"])
    return end - sim.scheduler.now <= 40 * 24 * _HOUR


def _break_card(sim: Simulation) -> bool:
    found = one(sim)
    if found is None or found["default_payment_method"] is None:
        return False
    hidden, method = sim.engine.world.hidden, found["default_payment_method"]
    broken = not hidden[method].fails_off_session
    hidden[method] = replace(hidden[method], fails_off_session=broken)
    sim.tell(f"the card of {found['id']} is {'refused' if broken else 'good'} from now on")
    return True


def _cancel(sim: Simulation) -> bool:
    found = one(sim)
    if found is None:
        return False
    how = sim.chance.number((sim.step, "how"), 5)
    path = f"/v1/subscriptions/{found['id']}"
    told = ("canceled at its end", "canceled now", "kept", "canceled on some day", "canceled on no day")
    sim.tell(f"{found['id']} is {told[how]}")
    if how == 1:
        ask(sim, "DELETE", path, {})
    elif how < 3:
        ask(sim, "POST", path, {"cancel_at_period_end": how == 0})
    else:
        day = int(sim.scheduler.now) + 24 * _HOUR * (1 + sim.chance.number((sim.step, "day"), 20))
        ask(sim, "POST", path, {"cancel_at": day if how == 3 else ""})
    return True


def _switch(sim: Simulation) -> bool:
    """Somebody changes the plan in the dashboard, or in the portal, or ends its trial before its time."""
    found = one(sim)
    if found is None:
        return False
    if found["status"] == "trialing" and sim.chance.happens((sim.step, "trial over"), 0.5):
        sim.tell(f"the trial of {found['id']} is ended")
        ask(sim, "POST", f"/v1/subscriptions/{found['id']}", {"trial_end": "now"})
        return True
    to = sim.chance.of((sim.step, "to"), _TO)
    how = sim.chance.of((sim.step, "how"), HOW)
    done = switched(sim, found, to, how, sim.chance.of((sim.step, "unpaid"), _UNPAID))
    billed_later = done and how == "create_prorations" and ends_soon(sim, found)
    if billed_later and sim.chance.happens((sim.step, "and renewed"), 0.4):
        ended(sim, found)
    return True


def switched(sim: Simulation, subscription: Obj, to: str, how: str, unpaid: str = "allow_incomplete") -> bool:
    """Switch the plan of a subscription; `unpaid` is what happens where its payment is refused."""
    (price,) = [each for each in sim.engine.world.all("price") if each["lookup_key"] == to]
    plans = [item for item in subscription["items"]["data"] if item["price"]["metadata"].get("entitlement_level")]
    if not plans:
        return False
    item = {"id": plans[0]["id"], "price": price["id"]}
    sim.tell(f"{subscription['id']} is switched to {to}, {how}")
    path = f"/v1/subscriptions/{subscription['id']}"
    return ask(sim, "POST", path, {"items": [item], "proration_behavior": how, "payment_behavior": unpaid})


def _upgrade(sim: Simulation) -> bool:
    """The user changes the plan through us."""
    found = one(sim)
    user = owner_of(sim, found["customer"]) if found is not None else None
    if found is None or user is None:
        return False
    to = sim.chance.of((sim.step, "to"), _TO)
    request = ChangeRequest(user, PriceRef(lookup_key=to), subscription=SubscriptionId(found["id"]))
    task = sim.begin(
        "subscriptions",
        f"{sim.step}",
        lambda: change_subscription(request, sim.system.changing()),
        lambda task: sim.tell(f"{task.name}: {user}'s change of {found['id']} to {to} ended with {told(task)}"),
    )
    if sim.gate.mood in ("faulty", "fierce") and sim.chance.happens((sim.step, "fails"), 0.3):
        task.struck, task.struck_at, task.struck_past = "saved 500", f"POST /v1/subscriptions/{found['id']}", 0
    return True


def _portal(sim: Simulation) -> bool:
    """A user opens Stripe's portal, which needs a customer as a checkout does."""
    user = user_of(sim)
    sim.begin(
        "subscriptions",
        f"{sim.step}",
        lambda: open_portal(PortalRequest(user, f"{user}@example.com"), sim.system.portal()),
        lambda task: sim.tell(f"{task.name}: {user}'s portal ended with {told(task)}"),
    )
    return True


def _pause(sim: Simulation) -> bool:
    """Collection is paused, or goes on."""
    found = one(sim)
    if found is None:
        return False
    behavior = sim.chance.one((sim.step, "behavior"), ("void", "keep_as_draft", "mark_uncollectible"))
    wanted: Any = "" if found["pause_collection"] else {"behavior": behavior}
    sim.tell(f"collection of {found['id']} is {'paused' if wanted else 'resumed'}")
    ask(sim, "POST", f"/v1/subscriptions/{found['id']}", {"pause_collection": wanted})
    return True


def _delete(sim: Simulation) -> bool:
    found = [each for each in sim.engine.world.all("customer") if not each.get("deleted")]
    if not found:
        return False
    customer = sim.chance.one((sim.step, "customer"), found)
    sim.tell(f"customer {customer['id']} is deleted")
    ask(sim, "DELETE", f"/v1/customers/{customer['id']}", {})
    return True


DEEDS = {
    "period ends": Deed(_renew, 1.5),
    "renewal fails": Deed(_fail, 0.5),
    "card breaks or is mended": Deed(_break_card, 0.8),
    "cancel": Deed(_cancel, 0.8),
    "switch by hand": Deed(_switch, 0.8),
    "change plan": Deed(_upgrade, 1.5),
    "open portal": Deed(_portal, 0.4),
    "pause collection": Deed(_pause, 0.3),
    "delete customer": Deed(_delete, 0.25),
}
