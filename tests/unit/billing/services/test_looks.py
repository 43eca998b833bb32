"""What each look brings back of what Stripe made no event of, and what it costs while all is as we know it.

F50: Stripe never generated the event; money rule 27.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from billing.domain.catalog import Gives
from billing.domain.ids import CustomerId, InvoiceId, PaymentIntentId, SubscriptionId
from billing.domain.snapshot import Payment
from billing.services.looks import INVOICES_BACK
from billing.services.walk_on import Walked
from tests.fakes.core import Core, a_notice
from tests.fakes.lifecycles import change, refunds, renewed
from tests.fakes.looking import HOUR, LISTS, World
from tests.fakes.snapshots import (
    ALICE,
    BOB,
    CUSTOMER,
    DAY,
    INVOICE,
    NOW,
    POLICY,
    PRO_MONTHLY,
    SESSION,
    SUBSCRIPTION,
    TEAM_YEARLY,
    a_dispute,
    a_line,
    a_refund,
    an_invoice,
    an_item,
    an_order,
)
from tests.fakes.stripe_told import told_dispute, told_invoice, told_refund, told_subscription

LOOKS = {  # how far back each goes, and how often: money rule 27, docs/decisions/0033
    "sessions": (25 * DAY, 6 * HOUR),
    "subscriptions": (20 * 365 * DAY, DAY),
    "invoices": (35 * DAY, DAY),
    "refunds": (60 * DAY, DAY),
    "disputes": (180 * DAY, DAY),
    "parked": (0 * DAY, 6 * HOUR),
    "renewals": (0 * DAY, DAY),
}
GRANTED = [("PURCHASE", 100), ("ACCESS", 0)]


@pytest.fixture
def world() -> World:
    return World()


def test_each_kind_is_looked_at_as_long_as_it_may_change(world: World) -> None:
    """F50."""
    assert {look.name: (look.back, look.every) for look in world.every()} == LOOKS


def test_what_is_as_we_know_it_costs_its_pages_and_nothing_else(world: World) -> None:
    world.core.calls.made.clear()
    assert world.run() == Walked(read=2, queued=0, more=False)
    calls = world.core.calls
    assert [calls.count(f"list {name}") for name in LISTS] == [1] * 7
    assert (calls.count("known subscriptions"), calls.count("price"), calls.count("snapshot")) == (4, 0, 0)


def test_a_renewal_is_brought_back(world: World) -> None:
    renewed(2)(world.core, NOW)
    world.told()
    world.brings_back("customer.subscription.updated", "invoice.paid")
    assert world.core.granted() == [*GRANTED, ("RENEWAL", 100)]


@pytest.mark.parametrize("only", ["subscriptions", "invoices"])
def test_either_list_brings_a_renewal_back(world: World, only: str) -> None:
    renewed(2)(world.core, NOW)
    world.told()
    world.brings_back("customer.subscription.updated" if only == "subscriptions" else "invoice.paid", only=only)
    assert world.core.granted() == [*GRANTED, ("RENEWAL", 100)]


def test_a_renewal_before_one_that_was_seen_is_brought_back(world: World) -> None:
    """The subscription shows only its latest invoice."""
    renewed(2)(world.core, NOW)
    renewed(3)(world.core, NOW)
    world.core.deliver_change("evt_renewed")
    assert world.core.granted() == [*GRANTED, ("RENEWAL", 100)]
    world.told()
    world.lists.invoices.made.append(told_invoice(id="in_0", customer=CUSTOMER, period_end=NOW, line="il_0"))
    assert world.run(now=True).queued == 2
    assert world.core.calls.count("price") == 1, "of two invoices, once"
    world.core.calls.made.clear()
    world.core.queue.bodies.clear()
    world.lists.invoices.made.pop()
    world.core.clock.time += DAY
    world.brings_back("invoice.paid")
    assert world.core.granted() == [*GRANTED, ("RENEWAL", 100), ("RENEWAL", 100)]
    assert world.core.calls.count("price") == 1, "one price of one page, and none once all of it is stored"


def test_a_renewal_that_was_seen_while_its_price_said_nothing_is_brought_back_once_that_is_mended(world: World) -> None:
    """docs/decisions/0043: nothing was kept of it, and nobody may tell of it again until the next renewal."""
    world.core.stripe.prices[PRO_MONTHLY.id] = replace(PRO_MONTHLY, gives=Gives(), problem="1O0 is no whole number")
    renewed(2)(world.core, NOW)
    world.core.deliver_change("evt_renewed")
    assert world.core.granted() == GRANTED
    world.told()
    assert world.run(now=True).queued == 0, "as long as it could grant nothing"
    world.core.stripe.prices[PRO_MONTHLY.id] = PRO_MONTHLY
    world.core.clock.time += DAY
    world.brings_back("invoice.paid")
    assert world.core.granted() == [*GRANTED, ("RENEWAL", 100)]


def test_the_level_of_a_plan_that_was_changed_to_while_its_price_said_nothing_is_brought_back(world: World) -> None:
    """docs/decisions/0063. The change has prorations alone, which grant nothing."""
    core = world.core
    core.stripe.prices[TEAM_YEARLY.id] = replace(TEAM_YEARLY, gives=Gives(), problem="no level TEEM")
    change(core, items=(an_item(TEAM_YEARLY),))
    core.deliver_change("evt_switched")
    assert core.account().access_at(POLICY, core.clock.now()).level == "FREE"
    world.told()
    assert world.run(now=True).queued == 0, "as long as it would give nothing"
    core.stripe.prices[TEAM_YEARLY.id] = TEAM_YEARLY
    core.clock.time += DAY
    world.brings_back("customer.subscription.updated")
    assert core.account().access_at(POLICY, core.clock.now()).level == "TEAM"


@pytest.mark.parametrize("status", ["active", "canceled"])
def test_the_first_period_after_a_trial_that_a_change_has_ended_is_brought_back(world: World, status: str) -> None:
    """docs/decisions/0060: a later renewal was seen, or the subscription has ended since."""
    change(world.core, trial_end=NOW)
    renewed(2)(world.core, NOW)
    world.core.deliver_change("evt_renewed")
    name = InvoiceId("in_change")
    first = a_line(id="il_first", period_start=NOW, period_end=NOW + 20 * DAY)
    paid = Payment(PaymentIntentId("pi_change"), 1200, "eur", NOW)
    world.core.stripe.invoices[name] = an_invoice(first, id=name, billing_reason="subscription_update", payment=paid)
    if status == "canceled":
        change(world.core, status=status)
        world.core.deliver_change("evt_ended")
    assert world.core.granted().count(("RENEWAL", 100)) == 1
    world.told()
    world.brings_back("invoice.paid", only="invoices")
    assert world.core.granted().count(("RENEWAL", 100)) == 2


@pytest.mark.parametrize("given", [True, False])
def test_a_trial_before_a_renewal_that_was_seen_is_brought_back_where_trials_have_credits(
    world: World, given: bool
) -> None:
    renewed(2)(world.core, NOW)
    world.core.deliver_change("evt_renewed")
    world.trial_credits = given
    trial = told_invoice(id="in_0", customer=CUSTOMER, amount=0, period_end=NOW, line="il_0")
    world.lists.invoices.made = [trial]
    assert world.run(only="invoices").queued == given


def test_an_invoice_that_was_granted_and_covers_more_than_the_account_knows_is_brought_back(world: World) -> None:
    """Money rule 21: until when it is paid stands in the account, and may be older than the grant."""
    world.lists.invoices.made = [told_invoice(period_end=NOW + 60 * DAY)]
    assert world.run(only="invoices").queued == 1


@pytest.mark.parametrize("status", ["past_due", "unpaid", "paused", "canceled"])
def test_a_status_is_brought_back(world: World, status: str) -> None:
    change(world.core, status=status)
    world.told()
    world.brings_back(f"customer.subscription.{'deleted' if status == 'canceled' else 'updated'}")
    assert [state.status for state in world.core.account().subscriptions] == [status][: status != "canceled"]


def test_a_subscription_that_began_and_ended_unseen_still_grants_what_was_paid(world: World) -> None:
    name, invoice = SubscriptionId("sub_2"), InvoiceId("in_9")
    plan, first = world.core.stripe.subscriptions[SUBSCRIPTION], world.core.stripe.invoices[INVOICE]
    world.core.stripe.subscriptions[name] = replace(plan, id=name, status="canceled", latest_invoice=invoice)
    payment = Payment(PaymentIntentId("pi_9"), 1200, "eur", NOW)
    world.core.stripe.invoices[invoice] = replace(first, id=invoice, subscription=name, payment=payment)
    world.told()
    world.brings_back("invoice.paid")
    assert world.core.granted() == [*GRANTED, ("PURCHASE", 100)]


def refunded(core: Core) -> None:
    refunds(("re_1", 250, "succeeded"))(core, NOW)


def disputed(core: Core) -> None:
    payment = core.stripe.sessions[SESSION].payment
    assert payment is not None
    back = replace(payment, disputes=(a_dispute(500),))
    core.stripe.sessions[SESSION] = replace(core.stripe.sessions[SESSION], payment=back)


def invoice_refunded(core: Core) -> None:
    invoice = core.stripe.invoices[INVOICE]
    assert invoice.payment is not None
    core.stripe.invoices[INVOICE] = replace(invoice, payment=replace(invoice.payment, refunds=(a_refund(600),)))


@pytest.mark.parametrize(
    ("happens", "told", "entry"),
    [
        (refunded, "refund.updated", ("REFUND", -250)),
        (disputed, "charge.dispute.updated", ("DISPUTE", -500)),
        (invoice_refunded, "refund.updated", ("REFUND", -50)),
    ],
)
def test_what_was_taken_back_is_brought_back(
    world: World, happens: Callable[[Core], None], told: str, entry: tuple[str, int]
) -> None:
    world.core.has_session(an_order())
    world.core.stripe.pay(SESSION)
    assert world.core.deliver(a_notice()) == frozenset()
    happens(world.core)
    world.told()
    world.brings_back(told)
    assert world.core.granted()[-1] == entry


def test_what_is_nobodys_is_left_alone(world: World) -> None:
    """F65: of another app on the same account, or of a customer whose owner will be looked at when he has one."""
    theirs = CustomerId("cus_theirs")
    world.lists.subscriptions.made = [told_subscription(id="sub_9", customer=theirs), told_subscription(customer=None)]
    world.lists.invoices.made = [
        told_invoice(id="in_9", customer=theirs),
        told_invoice(id="in_8", parent=None),
        told_invoice(id="in_7", customer={"id": theirs}),
    ]
    world.lists.refunds.made = [told_refund(payment_intent="pi_theirs"), told_refund("re_2", payment_intent=None)]
    world.lists.disputes.made = [told_dispute(payment_intent="pi_theirs")]
    assert world.run() == Walked(read=8, queued=0, more=False)


def test_a_renewal_older_than_the_window_is_left_to_its_subscription(world: World) -> None:
    old = int((NOW - INVOICES_BACK - HOUR).timestamp())
    world.lists.invoices.made = [told_invoice(id="in_0", created=old)]
    world.lists.subscriptions.made = []
    assert world.run().read == 0


def test_what_was_parked_is_applied_once_its_customer_has_an_owner(world: World) -> None:
    """F53, money rule 9: no later event of the customer need come to do it."""
    stranger, other, bobs = CustomerId("cus_stranger"), CustomerId("cus_other"), CustomerId("cus_bob")
    for name, customer in (("evt_1", stranger), ("evt_2", other), ("evt_3", bobs)):
        notice = a_notice("customer.subscription.updated", id=name, customer=customer, related={})
        assert world.core.deliver(notice) == frozenset()
    assert world.run().queued == 0, "they are nobody's"
    world.core.tables.owners[stranger] = ALICE
    world.core.has_customer(BOB, bobs)
    world.core.clock.time += DAY
    world.brings_back("customer.updated", "customer.updated")
    outcomes = world.core.outcomes()
    assert [outcomes[name] for name in ("evt_1", "evt_2", "evt_3")] == ["NOOP", "PARKED", "NOOP"], "bob has nothing yet"
    assert set(world.core.tables.parked) == {other}


@pytest.mark.parametrize("how", ["deleted", "missing"])
def test_a_subscription_that_is_in_no_list_any_more_is_found_by_its_renewal(world: World, how: str) -> None:
    """Also where Stripe does not know the customer at all: test data was deleted as a whole."""
    getattr(world.core.stripe, how).add(CUSTOMER)
    world.core.stripe.subscriptions.clear()
    world.lists.subscriptions.made = []
    world.lists.invoices.made = []
    [held] = world.core.account().subscriptions
    world.core.clock.time = held.period_end + 2 * DAY
    assert world.run().queued == 0, "its event may be on its way, and the look at subscriptions before it"
    world.core.clock.time += DAY
    world.brings_back("customer.deleted")
    assert (world.core.account().subscriptions, world.core.account().customers) == ((), ())
    assert world.core.account().access_at(POLICY, world.core.clock.now()).level == "FREE"


def test_an_account_all_of_whose_customers_are_gone(world: World) -> None:
    """Each look tells of one of them."""
    second = CustomerId("cus_second")
    world.core.tables.owners[second] = ALICE
    world.core.tables.accounts[ALICE] = replace(world.core.account(), customers=(CUSTOMER, second))
    world.core.stripe.missing |= {CUSTOMER, second}
    world.core.stripe.subscriptions.clear()
    world.core.clock.time = world.core.account().subscriptions[0].period_end + 3 * DAY
    world.brings_back("customer.deleted", only="renewals")
    assert (world.core.account().subscriptions, world.core.account().customers) == ((), ())


def test_a_renewal_that_only_nobody_told_is_brought_back_by_its_account_too(world: World) -> None:
    """It is told as a deletion; what is true Stripe is asked for."""
    renewed(2)(world.core, NOW)
    [held] = world.core.account().subscriptions
    world.core.clock.time = held.period_end + 3 * DAY
    world.brings_back("customer.deleted", only="renewals")
    assert world.core.granted() == [*GRANTED, ("RENEWAL", 100)]


def test_what_the_index_says_of_an_account_that_has_moved_on_is_no_doubt(world: World) -> None:
    [held] = world.core.account().subscriptions
    world.core.clock.time = held.period_end + 3 * DAY
    moved = replace(world.core.account(), subscriptions=(replace(held, period_end=held.period_end + 30 * DAY),))
    world.core.calls.after("list renewals", lambda: world.core.tables.accounts.update({ALICE: moved}))
    assert world.run(only="renewals") == Walked(read=1, queued=0, more=False)


def test_what_the_index_says_of_a_customer_that_has_no_owner_any_more_is_no_doubt(world: World) -> None:
    [held] = world.core.account().subscriptions
    world.core.clock.time = held.period_end + 3 * DAY
    world.core.calls.after("list renewals", world.core.tables.owners.clear)
    assert world.run(only="renewals") == Walked(read=1, queued=0, more=False)


@pytest.mark.parametrize("status", ["paused", "incomplete"])
def test_what_does_not_renew_is_not_waited_for(world: World, status: str) -> None:
    change(world.core, status=status)
    world.core.deliver_change("evt_2")
    [held] = world.core.account().subscriptions
    world.core.clock.time = held.period_end + 3 * DAY
    assert world.run(only="renewals").read == 0
