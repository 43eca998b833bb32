"""What the cache learns of an account."""

from dataclasses import replace

from billing.domain.account import Account
from billing.domain.credits import Lot, Reservation, Share
from billing.domain.entitlement import LevelGrant
from billing.domain.ids import CustomerId, PurchaseKey, ReservationId, SubscriptionId
from billing.domain.payment_notes import PaymentNote
from billing.domain.snapshot import Card
from billing.domain.subscription import Span, state_of
from billing.ports.cache import PublishedAccount
from billing.services.publish import publish_changed, published
from tests.fakes.snapshots import (
    ALICE,
    CUSTOMER,
    DAY,
    NOW,
    POLICY,
    PRICES,
    SESSION,
    a_subscription,
)

LOT = Lot(PurchaseKey(SESSION), 0, 500, NOW, NOW + 90 * DAY)


def test_an_account_with_nothing_is_published_at_the_lowest_level():
    assert published(Account(ALICE, version=1), POLICY, NOW) == PublishedAccount(
        user=ALICE,
        version=1,
        at=NOW,
        customer=None,
        level="FREE",
        until=None,
        balance=0,
        lowest=True,
        subscription={"status": "none", "card": None, "payments": []},
    )


def test_whatever_a_converge_has_changed_is_published(core):
    """No event comes to tell the cache of it. What was not written is not told: another may have written more."""
    before = Account(ALICE, version=1)
    publish_changed(before, replace(before, email="alice@example.com"), core.converge, core.cache)
    assert core.cache.accounts == {}
    levels = (LevelGrant(PurchaseKey(SESSION), 0, "PRO", NOW, 30),)
    for version, after in enumerate((replace(before, levels=levels), replace(before, customers=(CUSTOMER,))), 2):
        publish_changed(before, replace(after, version=version), core.converge, core.cache)
        assert core.cache.accounts[ALICE].version == version


def test_who_has_a_customer_may_still_have_nothing():
    """Money rule 25: he is about to pay, and is told of it within a minute, not within an hour."""
    assert published(Account(ALICE, customers=(CUSTOMER,)), POLICY, NOW).lowest


def test_of_several_customers_the_one_for_new_checkouts_is_told():
    assert published(Account(ALICE, customers=(CustomerId("cus_old"), CUSTOMER)), POLICY, NOW).customer == CUSTOMER


def test_an_account_with_everything_is_published_whole():
    state = state_of(a_subscription(cancel_at_period_end=True), None, [], PRICES, POLICY.levels)
    account = Account(ALICE, customers=(CUSTOMER,), subscriptions=(state,), lots=(LOT,), balance=500, version=7)
    assert published(account, POLICY, NOW) == PublishedAccount(
        user=ALICE,
        version=7,
        at=NOW,
        customer=CUSTOMER,
        level="PRO",
        until=None,
        balance=500,
        lowest=False,
        subscription={
            "status": "active",
            "subscriptionId": "sub_1",
            "plan": "pro",
            "priceId": "price_pro_monthly",
            "currentPeriodEnd": "2026-12-21T10:00:00Z",
            "cancelAtPeriodEnd": True,
            "cancelAt": None,
            "collectionPaused": False,
            "card": None,
            "payments": [],
        },
    )


def test_level_and_balance_are_those_of_the_moment():
    level, recorded = LevelGrant(PurchaseKey(SESSION), 0, "PRO", NOW, 30), Span("PRO", NOW + 30 * DAY)
    account = Account(ALICE, levels=(level,), lots=(LOT,), balance=500, access=recorded)
    soon = published(account, POLICY, NOW)
    assert (soon.level, soon.until, soon.balance, soon.lowest) == ("PRO", NOW + 30 * DAY, 500, False)
    late = published(account, POLICY, NOW + 90 * DAY)
    assert (late.level, late.until, late.balance, late.lowest) == ("FREE", None, 0, True)


def test_the_subscription_that_speaks_is_told():
    old = state_of(a_subscription(created=NOW - DAY), None, [], PRICES, POLICY.levels)
    failed = replace(old, id=SubscriptionId("sub_2"), status="incomplete", created=NOW)
    state = published(Account(ALICE, subscriptions=(failed, old)), POLICY, NOW)
    assert state.subscription["subscriptionId"] == "sub_1"


def test_the_card_and_the_last_payments_are_told():
    """Brand and last four, and no more of a card."""
    note = PaymentNote(SESSION, 500, "eur", NOW, 200, Card("visa", "4242"))
    paid = published(Account(ALICE, payments=(note,)), POLICY, NOW).subscription
    assert paid == {
        "status": "none",
        "card": {"brand": "visa", "last4": "4242"},
        "payments": [
            {
                "source": SESSION,
                "amount": 500,
                "currency": "eur",
                "paidAt": "2026-11-21T10:00:00Z",
                "refunded": 200,
                "card": {"brand": "visa", "last4": "4242"},
            }
        ],
    }
    own = a_subscription(card=Card("mastercard", "4444"), cancel_at=NOW, collection_paused=True)
    state = state_of(own, None, [], PRICES, POLICY.levels)
    told = published(Account(ALICE, payments=(note,), subscriptions=(state,)), POLICY, NOW).subscription
    assert (told["card"], told["cancelAt"]) == ({"brand": "mastercard", "last4": "4444"}, "2026-11-21T10:00:00Z")
    assert told["collectionPaused"] is True


def test_of_several_payments_the_newest_by_card_shows_its_card():
    by_debit, by_card = (
        PaymentNote("cs_3", 500, "eur", NOW),
        PaymentNote("cs_2", 500, "eur", NOW, card=Card("visa", "4242")),
    )
    older = replace(by_card, source="cs_1", card=Card("amex", "0005"))
    told = published(Account(ALICE, payments=(by_debit, by_card, older)), POLICY, NOW).subscription
    assert told["card"] == {"brand": "visa", "last4": "4242"}


def test_the_card_is_that_of_the_subscription_that_speaks():
    card = Card("visa", "4242")
    first = a_subscription(id=SubscriptionId("sub_0"), status="incomplete", card=Card("amex", "0005"))
    states = [state_of(each, None, [], PRICES, POLICY.levels) for each in (first, a_subscription(card=card))]
    told = published(Account(ALICE, subscriptions=tuple(states)), POLICY, NOW).subscription
    assert (told["status"], told["card"]) == ("active", {"brand": "visa", "last4": "4242"})


def test_the_period_that_is_told_is_the_subscriptions_own_though_it_is_not_paid():
    state = replace(state_of(a_subscription(), None, [], PRICES, POLICY.levels), paid_through=NOW)
    told = published(Account(ALICE, subscriptions=(state,)), POLICY, NOW).subscription
    assert told["currentPeriodEnd"] == f"{NOW + 30 * DAY:%Y-%m-%dT%H:%M:%SZ}"


def test_the_lowest_level_is_the_first_of_the_settings_whatever_it_is_called():
    """Money rule 25: what is nobody's is kept for a minute, so that no payer waits for an hour."""
    policy = replace(POLICY, levels=("NONE", "FREE", "PRO"))
    level = LevelGrant(PurchaseKey(SESSION), 0, "FREE", NOW, 30)
    assert (published(Account(ALICE), policy, NOW).level, published(Account(ALICE), policy, NOW).lowest) == (
        "NONE",
        True,
    )
    assert not published(Account(ALICE, levels=(level,)), policy, NOW).lowest


def test_the_balance_is_the_whole_of_it_reserved_or_below_nothing():
    held = Reservation(ReservationId("rsv_1"), 200, NOW, NOW + DAY, (Share(LOT.purchase, 0, 200),))
    account = Account(ALICE, lots=(replace(LOT, held=200),), reservations=(held,), balance=500)
    assert published(account, POLICY, NOW).balance == 500
    owing = Account(ALICE, lots=(replace(LOT, used=500, reversed=300),), balance=-300)
    assert published(owing, POLICY, NOW).balance == -300
