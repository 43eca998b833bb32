"""The form of the pay page: what it asks for, and what was typed into it."""

from __future__ import annotations

from dataclasses import dataclass

from local.stripe.engine.buyers import instruments
from local.stripe.engine.buyers.instruments import InvalidDetails
from local.stripe.engine.catalog import tax_ids
from local.stripe.engine.checkout.checkout_buyer import Buyer
from local.stripe.engine.checkout.session_order import Order
from local.stripe.engine.world import Obj, World

COUNTRIES = {
    "AT": "Austria",
    "AU": "Australia",
    "BE": "Belgium",
    "CA": "Canada",
    "CH": "Switzerland",
    "DE": "Germany",
    "ES": "Spain",
    "FR": "France",
    "GB": "United Kingdom",
    "IE": "Ireland",
    "IT": "Italy",
    "JP": "Japan",
    "NL": "Netherlands",
    "NO": "Norway",
    "PL": "Poland",
    "SE": "Sweden",
    "US": "United States",
}
POSTAL = frozenset({"CA", "GB", "US"})
"""Where the postal code is asked for although the rest of the address is not.

https://docs.stripe.com/payments/collect-addresses?payment-ui=checkout
"""


@dataclass(frozen=True)
class Asks:
    """What the page asks for, beside email and name."""

    method: bool
    address: str
    """`full`, `country` (with the postal code where it matters), or empty"""
    tax_id: bool
    tax_id_required: bool


def asks(session: Obj, order: Order) -> Asks:
    """Read from the session what its page asks for.

    Automatic tax needs the country, unless the customer's address may not change; so does a tax id.
    """
    movable = session["customer"] is None or order.updates.get("address") == "auto"
    wanted = session.get("tax_id_collection") or {"enabled": False, "required": "never"}
    address = "country" if (order.taxed and movable) or wanted["enabled"] else ""
    return Asks(
        method=session["amount_total"] > 0 or session["payment_method_collection"] == "always",
        address="full" if session["billing_address_collection"] == "required" else address,
        tax_id=wanted["enabled"],
        tax_id_required=wanted["required"] == "if_supported",
    )


def read_buyer(typed: dict[str, str], wanted: Asks) -> Buyer:
    """Read the buyer from the form; raise InvalidDetails with the field that is wrong."""
    email = typed.get("email", "")
    if email.count("@") != 1 or email.startswith("@") or email.endswith("@"):
        raise InvalidDetails("email", "email_invalid", "Your email is invalid.")
    address = read_address(typed, wanted)
    ids, business = _read_tax_id(typed, wanted, address)
    if not typed.get("name"):
        raise InvalidDetails("name", "incomplete_name", "Your name is incomplete.")
    return Buyer(typed["name"], email, address, ids, business)


def read_address(typed: dict[str, str], wanted: Asks) -> Obj | None:
    """Read the address as far as it is asked for; None where nothing is."""
    if not wanted.address:
        return None
    country = typed.get("country", "")
    if country not in COUNTRIES:
        raise InvalidDetails("country", "incomplete_country", "Choose your country.")
    needed = ["line1", "city", "postal_code"] if wanted.address == "full" else []
    if country in POSTAL and "postal_code" not in needed:
        needed.append("postal_code")
    for name in needed:
        if not typed.get(name):
            raise InvalidDetails(name, f"incomplete_{name}", "Your address is incomplete.")
    optional = ("line1", "line2", "city", "state", "postal_code")
    return {"country": country, **{name: typed[name] for name in optional if typed.get(name)}}


def _read_tax_id(typed: dict[str, str], wanted: Asks, address: Obj | None) -> tuple[list[Obj], str | None]:
    country = (address or typed).get("country", "")
    business = typed.get("business") == "on" or (wanted.tax_id_required and country in tax_ids.KINDS)
    if not wanted.tax_id or not business:
        return [], None
    if not typed.get("business_name"):
        raise InvalidDetails("business_name", "incomplete_business_name", "Your business name is incomplete.")
    found = tax_ids.read(country, typed.get("tax_id", ""))
    if found is None:
        raise InvalidDetails("tax_id", "invalid_tax_id", "Your tax ID is invalid.")
    return [found], typed["business_name"]


def read_instrument(world: World, session: Obj, typed: dict[str, str]) -> instruments.Instrument:
    """Read card or IBAN; raise InvalidDetails."""
    kind = typed.get("payment_method", session["payment_method_types"][0])
    if kind not in session["payment_method_types"]:
        raise InvalidDetails("payment_method", "payment_method_unavailable", "Choose a payment method.")
    if kind == "sepa_debit":
        return instruments.sepa_account(typed.get("iban", ""))
    return instruments.card(typed.get("card_number", ""), typed.get("expiry", ""), typed.get("cvc", ""), world.now())


def saved_address(world: World, session: Obj) -> dict[str, str]:
    """The customer's address, to begin with."""
    customer = world.find(session["customer"]) if session["customer"] else None
    address: Obj = (customer or {}).get("address") or {}
    return {name: value for name, value in address.items() if value}
