"""Which orders are the same for a second click, and which take each other's place."""

from dataclasses import replace
from typing import Any

import pytest

from billing.domain.order import OrderLine, order_hash, slot_of
from billing.domain.terms import Terms
from tests.fakes.snapshots import CREDITS, PRO_30, PRO_MONTHLY, TEAM_YEARLY, a_price, an_order

LINES = an_order().lines
PLAN = an_order(PRO_MONTHLY).lines


def hashed(lines: tuple[OrderLine, ...] = LINES, mode: str = "payment", currency: str = "eur", **terms: Any) -> str:
    return order_hash(mode, currency, lines, Terms(**terms))


def taken(*pairs) -> tuple[OrderLine, ...]:
    return tuple(OrderLine(price.id, "", number, 1, price.gives) for price, number in pairs)


@pytest.mark.parametrize(
    ("lines", "same"),
    [
        ([(CREDITS, 1), (PRO_30, 2)], True),
        ([(PRO_30, 2), (CREDITS, 1)], True),
        ([(PRO_30, 1), (CREDITS, 2)], False),
        ([(CREDITS, 1)], False),
    ],
)
def test_two_clicks_on_the_same_thing_have_the_same_hash_and_the_same_slot(lines, same):
    """F59."""
    first, second = taken((CREDITS, 1), (PRO_30, 2)), taken(*lines)
    assert (hashed(first) == hashed(second)) is same
    assert (slot_of("payment", first) == slot_of("payment", second)) is same
    assert len(hashed(first)) == len(slot_of("payment", first)) == 32


@pytest.mark.parametrize(
    "given", [{"credits": 501}, {"credits_expire_days": 90}, {"level": "PRO"}, {"level": "PRO", "level_days": 30}]
)
def test_what_the_price_gives_and_costs_belongs_to_the_hash(given):
    """An open session of yesterday would give what the catalog said yesterday, and not what the buyer was shown."""
    line = LINES[0]
    assert hashed((replace(line, gives=replace(line.gives, **given)),)) != hashed()
    assert hashed((replace(line, unit_amount=501),)) != hashed()
    assert hashed((replace(line, name="new name"),)) == hashed()


def test_mode_and_currency_belong_to_the_hash():
    assert len({hashed(PLAN), hashed(PLAN, "subscription"), hashed(PLAN, currency="usd")}) == 3


@pytest.mark.parametrize(
    "terms",
    [
        {"ui_mode": "embedded"},
        {"locale": "de"},
        {"promotion_codes": True},
        {"automatic_tax": True},
        {"trial_days": 7},
        {"trial_without_card": True},
        {"billing_address": "required"},
        {"receipt": True},
        {"invoice": True},
    ],
    ids=str,
)
def test_how_it_is_sold_belongs_to_the_hash(terms):
    """An embedded page must not be handed the address of a hosted one, nor a session with the trial of another time."""
    assert hashed(**terms) != hashed()


def test_all_plans_of_a_group_share_a_slot_and_no_other_one():
    """Money rule 22."""
    storage = an_order(a_price("storage", 300, "month", credits=1, plan_group="storage")).lines
    assert slot_of("subscription", PLAN) == slot_of("subscription", an_order(TEAM_YEARLY).lines)
    assert slot_of("subscription", PLAN) == "subscription:default"
    assert slot_of("subscription", storage) == "subscription:storage"


def test_a_pack_takes_the_place_of_the_same_pack_whatever_it_gives_today():
    line = LINES[0]
    changed = replace(line, unit_amount=1, gives=replace(line.gives, credits=1))
    assert slot_of("payment", (changed,)) == slot_of("payment", LINES)
