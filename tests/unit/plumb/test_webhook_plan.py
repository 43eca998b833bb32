"""What `plumb webhook setup` would do, for each way in which an endpoint can be wrong."""

from dataclasses import replace

from billing.domain.events import HANDLED
from plumb.webhook_endpoint import PINNED, Endpoint
from plumb.webhook_plan import plan

URL = "https://api.example.com/webhooks/stripe"
RIGHT = Endpoint("we_1", URL, frozenset(HANDLED), PINNED, enabled=True)


def steps(found: Endpoint | None, connect: bool = False) -> list[tuple[str, str]]:
    return [(step.action, step.target) for step in plan(found, URL, connect)]


def test_an_endpoint_that_is_right_needs_no_step() -> None:
    assert steps(RIGHT) == []


def test_none_is_made_with_exactly_the_handled_events() -> None:
    (step,) = plan(None, URL, connect=False)
    assert step.params == {
        "url": URL,
        "enabled_events": sorted(HANDLED),
        "api_version": "2026-10-28.endive",
        "description": "Plumbline",
    }


def test_an_endpoint_with_connect_hears_the_connected_accounts() -> None:
    (step,) = plan(None, URL, connect=True)
    assert step.params["connect"] is True


def test_everything_but_the_version_is_mended_in_place() -> None:
    (step,) = plan(replace(RIGHT, enabled=False, events=frozenset({"invoice.paid", "payout.paid"})), URL, connect=False)
    assert (step.action, step.target) == ("update", "we_1")
    assert step.params == {"disabled": False, "enabled_events": sorted(HANDLED)}


def test_all_events_are_too_many() -> None:
    found = replace(RIGHT, events=frozenset({"*"}))
    assert found.missing == []
    assert steps(found) == [("update", "we_1")]


def test_another_version_is_replaced_in_two_runs() -> None:
    """The old endpoint goes on until the functions know the new one's secret."""
    assert steps(replace(RIGHT, api_version="2024-06-20")) == [("create", URL)]
    assert steps(replace(RIGHT, api_version=None)) == [("create", URL)]
    assert steps(replace(RIGHT, id="we_2", twins=("we_1",))) == [("delete", "we_1")]
