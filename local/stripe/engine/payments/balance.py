"""Balance transactions and the balance. https://docs.stripe.com/api/balance_transactions"""

from __future__ import annotations

from local.stripe.engine.paging import created_within, matching, page
from local.stripe.engine.routes import Call, Route
from local.stripe.engine.world import Obj, World

CATEGORIES = {"charge": "charge", "payment": "charge", "refund": "refund", "payment_refund": "refund"}
DISPUTE_FEE = 1500


def book(
    world: World,
    kind: str,
    amount: int,
    currency: str,
    source: str,
    *,
    fee: int = 0,
    category: str | None = None,
    rate: float | None = None,
) -> Obj:
    """Book one movement of money and keep it; `rate` when it was converted into this currency."""
    now = world.now()
    details = [
        {
            "amount": fee,
            "application": None,
            "currency": currency,
            "description": "Stripe processing fees",
            "type": "stripe_fee",
        }
    ]
    return world.add(
        {
            "id": world.id("txn_1", 23),
            "object": "balance_transaction",
            "amount": amount,
            "available_on": now + 2 * 86_400,
            "balance_type": "payments",
            "created": now,
            "currency": currency,
            "description": None,
            "exchange_rate": rate,
            "fee": fee,
            "fee_details": details if fee else [],
            "net": amount - fee,
            "reporting_category": category or CATEGORIES[kind],
            "source": source,
            "status": "pending",
            "type": kind,
        }
    )


def processing_fee(amount: int) -> int:
    """2.9 % + 30, the standard rate. https://stripe.com/pricing"""
    return (amount * 29 + 500) // 1000 + 30


def retrieve(call: Call) -> Obj:
    """GET /v1/balance_transactions/{id}."""
    return call.target("balance_transaction", "balance transaction")


def listed(call: Call) -> Obj:
    """GET /v1/balance_transactions."""
    found = created_within(call.world.all("balance_transaction"), call.params.get("created"))
    return page(
        matching(found, call.params, "source", "type", "currency"), call.params, call.url, "balance transaction"
    )


def balance(call: Call) -> Obj:
    """GET /v1/balance: everything is pending here, payouts do not exist."""
    totals: dict[str, int] = {}
    for entry in call.world.all("balance_transaction"):
        totals[entry["currency"]] = totals.get(entry["currency"], 0) + entry["net"]
    pending = [{"amount": net, "currency": code, "source_types": {"card": net}} for code, net in sorted(totals.items())]
    nothing = [{"amount": 0, "currency": "usd", "source_types": {"card": 0}}]
    return {
        "object": "balance",
        "available": nothing,
        "livemode": False,
        "pending": pending or nothing,
        "refund_and_dispute_prefunding": {"available": [], "pending": []},
    }


def account(call: Call) -> Obj:
    """GET /v1/account: the members an integration reads to know where it is."""
    return {
        "id": call.world.account,
        "object": "account",
        "business_profile": {"name": "Plumbline stand-in", "mcc": None, "support_email": None, "url": None},
        "business_type": "company",
        "capabilities": {"card_payments": "active", "sepa_debit_payments": "active", "transfers": "active"},
        "charges_enabled": True,
        "country": "US",
        "default_currency": "usd",
        "details_submitted": True,
        "email": "stand-in@example.com",
        "metadata": {},
        "payouts_enabled": True,
        "settings": {"dashboard": {"display_name": "Plumbline stand-in", "timezone": "Etc/UTC"}},
        "type": "standard",
    }


_LIST = "_balance_transaction_list_params:BalanceTransactionListParams"
_ONE = "_balance_transaction_retrieve_params:BalanceTransactionRetrieveParams"
ROUTES = [
    Route("GET", "/v1/balance_transactions", _LIST, listed),
    Route("GET", "/v1/balance_transactions/{id}", _ONE, retrieve),
    Route("GET", "/v1/balance", "_balance_retrieve_params:BalanceRetrieveParams", balance),
    Route("GET", "/v1/account", "_account_retrieve_current_params:AccountRetrieveCurrentParams", account),
]
