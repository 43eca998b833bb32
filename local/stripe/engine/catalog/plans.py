"""Plans: the older name of recurring prices, of which only the deletion is played, since prices can't be deleted."""

from __future__ import annotations

from local.stripe.engine.errors import missing
from local.stripe.engine.routes import Call, Route
from local.stripe.engine.world import Obj


def delete(call: Call) -> Obj:
    """DELETE /v1/plans/{id}: nobody can subscribe any more, and "existing subscribers aren't affected"
    (https://docs.stripe.com/api/plans/delete). They are shown it, and nobody else finds it.
    """
    price = call.world.get("price", call.path["id"])
    if price is None or price["recurring"] is None:
        raise missing("plan", call.path["id"], param="plan", in_path=True)
    call.world.emit("price.deleted", price)
    return call.world.remove(price) | {"object": "plan"}


ROUTES = [Route("DELETE", "/v1/plans/{id}", "_plan_delete_params:PlanDeleteParams", delete)]
