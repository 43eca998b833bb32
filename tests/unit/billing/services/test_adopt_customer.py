"""Taking over a customer that Stripe has already: by a verified address, of nobody here, if the owner wants it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from billing.domain.ids import CustomerId, UserId
from billing.errors import StripeRefused, StripeUnavailable, SubscriptionExists
from billing.ports.stripe import FoundCustomer, OpenSession, Touched
from billing.services.converge import converge
from billing.services.start_checkout import start_checkout
from tests.fakes.core import Core, a_notice
from tests.fakes.requests import a_request
from tests.fakes.snapshots import ALICE, BOB, NOW, a_subscription
from tests.fakes.world import raising

EMAIL = "alice@example.com"
OLD, OLDER = CustomerId("cus_old"), CustomerId("cus_older")


@pytest.fixture
def core() -> Core:
    core = Core()
    core.checkout = replace(core.checkout, selling=replace(core.checkout.selling, adopt_customers=True))
    return core


def there(
    core: Core, customer: CustomerId, days: int = 0, user: str | None = None, *, subscribed: bool = False
) -> None:
    """A customer that stands at Stripe under the address, from before our time."""
    found = FoundCustomer(customer, NOW - timedelta(days=days), user, subscribed)
    core.stripe.found.setdefault(EMAIL, []).append(found)
    core.stripe.customers[customer] = (UserId("somebody"), EMAIL)
    if subscribed:
        made = a_subscription(customer=customer, id=f"sub_{customer}")
        core.stripe.subscriptions[made.id] = made


def start(core: Core, lookup_key: str = "credits", email: str | None = EMAIL) -> OpenSession:
    return start_checkout(a_request(lookup_key, email=email), core.checkout)


def test_the_customer_of_the_address_is_taken_over(core: Core) -> None:
    there(core, OLD)
    session = start(core)
    assert core.stripe.sessions[session.id].customer == OLD
    assert core.account().customers == (OLD,)
    assert core.tables.owners == {OLD: ALICE}
    assert core.calls.count("create_customer") == 0
    assert "customer adopted" in core.log.messages


@pytest.mark.parametrize(("param", "refused"), [("email", False), ("limit", True)])
def test_nobody_has_an_address_that_stripe_refuses(core: Core, param: str, refused: bool) -> None:
    """Whether its list refuses one is not documented."""
    core.calls.before("customers_of", raising(StripeRefused("no", stripe_code="email_invalid", param=param)))
    if refused:
        with pytest.raises(StripeRefused):
            start(core)
    else:
        assert core.stripe.sessions[start(core).id].customer == "cus_1"


def test_what_the_customer_has_is_looked_at_before_anything_is_sold(core: Core) -> None:
    """Money rule 9: its events were parked, and its live subscription must stand in the way of a second one."""
    there(core, OLD, subscribed=True)
    with pytest.raises(SubscriptionExists):
        start(core, "team_yearly")
    assert [state.customer for state in core.account().subscriptions] == [OLD]
    assert core.account().subscribed == ("default",)
    assert core.cache.accounts[ALICE].level == "PRO", "what is cached would hide it for an hour"


def test_while_stripe_does_not_say_what_the_customer_has_nothing_is_sold(core: Core) -> None:
    """Money rule 22: it may have a live subscription. The buyer is asked to try again."""
    there(core, OLD, subscribed=True)
    core.calls.before("snapshot", raising(StripeUnavailable("busy")))
    with pytest.raises(StripeUnavailable):
        start(core, "team_yearly")
    assert core.stripe.sessions == {}


def test_also_when_the_account_was_looked_at_before_it_had_a_customer(core: Core) -> None:
    account = core.accounts.open_account(replace(core.accounts.load(ALICE, []).account, email=EMAIL))
    core.tables.accounts[ALICE] = replace(account, stripe_version=3)
    there(core, OLD, subscribed=True)
    with pytest.raises(SubscriptionExists):
        start(core, "team_yearly")


def test_also_when_the_first_look_failed(core: Core) -> None:
    """The next checkout looks: whose account it is was written, and what the customer has is not known yet."""
    converge(ALICE, Touched(), [], "resync", core.converge)
    there(core, OLD, subscribed=True)
    core.calls.before("snapshot", raising(StripeUnavailable("down")))
    with pytest.raises(StripeUnavailable):
        start(core, "team_yearly")
    with pytest.raises(SubscriptionExists):
        start(core, "team_yearly")
    looks = core.calls.count("snapshot")
    start(core, "credits")
    assert core.calls.count("snapshot") == looks, "once is enough"


def test_all_that_have_a_subscription_are_taken_and_the_newest_of_them_pays(core: Core) -> None:
    """A second live subscription must not hide on a customer of the same person."""
    there(core, OLD, days=1, subscribed=True)
    there(core, OLDER, days=2, subscribed=True)
    there(core, CustomerId("cus_newest"))
    assert core.stripe.sessions[start(core).id].customer == OLD
    assert core.account().customers == (OLDER, OLD)
    assert {state.customer for state in core.account().subscriptions} == {OLD, OLDER}


def test_what_was_parked_of_any_of_them_is_settled(core: Core) -> None:
    """Money rule 9: no later event of the customer need come to do it."""
    notice = a_notice("customer.subscription.created", customer=OLDER, related={})
    assert core.deliver(notice) == frozenset()
    assert core.outcomes() == {"evt_1": "PARKED"}
    there(core, OLD, days=1, subscribed=True)
    there(core, OLDER, days=2, subscribed=True)
    start(core)
    assert core.outcomes()["evt_1"] in ("APPLIED", "NOOP")


def test_of_several_without_a_subscription_the_newest_is_taken(core: Core) -> None:
    there(core, OLDER, days=2)
    there(core, OLD, days=1)
    start(core)
    assert core.account().customers == (OLD,)


def test_no_more_than_ten_are_taken(core: Core) -> None:
    for number in range(12):
        there(core, CustomerId(f"cus_{number:02d}x"), days=20 - number, subscribed=True)
    start(core)
    assert core.account().customers == tuple(f"cus_{number:02d}x" for number in range(2, 12))


def test_the_customer_of_another_user_of_ours_is_left_alone(core: Core) -> None:
    there(core, OLD)
    core.tables.owners[OLD] = BOB
    start(core)
    assert core.account().customers == ("cus_2",)
    assert core.tables.owners[OLD] == BOB


@pytest.mark.parametrize(("hint", "taken"), [(None, True), ("alice", True), ("bob", False)])
def test_metadata_keeps_a_customer_from_being_taken_and_never_gives_one(
    core: Core, hint: str | None, taken: bool
) -> None:
    """F35: anybody in the Stripe account writes it."""
    there(core, OLD, user=hint)
    start(core)
    assert (core.account().customers == (OLD,)) is taken


def test_a_user_id_in_metadata_alone_gives_nothing(core: Core) -> None:
    core.stripe.found["other@example.com"] = [FoundCustomer(OLD, NOW, "alice", subscribed=True)]
    start(core)
    assert core.account().customers == ("cus_1",)


def test_without_a_verified_address_nobody_is_looked_for(core: Core) -> None:
    there(core, OLD)
    start(core, email=None)
    assert core.calls.count("customers_of") == 0
    assert core.account().customers == ("cus_2",)


def test_unless_the_owner_wants_it_nobody_is_looked_for(core: Core) -> None:
    core.checkout = replace(core.checkout, selling=replace(core.checkout.selling, adopt_customers=False))
    there(core, OLD)
    start(core)
    assert core.calls.count("customers_of") == 0


def test_after_a_deletion_the_next_customer_is_a_new_one(core: Core) -> None:
    """Somebody has deleted this user's customer: another one of the same address is not its successor."""
    start(core)
    core.stripe.deleted.add(CustomerId("cus_1"))
    there(core, OLD)
    core.tables.accounts[ALICE] = replace(
        core.account(), customers=(), deleted_customers=(CustomerId("cus_1"),), customer_generation=2
    )
    start(core)
    assert core.account().customers == ("cus_3",)


def test_another_user_who_takes_it_first_wins(core: Core) -> None:
    """F45: the owner record is written by one of two, whatever both have read."""
    there(core, OLD)
    core.calls.before("own_customers", lambda: core.tables.owners.update({OLD: BOB}))
    start(core)
    assert core.account().customers == ("cus_2",)


def test_two_tabs_at_once_take_the_same_one(core: Core) -> None:
    there(core, OLD, days=1, subscribed=True)
    there(core, OLDER, days=2, subscribed=True)
    core.calls.before("own_customers", lambda: start(core))
    start(core)
    assert core.account().customers == (OLDER, OLD)
