"""The API's document as a fuzzer's source: every route, data that fits the document and data that does not.

schemathesis makes the requests and holds each answer against docs/openapi.yaml: https://schemathesis.readthedocs.io/ .
`FUZZ_EXAMPLES` is how many a route gets by chance, beside those at the bounds of every schema.
"""

import os
from pathlib import Path
from typing import Any

import httpx
import schemathesis
import yaml
from schemathesis import Case
from schemathesis.checks import CHECKS
from schemathesis.config import SchemathesisConfig
from schemathesis.core.transport import Response
from schemathesis.schemas import BaseSchema

from tests.api_document import close

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "openapi.yaml"
_GIVEN = os.environ.get("FUZZ_EXAMPLES")
EXAMPLES = int(_GIVEN or 6)
"""Of each route and caller. A number given by hand also asks for other requests every time."""

BUYER, KEY = "alice", "job-42"
"""The document's own examples: a user who has bought all that is sold, and a key that was never used."""
RESERVATION, TRANSACTION, SESSION, PRICE, SUBSCRIPTION = (
    "rsv_000000000000000000000000",
    "000000000000#000",
    "cs_test_of_the_buyer",
    "price_of_the_catalog",
    "sub_of_the_buyer",
)
"""Stand for the id of one that exists, which is known only when the system runs."""

_WORDS = {
    "user": ("userId", [BUYER]),
    "reservation": ("id", [RESERVATION]),
    "transaction": ("transactionId", [TRANSACTION]),
    "session": ("sessionId", [SESSION]),
    "price": ("priceId", [PRICE]),
    "lookup": ("lookupKey", ["credits_500", "pro_monthly", "pro_yearly", "team_seat_monthly"]),
    "plan": ("plan", ["pro", "team"]),
    "level": ("entitlementLevel", ["PRO"]),
    "subscription": ("subscriptionId", [SUBSCRIPTION]),
}
_PLACES = {
    "user": ("query.userId", "body.userId"),
    "reservation": ("path.id",),
    "session": ("query.session_id", "body.sessionId"),
}
_CHECKS = [
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "missing_required_header",
]


def document() -> dict[str, Any]:
    """What is checked in, with every answer closed: a member that it does not name is a fault."""
    whole: dict[str, Any] = yaml.load(DOCUMENT.read_text(), yaml.CSafeLoader)
    close(whole["components"]["schemas"])
    schemas = whole["components"]["schemas"]
    for locales in (schemas["CheckoutBody"]["properties"]["locale"]["anyOf"][0], schemas["PortalLocale"]):
        del locales["enum"][3:]  # each of some forty would be asked for
    return whole


def config(examples: int, *, bounds: bool) -> SchemathesisConfig:
    """Settings of a run; `bounds` asks at the edges of every schema, too."""
    bound = {
        place: {"dictionary": name, "probability": 0.6}
        for name, (member, _) in _WORDS.items()
        for place in _PLACES.get(name, (f"body.{member}",))
    }
    return SchemathesisConfig.from_dict(
        {
            "dictionaries": {name: {"values": values} for name, (_, values) in _WORDS.items()},
            "parameters": bound,
            "generation": {
                "max-examples": examples,
                "deterministic": _GIVEN is None,
                "database": "none",
                "with-security-parameters": False,
            },
            # No other methods: those that have no route are API Gateway's to answer (tests/integration/local).
            "phases": {
                "coverage": {"enabled": bounds, "unexpected-methods": []},
                "examples": {"enabled": bounds},
            },
            "checks": {
                "negative_data_rejection": {"expected-statuses": [400, 401, 403, 404, 409, 422]},
                "missing_required_header": {"expected-statuses": [400, 401, 403]},
            },
        }
    )


def source(examples: int, *, bounds: bool) -> BaseSchema:
    """The document, to be parametrized over."""
    return schemathesis.openapi.from_dict(document(), config=config(examples, bounds=bounds))


def hold(case: Case, response: Response | httpx.Response, *excused: str) -> None:
    """Fail unless the answer is one that the document has, and no 5xx; `excused` names checks that are not meant."""
    checks: list[Any] = CHECKS.get_by_names([name for name in _CHECKS if name not in excused])
    case.validate_response(response, checks=checks)
    assert response.status_code < 500, f"{case.method} {case.path} answered {response.status_code}: {response.text}"
