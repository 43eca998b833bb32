"""One Stripe customer for a user, also when two requests want it at once (money rule 23)."""

from dataclasses import replace

import pytest

from billing.domain.account import Account
from billing.domain.ids import CustomerId
from billing.errors import CheckoutConflict, StoreUnavailable, StripeKeyInUse, StripeRefused, StripeUnavailable
from billing.services.ensure_customer import ensure_customer
from tests.fakes.core import Core
from tests.fakes.snapshots import ALICE, CUSTOMER
from tests.fakes.world import raising

IN_USE = StripeKeyInUse("in use", status=409)


def ensure(core: Core, email: str | None = "alice@example.com") -> tuple[Account, CustomerId]:
    found = ensure_customer(ALICE, email, core.converge, core.stripe, adopting=False)
    return found.account, found.customer


def test_account_customer_and_owner_are_made_once(core):
    account, customer = ensure(core)
    assert (account, customer) == (core.account(), "cus_1")
    assert (account.customers, account.email, account.version) == (("cus_1",), "alice@example.com", 2)
    assert core.tables.owners == {"cus_1": ALICE}
    assert core.stripe.saved.keys() == {"customer:alice:1"}
    assert core.log.messages == ["customer created"]


def test_the_account_stands_before_stripe_hears_of_the_customer(core):
    ensure(core)
    assert core.calls.made == ["load", "open_account", "create_customer", "own_customers"]


def test_who_was_given_credits_before_has_the_address_of_the_first_checkout(core):
    """An account that `plumb grant` has opened has none."""
    core.accounts.open_account(Account(ALICE))
    core.calls.made.clear()
    account, customer = ensure(core)
    assert core.calls.made == ["load", "open_account", "create_customer", "own_customers"]
    assert core.stripe.customers == {customer: (ALICE, "alice@example.com")}
    assert (account, account.email, account.version) == (core.account(), "alice@example.com", 3)


def test_an_address_that_came_later_meets_no_key_of_a_request_without(core):
    """The first call died at the answer. Under one key Stripe would refuse the other parameters for a day."""
    core.calls.broken["own_customers"] = StoreUnavailable("down")
    with pytest.raises(StoreUnavailable):
        ensure(core, None)
    core.calls.broken.clear()
    assert ensure(core)[0].email == "alice@example.com"
    assert list(core.stripe.saved) == ["customer:alice:1:no-email", "customer:alice:1"]


def test_while_another_writer_is_at_the_account_the_address_is_written_at_the_next_turn(core):
    core.accounts.open_account(Account(ALICE))
    core.tables.conflicts = 1
    assert ensure(core)[0].email == "alice@example.com"
    assert core.stripe.customers == {"cus_1": (ALICE, "alice@example.com")}


def test_a_customer_that_is_there_costs_one_read(core):
    core.has_customer()
    assert ensure(core) == (core.account(), CUSTOMER)
    assert core.calls.made == ["load"]


@pytest.mark.parametrize("step", ["open_account", "create_customer", "own_customers"])
def test_two_callers_at_once_get_the_same_customer(core, step):
    """F45: the second one runs whole while the first is just about to take a step."""
    second: list[CustomerId] = []
    core.calls.before(step, lambda: second.append(ensure(core, "other@example.com")[1]))
    account, customer = ensure(core)
    assert [customer] == second == ["cus_1"]
    assert core.stripe.customers.keys() == {"cus_1"}
    assert account == core.account()
    assert account.customers == ("cus_1",)


def test_nothing_is_sent_while_another_transaction_is_at_the_account(core):
    """F45: without what that one has frozen, the key would stand for other parameters, and be refused for a day."""
    core.tables.conflicts = 1
    account, _ = ensure(core)
    assert account == core.account()
    assert core.stripe.customers == {"cus_1": (ALICE, "alice@example.com")}
    assert core.clock.slept == [0.1]


def test_the_parameters_are_frozen_in_the_account_before_they_are_sent(core):
    """The same key with another e-mail address would be refused by Stripe for a day."""
    core.calls.before("create_customer", raising(StripeUnavailable("down")))
    with pytest.raises(StripeUnavailable):
        ensure(core)
    ensure(core, "changed@example.com")
    assert core.stripe.customers == {"cus_1": (ALICE, "alice@example.com")}


@pytest.mark.parametrize("step", ["create_customer", "own_customers"])
def test_a_lost_answer_is_made_good_by_the_next_call(core, step):
    core.calls.after(step, raising(StoreUnavailable("no answer")))
    with pytest.raises(StoreUnavailable):
        ensure(core)
    assert ensure(core)[1] == "cus_1"
    assert core.stripe.customers.keys() == {"cus_1"}


def test_another_writer_in_between_costs_one_more_turn(core):
    def write():
        core.tables.accounts[ALICE] = replace(core.account(), version=9)

    core.calls.before("own_customers", write)
    account, _ = ensure(core)
    assert (account.version, account.customers) == (10, ("cus_1",))
    assert (core.calls.count("own_customers"), core.calls.count("open_account")) == (2, 1)


def test_it_gives_up_after_four_turns(core):
    core.calls.before("own_customers", *[lambda: setattr(core.tables, "conflicts", 1)] * 4)
    with pytest.raises(CheckoutConflict) as told:
        ensure(core)
    assert told.value.ids == {"user_id": ALICE}
    assert core.calls.count("own_customers") == 4


def test_a_customer_that_another_call_is_making_is_waited_for(core):
    """F45: Stripe answers the second of two requests with one key 409, and the first has written the owner by then."""
    others: list[CustomerId] = []

    def meets():
        core.calls.before("load", lambda: others.append(ensure(core)[1]))
        raise IN_USE

    core.calls.before("create_customer", meets)
    assert [ensure(core)[1]] == others == ["cus_1"]
    assert core.clock.slept == [0.1]  # half of the limit: FakeRandomness
    assert core.calls.count("open_account") == 1
    assert core.stripe.customers.keys() == {"cus_1"}


def test_a_customer_that_another_call_is_making_for_too_long_is_a_conflict_and_no_outage(core):
    core.calls.broken["create_customer"] = IN_USE
    with pytest.raises(CheckoutConflict) as told:
        ensure(core)
    assert told.value.ids == {"user_id": ALICE}
    assert core.calls.count("create_customer") == 4
    assert core.clock.slept == [0.1, 0.2, 0.4]


def test_after_a_deletion_the_next_generation_has_a_key_of_its_own(core):
    ensure(core)
    gone = replace(core.account(), customers=(), deleted_customers=(CustomerId("cus_1"),), customer_generation=2)
    core.tables.accounts[ALICE] = gone
    account, customer = ensure(core)
    assert (customer, account.customers) == ("cus_2", ("cus_2",))
    assert list(core.stripe.saved) == ["customer:alice:1", "customer:alice:2"]


def test_an_address_that_stripe_refuses_costs_the_address_alone(core):
    """It is frozen in the account: else no checkout of this user would ever get a customer."""
    refusal = raising(StripeRefused("no", stripe_code="email_invalid", param="email"))
    core.calls.before("create_customer", refusal)
    assert ensure(core, "alice@odd.example")[1] == "cus_1"
    assert core.stripe.customers == {"cus_1": (ALICE, None)}
    assert core.stripe.saved.keys() == {"customer:alice:1:no-email"}
    assert core.log.messages == ["e-mail address refused by Stripe", "customer created"]
    assert "alice@odd.example" not in str(core.log.lines)


def test_what_else_stripe_refuses_of_a_customer_is_not_tried_again(core):
    core.calls.before("create_customer", raising(StripeRefused("no", param="metadata")))
    with pytest.raises(StripeRefused):
        ensure(core)
    assert core.calls.count("create_customer") == 1


def test_without_an_address_none_is_sent(core):
    ensure(core, None)
    assert core.stripe.customers == {"cus_1": (ALICE, None)}
