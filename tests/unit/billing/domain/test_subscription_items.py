"""Several items, several subscriptions, and what is remembered of a subscription beside its status (money rule 22)."""

from dataclasses import replace

import pytest

from billing.domain.account import Account
from billing.domain.catalog import Gives, Price
from billing.domain.decide import decide
from billing.domain.ids import SubscriptionId
from billing.domain.snapshot import Card, SubscriptionItem
from billing.domain.subscription import (
    ItemState,
    Span,
    SubscriptionState,
    access_of,
    governing,
    groups_of,
    second_subscriptions,
    state_of,
)
from tests.fakes.snapshots import (
    BOB,
    CAUSE,
    DAY,
    NOW,
    ORDER,
    POLICY,
    PRICES,
    PRO_MONTHLY,
    TEAM_YEARLY,
    a_line,
    a_price,
    a_subscription,
    a_truth,
    an_invoice,
    an_item,
    an_order,
    before,
    item_of,
    step,
)

SEATS = a_price("seats", 300, "month", credits=10)
STORAGE = a_price("storage", 200, "month", level="PRO", plan="storage", plan_group="storage")
BROKEN = replace(STORAGE, gives=Gives(), problem="a typo", broken_key="plan_group")
TEAM_MONTHLY = a_price("team_monthly", 3000, "month", level="TEAM", plan="team")
SOLD = {**PRICES, SEATS.id: SEATS, STORAGE.id: STORAGE}


def state(*items: SubscriptionItem, known=None, prices=SOLD, **given) -> SubscriptionState:
    truth = a_subscription(items=items or (an_item(PRO_MONTHLY),), **given)
    return state_of(truth, known, [], prices, POLICY.levels)


def kept(price: Price, quantity: int, plan: str | None, level: str | None, group: str = "default") -> ItemState:
    return ItemState(price.id, quantity, plan, level, group, item_of(price.id))


def test_every_item_is_remembered_and_the_highest_level_speaks():
    found = state(an_item(SEATS, 5), an_item(PRO_MONTHLY), an_item(TEAM_YEARLY, days=365))
    assert found.items == (
        kept(PRO_MONTHLY, 1, "pro", "PRO"),
        kept(SEATS, 5, None, None),
        kept(TEAM_YEARLY, 1, "team", "TEAM"),
    )
    assert (found.price_id, found.level, found.plan, found.quantity) == (TEAM_YEARLY.id, "TEAM", "team", 1)
    assert found.period_end == NOW + 365 * DAY


def test_of_two_items_of_one_level_the_same_speaks_in_whatever_order_stripe_lists_them():
    found = {
        state(*items).price_id
        for items in ((an_item(PRO_MONTHLY), an_item(STORAGE)), (an_item(STORAGE), an_item(PRO_MONTHLY)))
    }
    assert found == {STORAGE.id}


def test_the_group_of_the_item_that_speaks_comes_first_whatever_its_name():
    found = state(an_item(replace(PRO_MONTHLY)), an_item(STORAGE))
    assert (found.price_id, found.groups, found.group) == (STORAGE.id, ("storage", "default"), "storage")


def test_what_the_account_has_understood_since_stands_before_what_was_ordered():
    """A plan that was renamed for everybody, and then a typo: no item is set back to the order."""
    renamed = replace(STORAGE, gives=Gives(level="PRO", plan="space", plan_group="storage"))
    known = state(an_item(TEAM_YEARLY), an_item(STORAGE), prices={**SOLD, STORAGE.id: renamed})
    truth = a_subscription(items=(an_item(TEAM_YEARLY), an_item(STORAGE)))
    found = state_of(truth, known, [], {**SOLD, STORAGE.id: BROKEN}, POLICY.levels, an_order(TEAM_YEARLY, STORAGE))
    assert [each.plan for each in found.items] == ["space", "team"]


def test_quantity_raises_no_level():
    assert (state(an_item(PRO_MONTHLY, 9)).level, state(an_item(PRO_MONTHLY, 9)).quantity) == ("PRO", 9)


def test_an_item_of_which_there_is_none_gives_no_level_until_there_is_one_again():
    """It costs nothing, for as long as the buyer likes. What it would give is kept, also from a typo."""
    none = state(an_item(TEAM_YEARLY, 0, days=365), an_item(PRO_MONTHLY))
    assert (none.price_id, none.level, none.quantity) == (PRO_MONTHLY.id, "PRO", 1)
    none = state(an_item(STORAGE, 0))
    assert (none.level, none.plan, access_of(none, POLICY.grace, NOW)) == (None, "storage", None)
    assert state(an_item(STORAGE), known=none, prices={STORAGE.id: BROKEN}).level == "PRO"


def test_a_price_that_is_not_in_the_catalog_gives_no_level_and_is_kept():
    foreign = a_price("foreign", 700, "month")
    found = state(an_item(foreign), prices={foreign.id: foreign})
    assert (found.level, found.items) == (None, (kept(foreign, 1, None, None),))
    assert access_of(found, POLICY.grace, NOW) is None


def test_metadata_that_is_broken_later_takes_nothing_from_any_item():
    known = state(an_item(SEATS), an_item(PRO_MONTHLY), an_item(STORAGE))
    broken = {**SOLD, STORAGE.id: BROKEN}
    found = state(an_item(SEATS), an_item(PRO_MONTHLY), an_item(STORAGE, 3), known=known, prices=broken)
    assert found.items[2] == kept(STORAGE, 3, "storage", "PRO", "storage")
    assert found.groups == known.groups
    assert state(an_item(STORAGE), prices=broken).level is None  # whoever subscribes now gets what stands there now


@pytest.mark.parametrize("broken_key", ["plan_group", "credits_amount"])
def test_metadata_that_is_broken_while_the_page_is_open_takes_nothing_that_was_ordered(broken_key):
    """Money rule 13: the order is frozen. Only one of this user's own: anybody at Stripe can name one (F35)."""
    broken = {STORAGE.id: replace(BROKEN, broken_key=broken_key, gives=Gives(plan_group="storage"))}
    truth = a_truth(a_subscription(items=(an_item(STORAGE, 2),), order=ORDER), prices=broken)
    after, _ = step(before(an_order(STORAGE)), truth)
    (found,) = after.account.subscriptions
    assert (found.level, found.plan, found.quantity, found.groups) == ("PRO", "storage", 2, ("storage",))
    assert after.account.subscribed == ("storage",)
    (others,) = step(before(an_order(STORAGE, user=BOB)), truth)[0].account.subscriptions
    assert others.level is None


def test_what_was_stored_before_items_were_is_read_as_its_speaking_item():
    old = replace(state(an_item(STORAGE)), items=())
    broken = {STORAGE.id: BROKEN}
    found = state(an_item(STORAGE), known=old, prices=broken)
    assert (found.level, found.plan, found.group) == ("PRO", "storage", "storage")
    assert groups_of(a_subscription(items=(an_item(STORAGE),)), old, broken) == {STORAGE.id: "storage"}


def test_a_collection_that_is_paused_takes_no_access():
    """Stripe keeps the status, and calls it offering the service for free for a while."""
    found = state(collection_paused=True)
    assert (found.collection_paused, access_of(found, POLICY.grace, NOW)) == (True, Span("PRO", None))


def test_a_subscription_that_is_paused_has_none():
    assert access_of(state(status="paused"), POLICY.grace, NOW) is None


def test_the_end_that_is_set_and_the_card_are_remembered():
    found = state(cancel_at=NOW + 9 * DAY, card=Card("visa", "4242"))
    assert (found.cancel_at, found.card) == (NOW + 9 * DAY, Card("visa", "4242"))
    taken_off = state(known=replace(found, trial_end=NOW + DAY))
    assert (taken_off.cancel_at, taken_off.card, taken_off.trial_end) == (None, None, None)
    assert access_of(found, POLICY.grace, NOW + 20 * DAY) == Span("PRO", None)  # until Stripe says that it has ended


# -------------------------------------------------------------------------------------------------- two at once


def named(name: str, *items: SubscriptionItem, **given) -> SubscriptionState:
    return state(*items, id=SubscriptionId(name), **given)


OLD_TEAM = named("sub_a", an_item(TEAM_YEARLY), created=NOW - DAY)
NEW_PRO = named("sub_b", an_item(PRO_MONTHLY))
STORED = named("sub_c", an_item(STORAGE))


def second(*states: SubscriptionState) -> list[str]:
    return [found.id for found in second_subscriptions(states, POLICY.levels, POLICY.grace, NOW)]


def test_of_two_with_access_the_higher_level_governs_however_old_it_is():
    """The user pays for both: taking the higher one away would be wrong."""
    for both in ([OLD_TEAM, NEW_PRO], [NEW_PRO, OLD_TEAM]):
        assert governing(both, POLICY.levels, POLICY.grace, NOW) == OLD_TEAM
    late = replace(OLD_TEAM, status="unpaid")
    assert governing([late, NEW_PRO], POLICY.levels, POLICY.grace, NOW) == NEW_PRO


def test_the_one_beside_the_governing_one_of_its_group_is_told():
    assert second(OLD_TEAM, NEW_PRO, STORED) == ["sub_b"]
    assert second(OLD_TEAM, STORED) == []
    assert second() == []


@pytest.mark.parametrize("status", ["canceled", "incomplete", "incomplete_expired"])
def test_one_that_is_not_live_is_no_second_one(status):
    assert second(OLD_TEAM, replace(NEW_PRO, status=status)) == []


@pytest.mark.parametrize("status", ["trialing", "past_due", "unpaid", "paused"])
def test_one_that_is_live_is_a_second_one_without_access_too(status):
    assert second(OLD_TEAM, replace(NEW_PRO, status=status)) == ["sub_b"]


def test_one_that_ends_with_its_period_is_a_second_one_until_then():
    assert second(OLD_TEAM, replace(NEW_PRO, cancel_at_period_end=True)) == ["sub_b"]


def test_one_of_two_groups_may_be_second_in_either():
    both = named("sub_d", an_item(PRO_MONTHLY), an_item(STORAGE))
    assert second(both, STORED) in (["sub_c"], ["sub_d"])
    older = replace(STORED, id=SubscriptionId("sub_e"), created=NOW - DAY, groups=("default", *STORED.groups))
    assert second(older, STORED) == ["sub_e"], "though it governs the group that it names first"


def test_both_are_kept():
    truth = a_truth(
        a_subscription(TEAM_YEARLY, id=SubscriptionId("sub_a")), a_subscription(id=SubscriptionId("sub_b")), prices=SOLD
    )
    after, _ = step(before(), truth)
    assert [found.id for found in after.account.subscriptions] == ["sub_a", "sub_b"]
    assert after.account.access_at(POLICY, NOW).level == "TEAM"


# ------------------------------------------------------------------------------------------------ credits of a trial


def trial(**policy) -> Account:
    invoice = an_invoice(a_line(amount=0, quantity=2), payment=None)
    truth = a_truth(a_subscription(status="trialing", trial_end=NOW + 7 * DAY), invoice)
    return decide(before(), truth, NOW, replace(POLICY, **policy), CAUSE).account


def test_a_trial_grants_no_credits_unless_the_setting_says_so():
    """F54, money rule 12. Its invoice has credits times quantity, and no payment that could be refunded."""
    assert trial().balance == 0
    assert trial(trial_credits=True).balance == 200
