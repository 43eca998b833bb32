"""Every object has every member that the SDK's resource class of this API version knows.

Exceptions are named: members that Stripe leaves out unless they are asked for, or has only for what is not offered
here.
"""

import inspect

import pytest
import stripe

LEFT_OUT = {
    "Charge": {"authorization_code", "level3", "refunds", "transfer"},
    "Coupon": {"applies_to", "currency_options", "deleted"},
    "Customer": {"cash_balance", "invoice_credit_balance", "sources", "subscriptions", "tax", "tax_ids", "deleted"},
    "Discount": {"deleted"},
    "Dispute": {"intended_submission_method", "network_reason_code"},
    "Event": {"account", "context"},
    "Invoice": {"confirmation_secret", "payments", "threshold_reason", "status_details", "deleted"},
    "InvoiceItem": {"deleted"},
    "LineItem": {"discounts", "taxes"},
    "PaymentIntent": {"hooks", "managed_payments", "payment_details", "payment_record", "presentment_details"},
    "Price": {"currency_options", "tiers", "deleted"},
    "Product": {"deleted"},
    "ProductFeature": {"deleted"},
    "Refund": {
        "description",
        "failure_balance_transaction",
        "failure_reason",
        "instructions_email",
        "next_action",
        "pending_reason",
        "presentment_details",
    },
    "Session": {"line_items", "managed_payments", "name_collection", "optional_items", "presentment_details"}
    | {"redirect_on_completion", "return_url", "tax_id_collection"},
    "Subscription": {"managed_payments", "status_details"},
    "SubscriptionItem": {"current_trial", "deleted"},
    "TaxId": {"deleted"},
    "TestClock": {"deleted"},
    "WebhookEndpoint": {"deleted", "secret"},
}

KINDS = {
    "v2.core.event_destination": stripe.v2.core.EventDestination,
    "balance_transaction": stripe.BalanceTransaction,
    "billing_portal.configuration": stripe.billing_portal.Configuration,
    "billing_portal.session": stripe.billing_portal.Session,
    "charge": stripe.Charge,
    "checkout.session": stripe.checkout.Session,
    "coupon": stripe.Coupon,
    "customer": stripe.Customer,
    "discount": stripe.Discount,
    "dispute": stripe.Dispute,
    "entitlements.active_entitlement": stripe.entitlements.ActiveEntitlement,
    "entitlements.feature": stripe.entitlements.Feature,
    "event": stripe.Event,
    "invoice": stripe.Invoice,
    "invoice_payment": stripe.InvoicePayment,
    "invoiceitem": stripe.InvoiceItem,
    "payment_intent": stripe.PaymentIntent,
    "price": stripe.Price,
    "product": stripe.Product,
    "product_feature": stripe.ProductFeature,
    "promotion_code": stripe.PromotionCode,
    "refund": stripe.Refund,
    "subscription": stripe.Subscription,
    "subscription_item": stripe.SubscriptionItem,
    "tax_id": stripe.TaxId,
    "tax_rate": stripe.TaxRate,
    "test_helpers.test_clock": stripe.test_helpers.TestClock,
    "webhook_endpoint": stripe.WebhookEndpoint,
}


def known_members(resource: type) -> set[str]:
    return {name for name in inspect.get_annotations(resource) if name != "OBJECT_NAME" and not name.startswith("_")}


@pytest.fixture
def lived(account):
    """An account in which one of everything has happened."""
    account.post("/v1/test_helpers/test_clocks", frozen_time=int(account.time))
    promotion = {"type": "coupon", "coupon": account.post("/v1/coupons", percent_off=10, duration="forever")["id"]}
    code = account.post("/v1/promotion_codes", promotion=promotion)["id"]
    plan = account.price(1200, recurring={"interval": "month"})
    feature = account.post("/v1/entitlements/features", lookup_key="api", name="API")["id"]
    account.post(f"/v1/products/{plan['product']}/features", entitlement_feature=feature)
    hook = {"url": "http://thin.test"}
    account.post(
        "/v2/core/event_destinations",
        name="thin",
        type="webhook_endpoint",
        webhook_endpoint=hook,
        event_payload="thin",
        enabled_events=["*"],
    )
    berlin, vat = {"country": "DE"}, [{"type": "eu_vat", "value": "DE123456789"}]
    taxed = account.session(plan, discounts=[{"promotion_code": code}], automatic_tax={"enabled": True})
    account.pay(taxed, address=berlin, tax_ids=vat)
    subscription = account.get("/v1/subscriptions")["data"][0]
    configuration = account.post("/v1/billing_portal/configurations", features={"invoice_history": {"enabled": True}})
    account.post("/v1/billing_portal/sessions", customer=subscription["customer"], configuration=configuration["id"])
    changed = [{"id": subscription["items"]["data"][0]["id"], "quantity": 2}]
    account.post(f"/v1/subscriptions/{subscription['id']}", items=changed)
    account.pay(account.session(account.price()), "4000000000000259")
    account.time += 5
    account.engine.tick()
    paid = account.session(account.price())
    account.pay(paid)
    account.post("/v1/refunds", payment_intent=account.get("/v1/checkout/sessions/" + paid["id"])["payment_intent"])
    return account


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_members_are_the_sdks(lived, kind):
    whole = kind.startswith("billing_portal.")  # its Session has nothing left out, unlike Checkout's
    known, left_out = known_members(KINDS[kind]), set() if whole else LEFT_OUT.get(KINDS[kind].__name__, set())
    found = lived.world.all(kind)
    assert found
    for each in found:
        assert each.keys() == known - left_out, (each.keys() ^ known) - left_out
    assert left_out <= known, "an exception that is none"


def test_lines_of_sessions_and_invoices_have_the_members_of_the_sdk(lived):
    invoice = lived.world.all("invoice")[0]
    assert invoice["lines"]["data"][0].keys() == known_members(stripe.InvoiceLineItem)
    session = lived.world.all("checkout.session")[0]
    lines = lived.get(f"/v1/checkout/sessions/{session['id']}/line_items")["data"]
    assert lines[0].keys() == known_members(stripe.LineItem) - LEFT_OUT["LineItem"]


def test_what_was_removed_stays_removed(lived):
    """https://docs.stripe.com/changelog/basil#2025-03-31.basil"""
    assert not {"subscription", "charge", "paid", "payment_intent"} & lived.world.all("invoice")[0].keys()
    assert not {"invoice"} & (lived.world.all("charge")[0].keys() | lived.world.all("payment_intent")[0].keys())
    assert "current_period_end" not in lived.world.all("subscription")[0]
