"""What the subscriber's app is told by the portal and by plan changes: status codes and words, over a core of fakes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from billing.bootstrap.subscriptions import SubscriptionsWorld
from billing.domain.entitlement import LevelGrant
from billing.domain.ids import PurchaseKey
from billing.errors import PortalNotConfigured
from functions.subscriptions import app
from tests.fakes.core import Core
from tests.fakes.lambda_events import FakeContext, http_event
from tests.fakes.snapshots import ALICE, DAY, NOW
from tests.fakes.subscriber import SUB, subscribed_core
from tests.fakes.world import raising

PORTAL, PREVIEW, CHANGE = "POST /portal/sessions", "POST /subscriptions/change/preview", "POST /subscriptions/change"
ROUTES = (PORTAL, PREVIEW, CHANGE)


@pytest.fixture
def core(monkeypatch: pytest.MonkeyPatch) -> Core:
    core = subscribed_core()
    monkeypatch.setattr(app, "subscriptions_dependencies", lambda: SubscriptionsWorld(core.portal, core.change))
    return core


def told(route: str, body: object, *, scope: str | None = None, **headers: str) -> tuple[int, dict[str, Any]]:
    claims = {"sub": "alice"} | ({"scope": scope} if scope else {})
    event = http_event(json.dumps(body), headers, claims=claims)
    event["routeKey"] = route
    answer = app.lambda_handler(event, FakeContext())
    return answer["statusCode"], json.loads(answer["body"])


def refused(route: str, body: object, **headers: str) -> tuple[int, str]:
    status, answer = told(route, body, **headers)
    return status, answer["error"]["code"]


def test_the_portal_is_an_address(core: Core) -> None:
    assert told(PORTAL, {}) == (201, {"url": "https://billing.stripe.test/p/session/1"})
    assert told(PORTAL, {"flow": "subscription_cancel", "subscriptionId": "sub_1", "locale": "de"})[0] == 201
    assert [(flow and flow.type, locale) for _, flow, locale in core.plans.opened] == [
        (None, None),
        ("subscription_cancel", "de"),
    ]


def test_a_preview_of_a_change_is_answered_whole(core: Core) -> None:
    assert told(PREVIEW, {"lookupKey": "team_monthly"}) == (
        200,
        {
            "subscriptionId": "sub_1",
            "priceId": "price_team_monthly",
            "quantity": 1,
            "currency": "eur",
            "amountDueNow": 1800,
            "lines": [
                {
                    "description": text,
                    "amount": amount,
                    "proration": True,
                    "periodStart": "2026-11-21T10:00:00Z",
                    "periodEnd": "2026-12-21T10:00:00Z",
                }
                for text, amount in (("Unused time", -1200), ("Remaining time", 3000))
            ],
            "nextPeriodAmount": 3000,
            "prorationDate": "2026-11-21T10:00:00Z",
            "expiresAt": "2026-11-21T10:15:00Z",
        },
    )


def test_what_the_preview_named_can_be_confirmed_as_it_is(core: Core) -> None:
    named = told(PREVIEW, {"lookupKey": "team_monthly"})[1]["prorationDate"]
    status, answer = told(CHANGE, {"lookupKey": "team_monthly", "prorationDate": named})
    assert status == 200
    assert answer == {
        "status": "changed",
        "subscription": {
            "subscriptionId": "sub_1",
            "status": "active",
            "priceId": "price_team_monthly",
            "quantity": 1,
            "plan": "team",
            "level": "TEAM",
            "currentPeriodEnd": "2026-12-21T10:00:00Z",
            "trialEnd": None,
            "cancelAtPeriodEnd": False,
            "cancelAt": None,
        },
        "entitlements": {"level": "TEAM", "expiresAt": None},
        "hostedInvoiceUrl": None,
        "expiresAt": None,
    }
    assert told(CHANGE, {"lookupKey": "team_monthly", "prorationDate": named})[1]["status"] == "unchanged"


def test_a_change_is_billed_as_of_the_moment_that_was_previewed(core: Core) -> None:
    """Else its amount is another one than the subscriber has seen."""
    named = told(PREVIEW, {"lookupKey": "team_monthly"})[1]["prorationDate"]
    core.clock.sleep(600)
    assert told(CHANGE, {"lookupKey": "team_monthly", "prorationDate": named})[0] == 200
    [(asked, _)] = [core.stripe.saved[key] for key in core.plans.keys]
    assert isinstance(asked, tuple)
    assert NOW in asked


@pytest.mark.parametrize(
    "named",
    [
        {"priceId": "price_team_monthly"},
        {"plan": "team", "interval": "month"},
        {"entitlementLevel": "TEAM", "interval": "month"},
    ],
)
def test_a_price_is_found_however_it_is_named(core: Core, named: dict[str, str]) -> None:
    status, answer = told(PREVIEW, named)
    assert (status, answer["priceId"]) == (200, "price_team_monthly")


def test_what_a_change_answers_of_a_level_is_as_of_now(core: Core) -> None:
    """A purchase has given Team for 30 days, which are over."""
    over = LevelGrant(PurchaseKey("cs_9"), 0, "TEAM", NOW - 60 * DAY, 30)
    core.tables.accounts[ALICE] = replace(core.account(), levels=(over,))
    status, answer = told(CHANGE, {"lookupKey": "pro_monthly"})
    assert (status, answer["entitlements"]["level"]) == (200, "PRO")


def test_a_change_that_names_no_quantity_keeps_it(core: Core) -> None:
    known = core.stripe.subscriptions[SUB]
    core.stripe.subscriptions[SUB] = replace(known, items=(replace(known.items[0], quantity=3),))
    assert told(PREVIEW, {"lookupKey": "team_monthly"})[1]["quantity"] == 3
    assert told(CHANGE, {"lookupKey": "team_monthly"})[1]["subscription"]["quantity"] == 3


def test_a_change_whose_payment_is_required(core: Core) -> None:
    core.plans.card_refuses = True
    status, answer = told(CHANGE, {"lookupKey": "team_monthly"}, **{"idempotency-key": "key-1"})
    assert (status, answer["status"], answer["subscription"]["plan"]) == (202, "payment_required", "pro")
    assert answer["hostedInvoiceUrl"] == "https://invoice.stripe.test/in_change_1"
    assert answer["expiresAt"] == "2026-11-22T09:00:00Z"
    assert answer["entitlements"] == {"level": "PRO", "expiresAt": None}


@pytest.mark.parametrize(("verified", "known"), [("true", "bob@example.com"), ("false", None)])
def test_an_address_that_nobody_verified_goes_nowhere(
    core: Core, verified: str, known: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Money rule 23: with adoption on, whoever claims an address would be given the customer that has it."""
    event = http_event("{}", claims={"sub": "bob", "email": "bob@example.com", "email_verified": verified})
    event["routeKey"] = PORTAL
    assert app.lambda_handler(event, FakeContext())["statusCode"] == 201
    assert [email for user, email in core.stripe.customers.values() if user == "bob"] == [known]
    assert "bob@example.com" not in capsys.readouterr().out, "S16"


@pytest.mark.parametrize("route", ROUTES)
def test_a_machine_may_not(core: Core, route: str) -> None:
    """S07."""
    status, answer = told(route, {}, scope="billing:spend billing:read")
    assert (status, answer["error"]["code"]) == (403, "forbidden")


@pytest.mark.parametrize(
    ("route", "body"),
    [
        (PORTAL, {"flow": "subscription_update_confirm"}),
        (PORTAL, {"locale": "tlh"}),
        (PORTAL, {"subscriptionId": "sub_1"}),
        (PORTAL, {"flow": "payment_method_update", "subscriptionId": "sub_1"}),
        (PORTAL, {"returnUrl": "https://evil.example.com"}),
        (PORTAL, {"customer": "cus_2"}),
        (PORTAL, {"userId": "bob"}),
        (PREVIEW, {}),
        (PREVIEW, {"priceId": "price_1", "lookupKey": "team_monthly"}),
        (PREVIEW, {"lookupKey": "team_monthly", "interval": "month"}),
        (PREVIEW, {"lookupKey": "team_monthly", "quantity": "2"}),
        (PREVIEW, {"lookupKey": "team_monthly", "prorationDate": "2026-11-21T10:00:00Z"}),
        (CHANGE, {"lookupKey": "team_monthly", "prorationDate": 1795255200}),
        (CHANGE, {"lookupKey": "team_monthly", "prorationDate": "2026-11-21T10:00:00"}),
        (CHANGE, {"lookupKey": "team_monthly", "prorationDate": "soon"}),
        (CHANGE, {"lookupKey": "team_monthly", "userId": "bob"}),
    ],
)
def test_a_body_that_does_not_fit(core: Core, route: str, body: dict[str, object]) -> None:
    """S07, S12, S13: nobody names a customer, a user, or where the browser goes afterwards."""
    assert refused(route, body) == (400, "invalid_request")
    assert core.calls.made == []


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there", "é"])
def test_an_idempotency_key_that_is_none(core: Core, key: str) -> None:
    assert refused(CHANGE, {"lookupKey": "team_monthly"}, **{"idempotency-key": key}) == (400, "invalid_request")
    assert core.plans.billed == []


def test_a_key_that_stands_for_another_change_already_is_a_conflict(core: Core) -> None:
    """F25."""
    core.plans.card_refuses = True
    key = {"idempotency-key": "key-1"}
    assert told(CHANGE, {"lookupKey": "team_monthly"}, **key)[0] == 202
    assert refused(CHANGE, {"lookupKey": "team_monthly", "quantity": 2}, **key) == (409, "idempotency_conflict")


@pytest.mark.parametrize(("route", "body"), [(PREVIEW, {"lookupKey": "team_monthly"}), (PORTAL, {})])
@pytest.mark.parametrize("name", ["cus_1", "sub_", "sub_1; drop", "sub_nobodys"])
def test_what_is_no_subscription_of_the_caller_is_not_found(
    core: Core, route: str, body: dict[str, str], name: str
) -> None:
    """S25."""
    flow = {"flow": "subscription_cancel"} if route == PORTAL else {}
    assert refused(route, body | flow | {"subscriptionId": name}) == (404, "subscription_not_found")


def test_a_portal_that_nobody_set_up_says_who_must(core: Core) -> None:
    core.calls.before("open_portal", raising(PortalNotConfigured("the setting says bpc_secret")))
    status, answer = told(PORTAL, {})
    assert (status, answer["error"]["code"]) == (500, "portal_not_configured")
    assert "not set up in Stripe" in answer["error"]["message"]
