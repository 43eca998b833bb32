"""The public catalog: from the cache while that is usable, else from Stripe."""

import pytest

from billing.errors import StripeUnavailable
from billing.ports.stripe import Catalog
from billing.services.read_catalog import read_catalog
from tests.fakes.core import Core


def read(core: Core) -> str:
    def reach() -> Catalog:
        core.calls.made.append("reach")
        return core.stripe

    return read_catalog(reach, core.cache, lambda prices: f"{len(prices)} prices", lambda text: text.endswith("prices"))


def test_it_is_read_from_stripe_once_and_kept_for_minutes(core):
    assert read(core) == "5 prices"
    assert core.cache.kept_seconds == [120]
    assert read(core) == "5 prices"
    assert core.calls.made == ["reach", "active_prices"]


def test_what_is_not_usable_is_replaced(core):
    core.cache.catalog_document = "<html>"
    assert read(core) == "5 prices"
    assert core.cache.catalog_document == "5 prices"


def test_without_redis_stripe_answers_each_time(core):
    core.cache.down = True
    assert [read(core), read(core)] == ["5 prices", "5 prices"]
    assert core.calls.count("active_prices") == 2


def test_when_neither_has_it_that_is_said(core):
    core.calls.broken["active_prices"] = StripeUnavailable("down")
    with pytest.raises(StripeUnavailable):
        read(core)
