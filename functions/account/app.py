"""GET /account, /entitlements, /credits, /credits/transactions and /catalog: reading.

A table of routes instead of a resolver: five routes need no framework, and its import would cost each cold start more
than all of this.
"""

from collections.abc import Callable, Sequence

from pydantic import ValidationError

from billing.api_models.catalog import CatalogAnswer
from billing.bootstrap.account import AccountWorld, account_dependencies
from billing.domain.catalog import Price
from billing.domain.ledger import EntryFilter, Kind
from billing.errors import InvalidRequest
from billing.http.caller import reader
from billing.http.handler import http_handler
from billing.http.reply import HttpResponse, reply, reply_json
from billing.http.request import HttpEvent, query, refuse_others, time_in_query
from billing.observability import LambdaContext
from billing.present.account import account_answer, entitlement_answer
from billing.present.catalog import catalog_answer
from billing.present.credits import credits_detail, transactions_answer
from billing.services.read_account import read_account, read_entitlement, read_transactions
from billing.services.read_catalog import read_catalog

_PAGE = 25


def _account(event: HttpEvent, world: AccountWorld) -> HttpResponse:
    account = read_account(reader(event), world.read)
    return reply(200, account_answer(account, world.read.policy, world.read.clock.now()))


def _entitlements(event: HttpEvent, world: AccountWorld) -> HttpResponse:
    access, source = read_entitlement(reader(event), world.read)
    return reply(200, entitlement_answer(access), {"x-plumbline-source": source})


def _credits(event: HttpEvent, world: AccountWorld) -> HttpResponse:
    account = read_account(reader(event), world.read)
    return reply(200, credits_detail(account, world.read.clock.now()))


def _transactions(event: HttpEvent, world: AccountWorld) -> HttpResponse:
    refuse_others(event, "userId", "limit", "cursor", "kind", "from", "to")
    limit = query(event, "limit") or str(_PAGE)
    if not (limit.isascii() and limit.isdigit() and len(limit) <= 3):
        raise InvalidRequest("limit must be a whole number")
    wanted = EntryFilter(_kinds(query(event, "kind")), time_in_query(event, "from"), time_in_query(event, "to"))
    page = read_transactions(reader(event), int(limit), query(event, "cursor"), world.read, wanted)
    return reply(200, transactions_answer(page))


def _kinds(named: str | None) -> frozenset[Kind]:
    """One kind, or several: repeated or with commas, which is the same to API Gateway."""
    try:
        return frozenset(Kind(name) for name in named.split(",")) if named is not None else frozenset()
    except ValueError as exc:
        raise InvalidRequest(f"kind must be of {', '.join(Kind)}") from exc


def _catalog(event: HttpEvent, world: AccountWorld) -> HttpResponse:  # noqa: ARG001  public: nobody is asked who they are
    return reply_json(200, read_catalog(world.catalog, world.read.cache, _rendered, _usable))


_ROUTES: dict[str, Callable[[HttpEvent, AccountWorld], HttpResponse]] = {
    "GET /account": _account,
    "GET /entitlements": _entitlements,
    "GET /credits": _credits,
    "GET /credits/transactions": _transactions,
    "GET /catalog": _catalog,
}


@http_handler
def lambda_handler(event: HttpEvent, context: LambdaContext) -> HttpResponse:  # noqa: ARG001  Lambda's signature
    """Answer one of the routes; the gateway lets no other through."""
    return _ROUTES[event["routeKey"]](event, account_dependencies())


def _rendered(prices: Sequence[Price]) -> str:
    return catalog_answer(list(prices)).model_dump_json(by_alias=True)


def _usable(document: str) -> bool:
    try:
        CatalogAnswer.model_validate_json(document)
    except ValidationError:
        return False
    return True
