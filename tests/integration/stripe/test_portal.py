"""The customer portal: a session by the official SDK, its pages by HTTP."""

import pytest
import stripe

RETURN = "http://127.0.0.1:1/account"


@pytest.fixture
def begun(shop, stand_in):
    """A paid subscription to 10.00 a month, and a price of 30.00 to switch to."""
    basic = shop.price(1000, interval="month")
    session = shop.session(basic, "subscription")
    shop.pay(session)
    found = stand_in.v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription"]}).subscription
    return found, basic, shop.price(3000, interval="month")


@pytest.fixture
def enter(shop, stand_in, begun):
    """Open the portal with everything on; return the session's path."""
    subscription, basic, bigger = begun

    def enter(**given) -> str:
        prices = [basic.id, bigger.id]
        configuration = stand_in.v1.billing_portal.configurations.create(
            {
                "business_profile": {"headline": "Plumbline's customers"},
                "features": {
                    "invoice_history": {"enabled": True},
                    "payment_method_update": {"enabled": True},
                    "subscription_cancel": {
                        "enabled": True,
                        "cancellation_reason": {"enabled": True, "options": ["too_expensive", "other"]},
                    },
                    "subscription_update": {
                        "enabled": True,
                        "default_allowed_updates": ["price"],
                        "products": [{"product": shop.product.id, "prices": prices}],
                        "proration_behavior": "always_invoice",
                    },
                },
            }
        )
        made = stand_in.v1.billing_portal.sessions.create(
            {"customer": subscription.customer, "configuration": configuration.id, "return_url": RETURN, **given}
        )
        assert made.url.startswith(stand_in.url)
        return made.url.removeprefix(stand_in.url)

    return enter


def test_the_default_configuration_is_the_dashboards(stand_in, begun):
    """The control API plays the dashboard; `begun` may not be the first to ask."""
    if not stand_in.v1.billing_portal.configurations.list({"is_default": True}).data:
        with pytest.raises(stripe.InvalidRequestError) as refused:
            stand_in.v1.billing_portal.sessions.create({"customer": begun[0].customer})
        assert "your test mode default configuration has not been created" in str(refused.value)
    saved = stand_in.control("portal_settings", features={"invoice_history": {"enabled": True}})
    assert saved["is_default"]
    made = stand_in.v1.billing_portal.sessions.create({"customer": begun[0].customer, "expand": ["configuration"]})
    assert made.configuration.id == saved["id"]
    again = stand_in.control("portal_settings", features={"subscription_cancel": {"enabled": True}})
    assert (again["id"], again["features"]["invoice_history"]["enabled"]) == (saved["id"], True)


def test_a_plan_is_canceled_and_renewed_in_the_portal(stand_in, inbox, begun, enter):
    subscription, *_ = begun
    base = enter()
    page = stand_in.http.get(base).text
    assert "Plumbline&#39;s customers" in page
    assert f'href="{RETURN}"' in page
    assert "$10.00 per month" in page
    asked = stand_in.http.get(f"{base}/subscriptions/{subscription.id}/cancel").text
    assert "It is too expensive" in asked
    answer = stand_in.http.post(f"{base}/subscriptions/{subscription.id}/cancel", data={"feedback": "other"})
    assert (answer.status_code, answer.headers["location"]) == (303, base)
    ends = stand_in.v1.subscriptions.retrieve(subscription.id)
    assert ends.cancel_at == ends["items"].data[0].current_period_end
    assert (ends.cancel_at_period_end, ends.cancellation_details.feedback) == (False, "other")
    assert "Cancels " in stand_in.http.get(base).text
    stand_in.http.post(f"{base}/subscriptions/{subscription.id}/renew")
    assert stand_in.v1.subscriptions.retrieve(subscription.id).cancel_at is None
    inbox.verified_all({("customer.subscription.updated", subscription.id)})


def test_a_switch_shows_what_it_costs(stand_in, begun, enter):
    subscription, basic, bigger = begun
    base = enter()
    page = stand_in.http.get(f"{base}/subscriptions/{subscription.id}/update").text
    assert basic.id in page
    assert bigger.id in page
    confirm = f"{base}/subscriptions/{subscription.id}/confirm"
    shown = stand_in.http.get(confirm, params={"price": bigger.id, "quantity": "1"}).text
    assert "Amount due today" in shown
    assert "Unused time on 500 credits" in shown
    assert stand_in.http.post(confirm, data={"price": bigger.id, "quantity": "1"}).headers["location"] == base
    after = stand_in.v1.subscriptions.retrieve(subscription.id, {"expand": ["latest_invoice"]})
    assert after["items"].data[0].price.id == bigger.id
    assert after.latest_invoice.status == "paid"
    again = stand_in.http.post(confirm, data={"price": bigger.id, "quantity": "1"})
    assert (again.status_code, "no changes to confirm" in again.text) == (422, True)
    assert stand_in.http.get(confirm, params={"price": "price_none"}).status_code == 422


def test_a_card_is_replaced_and_pays_what_is_open(stand_in, inbox, begun, enter):
    subscription, *_ = begun
    base = enter()
    form = {"card_number": "4000 0000 0000 0002", "expiry": "12 / 34", "cvc": "123"}
    declined = stand_in.http.post(base + "/payment-method", data=form)
    assert (declined.status_code, "Your card was declined." in declined.text) == (402, True)
    wrong = stand_in.http.post(base + "/payment-method", data={**form, "expiry": "12"})
    assert (wrong.status_code, "expiration date is incomplete" in wrong.text) == (422, True)
    saved = stand_in.http.post(base + "/payment-method", data={**form, "card_number": "5555 5555 5555 4444"})
    assert saved.status_code == 303
    assert "Mastercard •••• 4444" in stand_in.http.get(base).text
    method = stand_in.v1.subscriptions.retrieve(subscription.id).default_payment_method
    inbox.verified_all({("payment_method.attached", method), ("customer.updated", subscription.customer)})


def test_a_flow_leads_back(stand_in, begun, enter):
    subscription, _, bigger = begun
    item = subscription["items"].data[0]
    flow = {
        "type": "subscription_update_confirm",
        "subscription_update_confirm": {
            "subscription": subscription.id,
            "items": [{"id": item.id, "price": bigger.id}],
        },
        "after_completion": {"type": "redirect", "redirect": {"return_url": "http://127.0.0.1:1/done"}},
    }
    base = enter(flow_data=flow)
    begin = stand_in.http.get(base)
    assert begin.status_code == 303
    page = stand_in.http.get(begin.headers["location"]).text
    assert 'id="due"' in page
    done = stand_in.http.post(begin.headers["location"].partition("?")[0], data={"price": bigger.id, "quantity": "1"})
    assert done.headers["location"] == "http://127.0.0.1:1/done"
    assert stand_in.http.get(base).status_code == 200, "once done, it is the whole portal"

    hosted = {"type": "hosted_confirmation", "hosted_confirmation": {"custom_message": "Until then!"}}
    cancel = {"type": "subscription_cancel", "subscription_cancel": {"subscription": subscription.id}}
    base = enter(flow_data={**cancel, "after_completion": hosted})
    begin = stand_in.http.get(base).headers["location"]
    assert begin.endswith("/cancel")
    done = stand_in.http.post(begin)
    assert "Until then!" in stand_in.http.get(done.headers["location"]).text

    base = enter(flow_data={"type": "payment_method_update"})
    assert stand_in.http.get(base).headers["location"].endswith("/payment-method")


def test_pages_that_are_not_there(stand_in, begun, enter):
    base = enter()
    assert stand_in.http.get("/p/session/test_none").status_code == 404
    assert stand_in.http.get(f"{base}/subscriptions/sub_none/cancel").status_code == 404
    assert stand_in.http.post(f"{base}/invoices/in_none/pay").status_code == 404
