"""A price is shown as it is now, in the subscriptions and checkout sessions that have it."""

from tests.unit.local.stripe.subscribed import Subscribed


def test_a_subscription_shows_the_price_as_it_is_now(account):
    plan = Subscribed(account)
    account.post(f"/v1/prices/{plan.basic['id']}", metadata={"credits_amount": "70"})
    (item,) = plan.now()["items"]["data"]
    assert item["price"]["metadata"] == item["plan"]["metadata"] == {"credits_amount": "70"}
    assert item["price"] == account.get(f"/v1/prices/{plan.basic['id']}")


def test_another_price_is_left_alone(account):
    plan = Subscribed(account)
    account.post(f"/v1/prices/{plan.price(2000)}", metadata={"credits_amount": "70"})
    (item,) = plan.now()["items"]["data"]
    assert item["price"]["metadata"] == {}


def test_the_lines_of_a_session_show_the_price_as_it_is_now(account):
    price = account.price(500)
    session = account.session(price)
    account.post(f"/v1/prices/{price['id']}", nickname="new")
    (line,) = account.get(f"/v1/checkout/sessions/{session['id']}/line_items")["data"]
    assert line["price"]["nickname"] == "new"


def test_an_event_keeps_what_it_showed_when_it_was_made(account):
    plan = Subscribed(account)
    account.post(f"/v1/prices/{plan.basic['id']}", metadata={"credits_amount": "70"})
    (made,) = [event for event in account.world.all("event") if event["type"] == "customer.subscription.created"]
    assert made["data"]["object"]["items"]["data"][0]["price"]["metadata"] == {}


def test_a_plan_that_is_deleted_is_found_by_nobody_and_goes_on_where_it_is_subscribed_to(account):
    plan = Subscribed(account)
    product = plan.basic["product"]
    assert account.ask("DELETE", f"/v1/products/{product}").status == 400
    gone = account.ask("DELETE", f"/v1/plans/{plan.basic['id']}")
    assert gone.body == {"id": plan.basic["id"], "object": "plan", "deleted": True}
    assert account.ask("GET", f"/v1/prices/{plan.basic['id']}").body["error"]["code"] == "resource_missing"
    assert account.ask("DELETE", f"/v1/products/{product}").status == 200
    (item,) = plan.now()["items"]["data"]
    assert (item["price"]["id"], item["price"]["product"]) == (plan.basic["id"], product)
