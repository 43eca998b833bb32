"""What the team's other services are told of a write, as texts that are always all there."""

from dataclasses import replace
from datetime import timedelta

import pytest

from billing.domain.account import Account
from billing.domain.ids import PriceId, SubscriptionId
from billing.domain.ledger import Entry, Kind
from billing.domain.outbox import ledger_event, subscription_event
from billing.domain.subscription import Span
from tests.fakes.snapshots import ALICE, NOW
from tests.unit.billing.domain.test_subscription import state

DAY = timedelta(days=1)
NOBODY = Account(ALICE)
FIRST, SECOND = SubscriptionId("sub_1"), SubscriptionId("sub_2")


def entry(kind: Kind, access: Span | None = None, about: str | None = None) -> Entry:
    return Entry(ALICE, 3, 0, kind, 0, 0, about, None, "api", "a reason", NOW, access=access)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (Kind.PURCHASE, "credits.granted"),
        (Kind.RENEWAL, "credits.granted"),
        (Kind.REFUND, "credits.reversed"),
        (Kind.DISPUTE, "credits.reversed"),
        (Kind.REFUND_FAILED, "credits.restored"),
        (Kind.DISPUTE_WON, "credits.restored"),
        (Kind.SPEND, "credits.spent"),
        (Kind.SPEND_REVERSAL, "credits.returned"),
        (Kind.EXPIRY, "credits.expired"),
        (Kind.ADJUSTMENT, "credits.adjusted"),
        (Kind.RESTORE, "credits.adjusted"),
        (Kind.ACCESS, "level.changed"),
    ],
)
def test_each_kind_of_entry_has_a_type(kind, told):
    assert ledger_event(entry(kind))["type"] == told


def test_every_kind_is_told():
    assert all(ledger_event(entry(kind)) for kind in Kind)


def test_an_entry_tells_its_object_and_the_level_that_it_begins():
    until = Span("PRO", NOW + DAY)
    assert ledger_event(entry(Kind.ACCESS, until, "sub_1")) == {
        "type": "level.changed",
        "object": "sub_1",
        "level": "PRO",
        "until": f"{NOW + DAY:%Y-%m-%dT%H:%M:%SZ}",
    }


def test_what_is_not_there_is_an_empty_text():
    """Pipes documents no value for a path that leads nowhere."""
    assert ledger_event(entry(Kind.SPEND)) == {"type": "credits.spent", "object": "", "level": "", "until": ""}
    assert ledger_event(entry(Kind.ACCESS, Span("PRO", None)))["until"] == ""


def holding(*states):
    return replace(NOBODY, subscriptions=states)


def test_a_new_subscription_is_told_with_its_state():
    new = state(id=FIRST)
    assert subscription_event(NOBODY, holding(new)) == {
        "type": "subscription.changed",
        "subscription": FIRST,
        "status": new.status,
        "price": new.price_id,
        "quantity": str(new.quantity),
        "period_end": f"{new.period_end:%Y-%m-%dT%H:%M:%SZ}",
        "ends_at": "",
        "also": "",
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "past_due"},
        {"price_id": "price_other"},
        {"quantity": 9},
        {"period_end": NOW + 99 * DAY},
        {"cancel_at_period_end": True},
        {"cancel_at": NOW + 9 * DAY},
    ],
)
def test_each_change_of_it_is_told(changes):
    old = state(id=FIRST)
    told = subscription_event(holding(old), holding(replace(old, **changes)))
    assert told is not None
    assert told != subscription_event(NOBODY, holding(old))


def test_one_that_ends_with_its_period_says_when():
    ending = replace(state(id=FIRST), cancel_at_period_end=True)
    told = subscription_event(NOBODY, holding(ending))
    assert told is not None
    assert told["ends_at"] == told["period_end"] != ""


def test_one_that_ends_at_a_time_of_its_own_says_that():
    told = subscription_event(NOBODY, holding(replace(state(id=FIRST), cancel_at=NOW + 9 * DAY)))
    assert told is not None
    assert told["ends_at"] == f"{NOW + 9 * DAY:%Y-%m-%dT%H:%M:%SZ}"


def test_nothing_is_told_of_what_is_the_same():
    """A card, or what was paid: nothing that the event says."""
    old = state(id=FIRST)
    assert subscription_event(holding(old), holding(replace(old, paid_through=NOW, collection_paused=True))) is None
    assert subscription_event(NOBODY, replace(NOBODY, balance=5)) is None


def test_one_that_is_gone_has_ended():
    told = subscription_event(holding(state(id=FIRST)), NOBODY)
    assert told is not None
    assert (told["subscription"], told["status"]) == (FIRST, "ended")


def test_of_several_the_newest_that_is_there_speaks_and_the_others_are_named():
    old, new = state(id=FIRST), replace(state(id=SECOND), created=state().created + DAY)
    told = subscription_event(NOBODY, holding(old, new))
    assert told is not None
    assert (told["subscription"], told["also"]) == (SECOND, FIRST)
    replaced = subscription_event(holding(new), holding(old))
    assert replaced is not None
    assert (replaced["subscription"], replaced["also"]) == (FIRST, SECOND)
    swapped = subscription_event(NOBODY, holding(replace(old, created=new.created), replace(new, created=old.created)))
    assert swapped is not None
    assert (swapped["subscription"], swapped["also"]) == (FIRST, SECOND)  # by their times, and not by their names


def test_the_others_are_named_apart():
    third = replace(state(id="sub_3"), created=state().created + 2 * DAY)
    second = replace(state(id=SECOND), created=state().created + DAY)
    told = subscription_event(NOBODY, holding(state(id=FIRST), second, third))
    assert told is not None
    assert (told["subscription"], told["also"].split(" ")) == ("sub_3", [SECOND, FIRST])


@pytest.mark.parametrize("name", ['Gold "1"', "Gold\\1", '"'])
def test_a_price_of_which_pipes_could_not_make_json_is_not_told(name):
    """Until 2018 a plan's id could be any text. A pipe that fails at one record holds up all those behind it."""
    told = subscription_event(NOBODY, replace(NOBODY, subscriptions=(replace(state(), price_id=PriceId(name)),)))
    assert told is not None
    assert told["price"] == ""


def test_a_change_between_two_such_prices_is_told():
    gold, silver = (replace(state(), price_id=PriceId(name)) for name in ('Gold "1"', 'Silver "1"'))
    told = subscription_event(holding(gold), holding(silver))
    assert told is not None
    assert (told["subscription"], told["price"]) == (silver.id, "")
    assert subscription_event(holding(gold), holding(gold)) is None


def test_any_other_chosen_price_is_told():
    chosen = replace(state(), price_id=PriceId("Été <#1>"))
    told = subscription_event(NOBODY, replace(NOBODY, subscriptions=(chosen,)))
    assert told is not None
    assert told["price"] == "Été <#1>"
