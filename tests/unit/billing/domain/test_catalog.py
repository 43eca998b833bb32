"""What a price gives, out of metadata that people type."""

from dataclasses import replace

import pytest

from billing.domain.catalog import DEFAULT_GROUP, BrokenMetadata, Gives, parse_gives, speaking_metadata
from tests.fakes.snapshots import CREDITS, PRO_MONTHLY, a_price

LEVELS = ("FREE", "PRO", "TEAM")


@pytest.mark.parametrize(
    ("metadata", "gives"),
    [
        ({}, Gives()),
        ({"color": "blue"}, Gives()),
        ({"credits_amount": "500"}, Gives(credits=500)),
        ({"credits_amount": "1000000000"}, Gives(credits=1_000_000_000)),
        ({"credits_amount": "20", "credits_expire_days": "90"}, Gives(credits=20, credits_expire_days=90)),
        ({"entitlement_level": "PRO", "entitlement_days": "30"}, Gives(level="PRO", level_days=30)),
        ({"entitlement_level": "TEAM", "plan": "team"}, Gives(level="TEAM", plan="team")),
        ({"plan": "p"}, Gives(plan="p")),
        ({"plan": "p" * 40}, Gives(plan="p" * 40)),
        ({"credits_amount": "5", "plan_group": "add-on_2"}, Gives(credits=5, plan_group="add-on_2")),
    ],
)
def test_metadata_says_what_a_price_gives(metadata, gives):
    assert parse_gives(metadata, LEVELS) == gives


@pytest.mark.parametrize(
    ("metadata", "why"),
    [
        ({"credits_amount": "0"}, "credits_amount must be a whole number from 1 to 1000000000"),
        ({"credits_amount": ""}, "credits_amount must be"),
        ({"credits_amount": "-5"}, "credits_amount must be"),
        ({"credits_amount": "5.0"}, "credits_amount must be"),
        ({"credits_amount": " 5"}, "credits_amount must be"),
        ({"credits_amount": "٥"}, "credits_amount must be"),
        ({"credits_amount": "1000000001"}, "credits_amount must be"),
        ({"credits_amount": "9" * 5000}, "credits_amount must be"),
        ({"credits_amount": "1", "credits_expire_days": "3651"}, "credits_expire_days must be .* to 3650"),
        ({"credits_expire_days": "90"}, "credits_expire_days without credits_amount"),
        ({"entitlement_level": "GOLD"}, "entitlement_level 'GOLD' is none of PRO, TEAM"),
        ({"entitlement_level": "FREE"}, "is none of PRO, TEAM"),  # everybody has it: nobody can mean to sell it
        ({"entitlement_level": "X" * 500}, "entitlement_level 'X{40}' is"),
        ({"entitlement_days": "30"}, "entitlement_days without entitlement_level"),
        ({"plan_group": ""}, "plan_group must be 1 to 40 of a-z, 0-9, _ and -"),
        ({"plan_group": "Add-on"}, "plan_group must be"),
        ({"plan_group": "a#b"}, "plan_group must be"),  # S25: it is part of a key
        ({"plan_group": "-a"}, "plan_group must be"),
        ({"plan_group": "a" * 41}, "plan_group must be"),
        ({"plan": ""}, "plan must be 1 to 40 printable characters"),
        ({"plan": "a\nb"}, "plan must be"),
        ({"plan": "p" * 41}, "plan must be"),
    ],
)
def test_metadata_that_cannot_be_meant_is_refused_with_its_reason(metadata, why):
    with pytest.raises(BrokenMetadata, match=why) as broken:
        parse_gives(metadata, LEVELS)
    assert broken.value.key in metadata


def test_metadata_of_the_price_speaks_alone_when_it_says_anything():
    product = {"credits_amount": "500", "credits_expire_days": "90"}
    assert speaking_metadata({"credits_amount": "20"}, product) == {"credits_amount": "20"}
    assert speaking_metadata({"note": "summer"}, product) == product


@pytest.mark.parametrize(
    "key", ["credits_amount", "credits_expire_days", "entitlement_level", "entitlement_days", "plan", "plan_group"]
)
def test_any_key_of_the_catalog_lets_the_price_speak(key):
    assert speaking_metadata({key: "x"}, {"credits_amount": "500"}) == {key: "x"}


def test_a_price_gives_nothing_without_credits_and_level():
    assert Gives(plan="pro").nothing
    assert not Gives(credits=1).nothing
    assert not Gives(level="PRO").nothing


def test_a_price_is_of_the_group_that_it_names_or_of_the_one_that_all_others_share():
    assert (Gives(plan_group="storage").group, Gives().group) == ("storage", DEFAULT_GROUP)


def test_a_price_has_an_amount_in_its_currencies_only():
    price = a_price("credits", 500, credits=500, options={"usd": 550})
    assert [price.amount_in(currency) for currency in ("eur", "usd", "gbp")] == [500, 550, None]


def test_where_there_is_only_the_lowest_level_none_can_be_sold():
    with pytest.raises(BrokenMetadata, match="'PRO' is none of those that can be sold"):
        parse_gives({"entitlement_level": "PRO"}, ("FREE",))


def test_only_an_active_whole_price_that_gives_something_is_sellable():
    assert CREDITS.sellable
    assert replace(CREDITS, unit_amount=0).sellable  # nothing is an amount, too
    for change in ({"active": False}, {"problem": "plan must be"}, {"unit_amount": None}, {"gives": Gives(plan="pro")}):
        assert not replace(CREDITS, **change).sellable


def test_a_price_recurs_when_it_has_an_interval():
    assert PRO_MONTHLY.recurring
    assert not CREDITS.recurring
