"""The dashboard after a purchase: a real system's metrics, in the dashboard that is deployed."""

from pathlib import Path
from uuid import uuid4

from local.configure import CACHE
from local.dashboard.body import body_of
from local.dashboard.figures import figures, samples_of
from local.stack import TEMPLATE
from local.template.expand import expand
from tests.integration.purchase.books import Books
from tests.integration.purchase.logs import FUNCTIONS, Logs
from tests.integration.purchase.shop import Checkout, Shop
from tests.integration.purchase.wait import until

ALL = "In all of the time that is shown"
ASK_REDIS = {"create_checkout", "event_consumer", "webhook"}


def test_a_purchase_is_seen_in_each_row(shop: Shop, books: Books, logs: Logs, user: str) -> None:
    checkout = shop.buy(user)
    books.wait_for_ledger(user, entries=1)
    shop.settle(books)
    told = until("metrics", lambda: seen(logs) if "completed" in seen(logs).get(ALL, {}) else None)
    assert told[ALL] == {
        "checkouts started": 1,
        "completed": 1,
        "completion rate, %": 100,
        "credits granted": 500,
        "reversed": 0,
    }
    webhooks = told["Webhooks"]
    assert webhooks["received"] == webhooks["queued"] >= 1
    assert told["Delivery success rate, %"] == {"answered with 2xx": 100}
    assert told["Time to answer a webhook, ms"].keys() == {"average", "p50", "p99"}
    assert told["Time of a converge, ms"]["event: p50"] > 0
    assert sum(told["Events, by what became of them"].values()) >= 1
    assert told["Error rate of the tries, by event type, %"]["checkout.session.completed"] == 0
    assert told["Stripe calls"].keys() >= {"create_checkout", "event_consumer"}
    until("each function asks Redis", lambda: ask(logs) >= ASK_REDIS or once_more(shop, checkout))


def ask(logs: Logs) -> set[str]:
    """The functions that have sent Redis a command."""
    return set(seen(logs)["Redis commands"])


def once_more(shop: Shop, checkout: Checkout) -> bool:
    """Order, and deliver an event that nobody knows: on a busy machine Redis may have been left alone for a while."""
    shop.order(checkout.user)
    shop.deliver({**shop.completed_event(checkout), "id": f"evt_{uuid4().hex}"})
    return False


def seen(logs: Logs) -> dict[str, dict[str, float]]:
    """By title, the figures of each widget."""
    samples = samples_of(line for function in FUNCTIONS for line in logs.text(function).splitlines())
    widgets = body_of(expand(Path(TEMPLATE), CACHE)["expanded"]["Resources"])["widgets"]
    return {
        widget["properties"]["title"]: {figure.label: figure.value for figure in figures(widget, samples)}
        for widget in widgets
        if widget["type"] == "metric"
    }
