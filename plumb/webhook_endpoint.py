"""Our webhook endpoint as Stripe has it, and how it differs from what it should be.

https://docs.stripe.com/api/webhook_endpoints/object
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import stripe

from billing.domain.events import HANDLED

PINNED = stripe.api_version
"""The API version that the locked SDK pins; payloads of the endpoint come in the endpoint's own."""
_EVERYTHING = "*"


class Difference(StrEnum):
    """A way in which an endpoint is not what it should be."""

    DISABLED = "disabled"
    MISSING_EVENTS = "missing_events"
    EXTRA_EVENTS = "extra_events"
    API_VERSION = "api_version"


@dataclass(frozen=True)
class Endpoint:
    """An endpoint that points to our webhook."""

    id: str
    url: str
    events: frozenset[str]
    api_version: str | None
    """None: the account's default version, which somebody may move in the dashboard."""
    enabled: bool
    twins: tuple[str, ...] = ()
    """Other endpoints with the same address."""

    @property
    def missing(self) -> list[str]:
        """Handled events that do not come."""
        return [] if _EVERYTHING in self.events else sorted(HANDLED.keys() - self.events)

    @property
    def extra(self) -> list[str]:
        """Events that come for nothing: each costs an invocation."""
        return sorted(self.events - HANDLED.keys())

    def differences(self) -> Iterator[Difference]:
        """All that would have to be mended."""
        if not self.enabled:
            yield Difference.DISABLED
        if self.missing:
            yield Difference.MISSING_EVENTS
        if self.extra:
            yield Difference.EXTRA_EVENTS
        if self.api_version != PINNED:
            yield Difference.API_VERSION

    def describe(self, difference: Difference) -> str:
        """The difference in words."""
        match difference:
            case Difference.DISABLED:
                return "it is disabled: no event comes."
            case Difference.MISSING_EVENTS:
                return f"it lacks {len(self.missing)} handled events: {', '.join(self.missing)}."
            case Difference.EXTRA_EVENTS:
                return f"it sends events that nothing handles: {', '.join(self.extra)}."
            case Difference.API_VERSION:
                return f"it sends API version {self.api_version or 'of the account'}, not {PINNED}."


def our_endpoint(client: stripe.StripeClient, urls: Sequence[str]) -> tuple[Endpoint | None, list[str]]:
    """The endpoint at one of these addresses (an enabled one first), and the addresses of all others."""
    listed = [item.to_dict() for item in client.v1.webhook_endpoints.list({"limit": 100}).auto_paging_iter()]
    ours = [item for item in listed if item["url"].rstrip("/") in urls]
    ours.sort(key=lambda item: (item["status"] != "enabled", item["api_version"] != PINNED, item["created"]))
    others = [item["url"] for item in listed if item not in ours]
    if not ours:
        return None, others
    first = ours[0]
    endpoint = Endpoint(
        id=first["id"],
        url=first["url"],
        events=frozenset(first["enabled_events"]),
        api_version=first["api_version"],
        enabled=first["status"] == "enabled",
        twins=tuple(item["id"] for item in ours[1:]),
    )
    return endpoint, others
