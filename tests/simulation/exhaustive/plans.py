"""Lives of plans: what Stripe does with a subscription, and what people do to it there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from local.stripe.engine.payments import disputes, refunds
from local.stripe.engine.world import Obj
from tests.simulation.exhaustive.lives import Life

_DAY = 86400.0
_IBAN = "AT321904300235473204"


def deleted(life: Life) -> None:
    """A plan whose customer is deleted at Stripe."""
    for plan in _bought(life, "pro_monthly"):
        life.sim.engine.request("DELETE", f"/v1/customers/{plan['customer']}")
    life.events()


def idle(life: Life) -> None:
    """A plan that renews three times. Its buyer comes back to the success page after days, and then never."""
    life.checkout("pro_monthly")
    life.pay()
    life.events()
    for renewal in range(3):
        for plan in life.sim.engine.world.all("subscription"):
            _renewed(life, plan)
        if renewal == 0:
            life.returns(asks=True)


def tried(life: Life) -> None:
    """A plan whose trial, if it has one, is ended by a change; renewed, and canceled."""
    for plan in _bought(life, "team_monthly"):
        if plan["status"] == "trialing":
            _ask(life, plan, {"trial_end": "now"})
        life.events()
        _renewed(life, plan)
        life.sim.engine.request("DELETE", f"/v1/subscriptions/{plan['id']}")
        life.events()


def toggled(life: Life) -> None:
    """A plan that is switched so often that its renewal shows prorations alone. It begins an hour before it is paid."""
    for plan in _bought(life, "pro_monthly"):
        (item,) = plan["items"]["data"]
        for key in ("team_monthly", "pro_monthly") * 3:
            _changed(life, plan, {"id": item["id"], "price": _price(life, key)}, "create_prorations")
        life.events()
        life.later(item["current_period_end"] - life.sim.scheduler.now + 60)
        life.events()
        life.later(7200)
        life.events()
        _renewed(life, plan)


def debited(life: Life) -> None:
    """A plan that is paid by a bank debit, days after it was bought, and so are its renewals."""
    life.checkout("pro_monthly")
    life.pay(_IBAN)
    life.events()
    life.later(6 * _DAY)
    life.events()
    for plan in life.sim.engine.world.all("subscription"):
        _renewed(life, plan)
        life.later(6 * _DAY)
        life.events()
        _renewed(life, plan)


def taken_back(life: Life) -> None:
    """A renewal is refunded in part, then disputed, and the dispute is lost; and there is another renewal."""
    world = life.sim.engine.world
    for plan in _bought(life, "team_monthly"):
        _renewed(life, plan)
        charge = life.charge()
        if charge is None:
            return
        refunds.make(world, charge, 900)
        life.events()
        dispute = disputes.open_dispute(world, charge, inquiry=False)
        life.events()
        _renewed(life, plan)
        disputes.close(world, dispute, "lost")
        life.events()


def late(life: Life) -> None:
    """A renewal fails, and is paid at a later try; the next one is paid at once."""
    for plan in _bought(life, "pro_monthly"):
        _broken(life, plan, broken=True)
        _renewed(life, plan)
        _broken(life, plan, broken=False)
        life.later(8 * _DAY)
        life.events()
        _renewed(life, plan)


def yearly(life: Life) -> None:
    """A plan is switched to the year, which is billed at once, and ended."""
    for plan in _bought(life, "pro_monthly"):
        (item,) = plan["items"]["data"]
        _changed(life, plan, {"id": item["id"], "price": _price(life, "pro_yearly")}, "always_invoice")
        life.events()
        _renewed(life, plan)
        life.sim.engine.request("DELETE", f"/v1/subscriptions/{plan['id']}")
        life.events()


def beside(life: Life) -> None:
    """Seats are added to a plan, there are more of them, and they are taken off it; each time it is renewed."""
    for plan in _bought(life, "pro_monthly"):
        _changed(life, plan, {"price": _price(life, "seats_monthly"), "quantity": 2}, "create_prorations")
        life.events()
        _renewed(life, plan)
        seats = plan["items"]["data"][-1]
        _changed(life, plan, {"id": seats["id"], "quantity": 5}, "always_invoice")
        life.events()
        _renewed(life, plan)
        _changed(life, plan, {"id": seats["id"], "deleted": True}, "none")
        life.events()
        _renewed(life, plan)


def withdrawn(life: Life) -> None:
    """A plan whose price is deleted. It is renewed still, and then switched to another, and renewed at that."""
    for plan in _bought(life, "team_monthly"):
        (item,) = plan["items"]["data"]
        life.sim.journal.sold.gone.append(item["price"])
        life.sim.engine.request("DELETE", f"/v1/plans/{item['price']['id']}", {})
        _renewed(life, plan)
        _changed(life, plan, {"id": item["id"], "price": _price(life, "pro_monthly")}, "always_invoice")
        life.events()
        _renewed(life, plan)


def paused(life: Life) -> None:
    """A plan is to end with its period, and is kept; its collection is paused, and goes on."""
    for plan in _bought(life, "team_monthly"):
        for wish in (
            {"cancel_at_period_end": True},
            {"cancel_at_period_end": False},
            {"pause_collection": {"behavior": "void"}},
        ):
            _ask(life, plan, wish)
            life.events()
        _renewed(life, plan)
        _ask(life, plan, {"pause_collection": ""})
        life.events()
        _renewed(life, plan)


def swapped(life: Life) -> None:
    """A trial is given, if there is none, and ended by another plan in place of the first one, which is not paid."""
    for plan in _bought(life, "pro_monthly"):
        if plan["status"] != "trialing":
            _tried(life, plan, 20)
        life.later(3600)
        (item,) = plan["items"]["data"]
        _broken(life, plan, broken=True)
        there = [{"id": item["id"], "deleted": True}, {"price": _price(life, "team_monthly")}]
        _ask(life, plan, {"items": there, "trial_end": "now"})
        life.events()


def moved(life: Life) -> None:
    """A trial is given in the middle of a period, its end is moved to and fro, and the renewal is paid late."""
    for plan in _bought(life, "pro_monthly"):
        life.later(3 * _DAY)
        for days in (20, 40, 10):
            _tried(life, plan, days)
            life.later(3600)
        _broken(life, plan, broken=True)
        _renewed(life, plan)
        _broken(life, plan, broken=False)
        life.later(8 * _DAY)
        life.events()
        _renewed(life, plan)


def _tried(life: Life, plan: Obj, days: int) -> None:
    _ask(life, plan, {"trial_end": int(life.sim.scheduler.now + days * _DAY)})
    life.events()


def _broken(life: Life, plan: Obj, *, broken: bool) -> None:
    """Whether its card is refused from now on."""
    hidden, method = life.sim.engine.world.hidden, plan["default_payment_method"]
    hidden[method] = replace(hidden[method], fails_off_session=broken)


def _bought(life: Life, key: str) -> list[Obj]:
    """Alice buys a plan, and it is seen; what she has then."""
    life.checkout(key)
    life.pay()
    life.events()
    return life.sim.engine.world.all("subscription")


def _renewed(life: Life, plan: Obj) -> None:
    """The next period of any of its items begins, and is collected two hours later."""
    end = min(item["current_period_end"] for item in plan["items"]["data"])
    life.later(max(0.0, end - life.sim.scheduler.now) + 7200)
    life.events()


def _price(life: Life, key: str) -> str:
    (price,) = [each["id"] for each in life.sim.engine.world.all("price") if each["lookup_key"] == key]
    return str(price)


def _changed(life: Life, plan: Obj, item: Obj, billed: str) -> None:
    _ask(life, plan, {"items": [item], "proration_behavior": billed})


def _ask(life: Life, plan: Obj, wish: Obj) -> None:
    answer = life.sim.engine.request("POST", f"/v1/subscriptions/{plan['id']}", wish)
    assert answer.status == 200, answer.body


LIVES: dict[str, Callable[[Life], None]] = {
    "deleted plan": deleted,
    "idle plan": idle,
    "tried plan": tried,
    "toggled plan": toggled,
    "debited plan": debited,
    "taken back": taken_back,
    "late renewal": late,
    "yearly plan": yearly,
    "seats beside": beside,
    "withdrawn plan": withdrawn,
    "paused plan": paused,
    "swapped plan": swapped,
    "moved trial": moved,
}
