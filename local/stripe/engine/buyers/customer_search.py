"""Searching customers: eventually consistent, as Stripe's search is. https://docs.stripe.com/api/customers/search

"Under normal operating conditions, data is searchable in less than a minute": here a customer, and each change of one,
is found two seconds later (`search_lag`), by the account's time. Lists have no such delay.
"""

from __future__ import annotations

from local.stripe.engine.buyers import search
from local.stripe.engine.errors import invalid_request
from local.stripe.engine.routes import Call, Route
from local.stripe.engine.world import Obj, World, snapshot

FIELDS: dict[str, type] = {"created": int, "email": str, "metadata": str, "name": str, "phone": str}
"""https://docs.stripe.com/search#query-fields-for-customers"""


def follow(world: World, event: str, obj: Obj) -> None:
    """Note a version of a customer."""
    if obj["object"] == "customer":
        version = None if event == "customer.deleted" else snapshot(obj)
        world.indexed.setdefault(obj["id"], []).append((world.account_now(), version))


def found_in(world: World, query: str) -> list[Obj]:
    """The customers that the index knows and that match, newest first, as they are now."""
    clauses, every = search.parse(query, FIELDS, "customers")
    until = world.account_now() - world.search_lag
    known = []
    for customer_id, versions in reversed(world.indexed.items()):
        seen = [version for when, version in versions if when <= until]
        if not seen or seen[-1] is None:
            continue
        holds = [clause.holds(seen[-1]) for clause in clauses]
        now = world.get("customer", customer_id)
        if (all(holds) if every else any(holds)) and now is not None and not now.get("deleted"):
            known.append(now)
    return known


def searched(call: Call) -> Obj:
    """GET /v1/customers/search: in pages of 10, by `next_page`."""
    limit = call.params.get("limit", 10)
    if not 1 <= limit <= 100:
        raise invalid_request("Invalid integer: must be from 1 to 100", param="limit", code="parameter_invalid_integer")
    found = found_in(call.world, call.params["query"])
    begin = _begin(call.params.get("page"))
    chosen = [snapshot(each) for each in found[begin : begin + limit]]
    more = begin + limit < len(found)
    return {
        "object": "search_result",
        "data": chosen,
        "has_more": more,
        "next_page": f"page_{begin + limit}" if more else None,
        "url": call.url,
    }


def _begin(page: str | None) -> int:
    if page is None:
        return 0
    number = page.removeprefix("page_")
    if not page.startswith("page_") or not (number.isascii() and number.isdigit() and len(number) < 10):
        raise invalid_request("Invalid page", param="page")
    return int(number)


ROUTES = [Route("GET", "/v1/customers/search", "_customer_search_params:CustomerSearchParams", searched)]
