"""What the local system puts into Stripe."""

from billing.domain.events import HANDLED
from local.seed import webhook_events


def test_the_endpoint_gets_exactly_the_handled_events() -> None:
    """The local system must not share the program's code, so it has a list of its own: the two may not drift."""
    assert sorted(webhook_events()) == sorted(HANDLED)
