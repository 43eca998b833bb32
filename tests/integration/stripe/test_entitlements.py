"""Entitlements with the official SDK."""


def test_a_subscription_to_a_product_with_features(shop, stand_in, inbox):
    feature = stand_in.v1.entitlements.features.create({"lookup_key": f"api-{shop.product.id}", "name": "API"})
    stand_in.v1.products.features.create(shop.product.id, {"entitlement_feature": feature.id})
    session = shop.session(shop.price(900, interval="month"), "subscription")

    shop.pay(session)

    listed = stand_in.v1.entitlements.active_entitlements.list({"customer": session.customer})
    assert [(each.feature, each.lookup_key) for each in listed.data] == [(feature.id, feature.lookup_key)]
    event = inbox.next_about("entitlements.active_entitlement_summary.updated", "").event
    assert event["data"]["object"]["customer"] == session.customer
    subscription = stand_in.v1.subscriptions.list({"customer": session.customer}).data[0]
    stand_in.v1.subscriptions.cancel(subscription.id)
    assert stand_in.v1.entitlements.active_entitlements.list({"customer": session.customer}).data == []
