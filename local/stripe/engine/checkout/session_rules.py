"""What Stripe refuses when a checkout session is created. https://docs.stripe.com/api/checkout/sessions/create"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from local.stripe.engine.buyers.addresses import check_address
from local.stripe.engine.catalog import tax
from local.stripe.engine.errors import invalid_request, not_offered
from local.stripe.engine.world import Obj, World

DAY = 86_400
LEAST_LIFE, MOST_LIFE = 30 * 60, 24 * 3600
"""From 30 minutes to 24 hours after creation, 24 hours by default (`expires_at`, page above)."""


INVOICE_DATA = frozenset({"custom_fields", "description", "footer", "metadata"})


def check_session(world: World, params: dict[str, Any], mode: str, customer: Obj | None) -> int:
    """Refuse what does not fit together; return the time of expiry."""
    if mode == "setup":
        raise not_offered("Checkout Sessions in setup mode")
    _check_ending(params)
    if not params.get("line_items"):
        raise invalid_request("Missing required param: line_items.", param="line_items", code="parameter_missing")
    for name in ("success_url", "cancel_url", "return_url"):
        if name in params:
            check_url(params[name], name)
    if "customer" in params and "customer_email" in params:
        raise invalid_request("You may only specify one of these parameters: customer, customer_email.")
    # Refused even with allow_promotion_codes=false: the two keys never go together.
    if "allow_promotion_codes" in params and "discounts" in params:
        raise invalid_request("You may only specify one of these parameters: allow_promotion_codes, discounts.")
    if len(params.get("client_reference_id", "")) > 200:
        raise invalid_request(
            "Invalid string: must be at most 200 characters",
            param="client_reference_id",
            code="parameter_invalid_string",
        )
    check_address(params.get("customer_email"), "customer_email")
    check_address(params.get("payment_intent_data", {}).get("receipt_email"), "payment_intent_data[receipt_email]")
    _check_mode(params, mode)
    _check_customer(params, customer)
    _check_nested(params, world.now())
    return _expiry(world, params)


def _check_ending(params: dict[str, Any]) -> None:
    """What a page leads to: a hosted one needs `success_url`, one in a frame `return_url`, unless it never leads on.

    https://docs.stripe.com/payments/checkout/custom-success-page?payment-ui=embedded-form
    """
    mode = params.get("ui_mode", "hosted_page")
    if mode not in ("hosted_page", "embedded_page"):
        raise not_offered("Checkout Sessions other than the hosted and the embedded page")
    embedded, stays = mode == "embedded_page", params.get("redirect_on_completion") == "never"
    needed = "return_url" if embedded else "success_url"
    if not params.get(needed) and not stays:
        raise invalid_request(f"Missing required param: {needed}.", param=needed, code="parameter_missing")
    wrong = ["success_url", "cancel_url"] if embedded else ["return_url", "redirect_on_completion"]
    if embedded and stays:
        wrong.append("return_url")
    for name in wrong:
        if name in params:
            setting = "redirect_on_completion: never" if name == "return_url" and embedded else f"ui_mode: {mode}"
            raise invalid_request(f"You cannot pass `{name}` with `{setting}`.", param=name)


def check_url(url: str, name: str) -> None:
    """Refuse what is no address of a web page."""
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise invalid_request("Not a valid URL", param=name, code="url_invalid")


def _check_customer(params: dict[str, Any], customer: Obj | None) -> None:
    """What automatic tax and tax ids need of an existing customer: leave to write down what the buyer types.

    The messages as seen in https://github.com/laravel/cashier-stripe/issues/1778 and
    https://github.com/raystack/frontier/pull/565 (which has the code).
    """
    updates = params.get("customer_update", {})
    if customer is None:
        if updates:
            raise invalid_request("`customer_update` can only be used with `customer`.", param="customer_update")
        return
    taxed = params.get("automatic_tax", {}).get("enabled")
    if taxed and updates.get("address") != "auto" and tax.located(customer["address"]) is None:
        raise invalid_request(
            "Automatic tax calculation in Checkout requires a valid address on the Customer. Add a valid address to "
            "the Customer or set either `customer_update[address]` to 'auto' or `customer_update[shipping]` to 'auto' "
            "to save the address entered in Checkout to the Customer.",
            code="customer_tax_location_invalid",
        )
    if params.get("tax_id_collection", {}).get("enabled") and updates.get("name") != "auto":
        raise invalid_request(
            "Tax ID collection requires updating business name on the customer. To enable tax ID collection for an "
            "existing customer, please set `customer_update[name]` to `auto`."
        )


def _check_mode(params: dict[str, Any], mode: str) -> None:
    payments_only = ("payment_intent_data", "customer_creation", "submit_type", "invoice_creation")
    wrong = ("subscription_data",) if mode == "payment" else payments_only
    for name in wrong:
        if name in params:
            raise invalid_request(f"You can not pass `{name}` in `{mode}` mode.", param=name)
    beyond = params.get("invoice_creation", {}).get("invoice_data", {}).keys() - INVOICE_DATA
    if beyond:
        raise not_offered(f"invoice_creation[invoice_data][{min(beyond)}]")
    if mode == "payment" and params.get("payment_method_collection"):
        raise invalid_request(
            "You can only set `payment_method_collection` if there are recurring prices.",
            param="payment_method_collection",
        )


def _check_nested(params: dict[str, Any], now: int) -> None:
    offered = {
        "automatic_tax": {"enabled"},
        "customer_update": {"address", "name"},
        "payment_intent_data": {
            "description",
            "metadata",
            "receipt_email",
            "setup_future_usage",
            "statement_descriptor_suffix",
        },
        "subscription_data": {"description", "metadata", "trial_end", "trial_period_days", "trial_settings"},
    }
    for name, members in offered.items():
        beyond = sorted(params.get(name, {}).keys() - members)
        if beyond:
            raise not_offered(f"{name}[{beyond[0]}]")
    data = params.get("subscription_data", {})
    if "trial_end" in data and "trial_period_days" in data:
        raise invalid_request("You may only specify one of these parameters: trial_end, trial_period_days.")
    if not 2 * DAY <= data.get("trial_end", now + 2 * DAY) - now <= 730 * DAY:
        raise invalid_request(
            "The `trial_end` date has to be at least 2 days, and at most 2 years, in the future.",
            param="subscription_data[trial_end]",
        )
    if not 1 <= data.get("trial_period_days", 1) <= 730:
        raise invalid_request(
            "Trial period days must be between 1 and 730.", param="subscription_data[trial_period_days]"
        )


def _expiry(world: World, params: dict[str, Any]) -> int:
    now = world.now()
    expires_at: int = params.get("expires_at", now + MOST_LIFE)
    if expires_at < now + LEAST_LIFE:
        raise invalid_request(
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.", param="expires_at"
        )
    if expires_at > now + MOST_LIFE:
        raise invalid_request(
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.", param="expires_at"
        )
    return expires_at
