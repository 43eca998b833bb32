"""Money that goes back: refunds whole and in parts, refunds that fail, disputes and inquiries."""

from __future__ import annotations

from local.stripe.engine.errors import ApiError
from local.stripe.engine.payments import disputes, refunds
from local.stripe.engine.world import Obj
from tests.simulation.actors.deeds import Deed
from tests.simulation.world.chance import Weights
from tests.simulation.world.simulation import Simulation

_BEGUN = Weights({"succeeded": 5, "pending": 2, "requires_action": 1, "in_doubt": 0.8})
"""Of refunds, when they are made; `in_doubt` is one that Stripe may add later."""
_PART = Weights({"a half": 3, "all": 3, "a third": 2, "a cent": 1})
_OUTCOMES = Weights({"won": 2, "lost": 2})
_NEXT = {
    "pending": ("succeeded", "failed"),
    "succeeded": ("failed",),
    "requires_action": ("pending", "canceled", "failed"),
    "in_doubt": ("succeeded", "failed"),
}
_PREVENTED = (*[None] * 8, "resolution", "block")
"""How Stripe has kept a dispute from being one: the money went back by itself, or stays."""
_DIVISORS = {"a half": 2, "all": 1, "a third": 3}


def _charges(sim: Simulation) -> list[Obj]:
    return [each for each in sim.engine.world.all("charge") if each["status"] == "succeeded"]


def _refund(sim: Simulation) -> bool:
    sim.engine.tick()
    found = [each for each in _charges(sim) if each["amount_captured"] > each["amount_refunded"]]
    if not found:
        return False
    charge = sim.chance.one((sim.step, "charge"), found)
    part = sim.chance.of((sim.step, "part"), _PART)
    left = charge["amount_captured"] - charge["amount_refunded"]
    amount = max(1, left // _DIVISORS[part]) if part in _DIVISORS else 1
    status = sim.chance.of((sim.step, "status"), _BEGUN)
    made = refunds.make(sim.engine.world, charge, amount, status=status)
    sim.tell(f"{amount} of {charge['amount_captured']} of {charge['id']} are refunded: {made['id']}, {status}")
    return True


def _refund_moves(sim: Simulation) -> bool:
    found = [each for each in sim.engine.world.all("refund") if each["status"] in _NEXT]
    if not found:
        return False
    refund = sim.chance.one((sim.step, "refund"), found)
    status = sim.chance.one((sim.step, "status"), _NEXT[refund["status"]])
    if status == "failed":
        refunds.fail(sim.engine.world, refund)
    elif status == "canceled":
        refunds.cancel(sim.engine.world, refund)
    else:
        refunds.move(sim.engine.world, refund, status)
    sim.tell(f"refund {refund['id']} of {refund['amount']} is {status}")
    return True


def _dispute(sim: Simulation) -> bool:
    sim.engine.tick()
    found = _charges(sim)
    if not found:
        return False
    charge = sim.chance.one((sim.step, "charge"), found)
    inquiry = sim.chance.happens((sim.step, "inquiry"), 0.25)
    part = sim.chance.of((sim.step, "part"), _PART)
    amount = max(1, charge["amount_captured"] // _DIVISORS.get(part, charge["amount_captured"]))
    abroad = "usd" if sim.chance.happens((sim.step, "abroad"), 0.15) else None
    kept = None if inquiry else sim.chance.one((sim.step, "prevented"), _PREVENTED)
    try:
        made = disputes.open_dispute(
            sim.engine.world, charge, inquiry=inquiry, amount=amount, currency=abroad, prevented=kept
        )
    except ApiError:
        return False
    sim.tell(f"{made['amount']} {made['currency']} of {charge['id']} are disputed: {made['id']}, {made['status']}")
    return True


def _dispute_moves(sim: Simulation) -> bool:
    found = [each for each in sim.engine.world.all("dispute") if each["status"] not in disputes.FINAL]
    if not found:
        return False
    dispute = sim.chance.one((sim.step, "dispute"), found)
    if dispute["status"] in _APPEALS and sim.chance.happens((sim.step, "appeals"), 0.4):
        _appealed(sim, dispute)
    elif not dispute["status"].startswith("warning_"):
        disputes.close(sim.engine.world, dispute, sim.chance.of((sim.step, "outcome"), _OUTCOMES))
    elif sim.chance.happens((sim.step, "escalates"), 0.5):
        disputes.escalate(sim.engine.world, dispute)
    else:
        disputes.close(sim.engine.world, dispute, "warning_closed")
    sim.tell(f"dispute {dispute['id']} is {dispute['status']}")
    return True


_APPEALS = {"needs_response": "under_review", "under_review": "appeal_needs_response"}
_APPEALS |= {"appeal_needs_response": "appeal_under_review"}


def _appealed(sim: Simulation, dispute: Obj) -> None:
    """The team answers, the bank refuses that, and the team appeals, step by step."""
    to = _APPEALS[dispute["status"]]
    if to == "under_review":
        sim.engine.request("POST", f"/v1/disputes/{dispute['id']}", {"evidence": {"receipt": "none"}})
    else:
        disputes.appeal(sim.engine.world, dispute, to)


DEEDS = {
    "refund": Deed(_refund, 2.5),
    "refund moves on": Deed(_refund_moves, 2),
    "dispute": Deed(_dispute, 1.2),
    "dispute moves on": Deed(_dispute_moves, 1.5),
}
