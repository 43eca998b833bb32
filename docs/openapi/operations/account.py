"""Reading an account."""

from __future__ import annotations

from billing import errors
from billing.api_models.account import AccountAnswer, EntitlementAnswer
from billing.api_models.credits import CreditsDetail, TransactionsAnswer
from billing.domain.ids import TRANSACTION_ID
from billing.domain.ledger import Kind
from docs.openapi.operation import STORED, USER_ID, Caller, Error, Operation, Parameter, Replied, matching

_SOURCE = {"X-Plumbline-Source": "`cache` (up to an hour old) or `store`."}
_READING: tuple[Error, ...] = (errors.InvalidRequest, *STORED)

OPERATIONS = (
    Operation(
        "GET /account",
        "getAccount",
        "Account",
        "Everything that a user has, from one consistent read.",
        Caller.USER_OR_READER,
        [Replied(200, "The account; an empty one for a user who has never bought anything.", AccountAnswer)],
        parameters=[USER_ID],
        errors=_READING,
    ),
    Operation(
        "GET /entitlements",
        "getEntitlements",
        "Account",
        "The user's level, from the cache if it is there.",
        Caller.USER_OR_READER,
        [Replied(200, "The level.", EntitlementAnswer, _SOURCE)],
        parameters=[USER_ID],
        errors=_READING,
    ),
    Operation(
        "GET /credits",
        "getCredits",
        "Credits",
        "The balance, what can be spent, and the grants of which anything is left.",
        Caller.USER_OR_READER,
        [Replied(200, "The credits.", CreditsDetail)],
        parameters=[USER_ID],
        errors=_READING,
    ),
    Operation(
        "GET /credits/transactions",
        "listTransactions",
        "Credits",
        "The ledger, newest first.",
        Caller.USER_OR_READER,
        [
            Replied(
                200, "A page of it. It may hold less than `limit`, and still have a `nextCursor`.", TransactionsAnswer
            )
        ],
        parameters=[
            USER_ID,
            Parameter(
                "kind",
                "query",
                "Only entries of these kinds, separated by commas.",
                {"type": "array", "minItems": 1, "items": {"type": "string", "enum": [kind.value for kind in Kind]}},
                explode=False,
            ),
            Parameter("from", "query", "Only entries from this time on.", {"type": "string", "format": "date-time"}),
            Parameter("to", "query", "Only entries before this time.", {"type": "string", "format": "date-time"}),
            Parameter("limit", "query", "Entries on a page.", {"type": "integer", "minimum": 1, "maximum": 100}),
            Parameter(
                "cursor",
                "query",
                "The `nextCursor` of the previous page.",
                matching(TRANSACTION_ID, "000000000042#000"),
            ),
        ],
        errors=_READING,
    ),
)
