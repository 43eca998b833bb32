"""What must be done so that exactly one endpoint points to us, with exactly the handled events, in our API version.

Stripe has no way to give an endpoint another API version, or to tell its secret again: a new one is made, and the old
one is deleted by the next run, once the functions know the new secret. Until then each event comes twice, which
changes nothing (failure-modes F01).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import stripe

from billing.domain.events import HANDLED
from plumb.webhook_endpoint import PINNED, Difference, Endpoint

DESCRIPTION = "Plumbline"


@dataclass(frozen=True)
class Step:
    """One call of Stripe: `create`, `update` or `delete`."""

    action: str
    target: str
    """Id of the endpoint; of a new one, its address."""
    why: str
    params: dict[str, Any]


def plan(found: Endpoint | None, url: str, connect: bool) -> Iterator[Step]:
    """The steps from what is there to what should be; none when all is right."""
    if found is None:
        yield _create(url, connect, "no endpoint points here")
        return
    differences = list(found.differences())
    if Difference.API_VERSION in differences:
        version = found.api_version or "the account's default version"
        yield _create(
            found.url, connect, f"{found.id} sends {version}, which can't be changed; the next run deletes it"
        )
        return
    for twin in found.twins:
        yield Step("delete", twin, f"{found.id} points here as well", {})
    changes: dict[str, Any] = {}
    if Difference.DISABLED in differences:
        changes["disabled"] = False
    if found.missing or found.extra:
        changes["enabled_events"] = sorted(HANDLED)
    if changes:
        yield Step("update", found.id, " ".join(found.describe(difference) for difference in differences), changes)


def _create(url: str, connect: bool, why: str) -> Step:
    params: dict[str, Any] = {
        "url": url,
        "enabled_events": sorted(HANDLED),
        "api_version": PINNED,
        "description": DESCRIPTION,
    }
    return Step("create", url, why, params | ({"connect": True} if connect else {}))


def apply(client: stripe.StripeClient, steps: Sequence[Step]) -> dict[str, str]:
    """Do the steps; the signing secrets of new endpoints by id, which Stripe tells this once."""
    secrets = {}
    api = client.v1.webhook_endpoints
    for step in steps:
        params: Any = step.params
        if step.action == "create":
            made = api.create(params).to_dict()
            secrets[str(made["id"])] = str(made["secret"])
        elif step.action == "update":
            api.update(step.target, params)
        else:
            api.delete(step.target)
    return secrets
