"""`plumb webhook setup` against the stand-in: shown first, done when agreed, nothing left to do the second time."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from billing.domain.events import HANDLED
from local.stack import Stack
from local.supervisor.plan import WEBHOOK_SECRET
from tests.fakes.operator import Operator
from tests.integration.purchase.shop import Shop

URL = "http://127.0.0.1:9/webhooks/stripe"


@pytest.fixture
def elsewhere(shop: Shop) -> Iterator[tuple[str, str]]:
    """The options for an address that no endpoint has yet; what was made there is removed."""
    yield ("--url", URL)
    for endpoint in at(shop, URL):
        shop.stripe("DELETE", f"webhook_endpoints/{endpoint['id']}")


def at(shop: Shop, url: str) -> list[dict[str, Any]]:
    return [found for found in shop.stripe("GET", "webhook_endpoints")["data"] if found["url"] == url]


def secrets(stack: Stack) -> list[str]:
    text = stack.secrets().get_secret_value(SecretId=WEBHOOK_SECRET)["SecretString"]
    found: list[str] = json.loads(text)["secrets"]
    return found


def test_the_systems_own_endpoint_is_right(plumb: Operator) -> None:
    result = plumb("webhook", "setup")
    assert (result.code, result.out) == (0, "Nothing to do: the endpoint is as it should be.\n")


def test_without_a_yes_it_only_shows(plumb: Operator, shop: Shop, elsewhere: tuple[str, str]) -> None:
    result = plumb("webhook", "setup", *elsewhere)
    assert result.code == 2
    assert f"create {URL}: no endpoint points here" in result.out
    assert result.err == "Nothing was changed: pass --yes to do it.\n"
    assert at(shop, URL) == []


def test_made_mended_and_left_alone(plumb: Operator, shop: Shop, stack: Stack, elsewhere: tuple[str, str]) -> None:
    """F28, S16: the new secret is put in front of the one in use, and is not shown."""
    before = secrets(stack)
    try:
        made = plumb("webhook", "setup", *elsewhere, "--store-secret", "--yes", "--json")
        (endpoint,) = at(shop, URL)
        assert (made.code, made.document["created"], made.document["stored"]) == (0, [endpoint["id"]], True)
        assert sorted(endpoint["enabled_events"]) == sorted(HANDLED)
        new, *old = secrets(stack)
        assert old == before
        assert new not in made.out + made.err
    finally:
        stack.secrets().put_secret_value(SecretId=WEBHOOK_SECRET, SecretString=json.dumps({"secrets": before}))
    assert plumb("webhook", "setup", *elsewhere, "--yes", "--json").document["plan"] == []
    shop.stripe(
        "POST", f"webhook_endpoints/{endpoint['id']}", **{"enabled_events[]": ["payout.paid"], "disabled": "true"}
    )
    assert plumb("webhook", "setup", *elsewhere, "--yes").code == 0
    (mended,) = at(shop, URL)
    assert (mended["status"], sorted(mended["enabled_events"])) == ("enabled", sorted(HANDLED))


def test_where_the_secret_goes_when_it_is_not_stored(plumb: Operator, shop: Shop, elsewhere: tuple[str, str]) -> None:
    result = plumb("webhook", "setup", *elsewhere, "-y")
    (endpoint,) = at(shop, URL)
    assert f"The signing secret of {endpoint['id']} stands on its page in the dashboard." in result.out
    assert "whsec_" not in result.out


def test_twins_are_removed(plumb: Operator, shop: Shop, elsewhere: tuple[str, str]) -> None:
    plumb("webhook", "setup", *elsewhere, "--yes")
    shop.stripe("POST", "webhook_endpoints", url=URL, **{"enabled_events[]": ["invoice.paid"]})
    assert len(at(shop, URL)) == 2
    plumb("webhook", "setup", *elsewhere, "--yes")
    plumb("webhook", "setup", *elsewhere, "--yes")
    (left,) = at(shop, URL)
    assert sorted(left["enabled_events"]) == sorted(HANDLED)
