"""An account from its ledger, after its table was put back (money rule 29; F48)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from billing.domain.account import Account, Credits
from billing.domain.credits import Lot, Share, balance_of
from billing.domain.decide import Before, decide
from billing.domain.ids import PurchaseKey, ReservationId, invoice_line_key
from billing.domain.ledger import Cause, Entry, Kind
from billing.domain.rebuild import AHEAD, BEHIND, Rebuilt, lots_named, rebuild
from billing.domain.spending import Act, Holdings, capture, grant, reserve, spend, take, undo_spend
from tests.fakes.snapshots import ALICE, DAY, NOW, POLICY, SESSION, a_session, a_truth, an_order, before

OPERATOR = Cause("plumb:jo")
LOT = Lot(PurchaseKey("cs_1"), 0, 500, NOW)
ENDS = Lot(PurchaseKey("cs_2"), 0, 100, NOW, NOW + DAY)
LATER = NOW + timedelta(hours=1)


def account(*lots: Lot, version: int = 5) -> Account:
    return Account(ALICE, lots=lots, balance=balance_of(lots), version=version, stripe_version=2)


def lived(start: Account, *acts: object) -> tuple[Account, list[Entry]]:
    """What an account came to, and the entries that it wrote on the way."""
    entries: list[Entry] = []
    for act in acts:
        done: Act = act(Holdings(start))  # type: ignore[operator]
        start, entries = done.account, [*entries, *done.entries]
    return start, entries


def rebuilt(restored: Account, entries: list[Entry], now=LATER, moved=()) -> Rebuilt:
    holdings = Holdings(restored, {lot.key: lot for lot in moved})
    found = rebuild(holdings, entries[-1] if entries else None, entries, now, OPERATOR)
    assert found is not None
    assert found.act.account.balance == balance_of(found.act.account.lots) == found.act.entries[-1].balance_after
    return found


def spending(amount: int, at=NOW):
    return lambda holdings: spend(holdings, amount, "a picture", "job", at, Cause("service"))


def of_stripe(version: int, amount: int, after: int, kind: Kind = Kind.PURCHASE) -> Entry:
    return Entry(ALICE, version, 0, kind, amount, after, SESSION, None, "event_consumer", "1 x credits", NOW)


# ------------------------------------------------------------------------------------------------ what is done again


def test_spends_since_are_done_again_from_the_same_lots_and_their_entries_stand():
    restored = account(LOT, ENDS)
    ended, entries = lived(restored, spending(150), spending(30))
    found = rebuilt(restored, entries)
    assert found.act.account == replace(ended, version=8)
    assert [(entry.key, entry.kind, entry.amount, entry.balance_after) for entry in found.act.entries] == [
        ("000000000008#000", Kind.RESTORE, 0, 420)
    ]
    (restored_by,) = found.act.entries
    assert (restored_by.actor, restored_by.reason, restored_by.at) == ("plumb:jo", AHEAD, LATER)
    assert (found.act.entry, found.act.credits) == (restored_by, Credits(420, 420))
    assert (found.redone, found.taken_back, found.forgotten) == (tuple(entries), 0, False)


def test_a_spend_that_was_undone_since_stays_undone():
    restored = account(LOT)
    _, (spent,) = lived(restored, spending(150))
    ended, entries = lived(
        restored, spending(150), lambda holdings: undo_spend(holdings, spent, "refused", NOW, Cause("service"))
    )
    assert rebuilt(restored, entries).act.account == replace(ended, version=8)


def test_adjustments_since_are_done_again():
    restored = account(LOT)
    ended, entries = lived(
        restored,
        lambda holdings: grant(holdings, PurchaseKey("adj_1"), 70, None, "sorry", NOW, OPERATOR),
        lambda holdings: take(holdings, 20, "a slip", NOW, OPERATOR),
    )
    found = rebuilt(restored, entries)
    assert (found.act.account, found.forgotten) == (replace(ended, version=8), False)


def test_credits_given_by_hand_that_have_expired_since_stay_expired():
    """Their end is known by that alone: the entry that gave them does not tell it."""
    restored = account(LOT)
    given = Lot(PurchaseKey("adj_1"), 0, 70, NOW, NOW + timedelta(minutes=30))
    _, entries = lived(
        restored,
        lambda holdings: grant(holdings, given.purchase, 70, given.expires_at, "sorry", NOW, OPERATOR),
        spending(10, at=NOW + timedelta(minutes=40)),
    )
    assert [entry.kind for entry in entries] == [Kind.ADJUSTMENT, Kind.EXPIRY, Kind.SPEND]
    found = rebuilt(restored, entries)
    assert found.act.account.balance == 490
    assert found.taken_back == 70  # the expiry is booked anew, in the same write
    assert [(entry.kind, entry.amount) for entry in found.act.entries] == [(Kind.RESTORE, 70), (Kind.EXPIRY, -70)]


def test_a_reservation_that_was_captured_since_holds_nothing_any_more():
    held = reserve(Holdings(account(LOT)), ReservationId("rsv_1"), 60, NOW + DAY, "job", NOW, Cause("service")).account
    _, entries = lived(
        held, lambda holdings: capture(holdings, ReservationId("rsv_1"), 40, "a picture", NOW, Cause("service"))
    )
    after = rebuilt(held, entries).act.account
    assert (after.reservations, after.balance, [lot.held for lot in after.lots]) == ((), 460, [0])


def test_a_reservation_that_nobody_captured_stays():
    held = reserve(Holdings(account(LOT)), ReservationId("rsv_1"), 60, NOW + DAY, "job", NOW, Cause("service")).account
    _, entries = lived(held, spending(40))
    after = rebuilt(held, entries).act.account
    assert ([item.amount for item in after.reservations], [lot.held for lot in after.lots]) == ([60], [60])


def test_a_finished_lot_is_found_where_it_was_moved_to():
    finished = replace(LOT, used=500)
    undone = Entry(
        *(ALICE, 6, 0, Kind.SPEND_REVERSAL, 40, 40, None, None, "service", "refused", NOW),
        lots=(Share(LOT.purchase, 0, 40),),
    )
    assert lots_named([undone]) == {LOT.key}
    assert rebuilt(account(), [undone], moved=[finished]).act.account.lots == (replace(LOT, used=460),)


COMES_BY_ITSELF = {
    *(Kind.PURCHASE, Kind.RENEWAL, Kind.REFUND, Kind.REFUND_FAILED, Kind.DISPUTE, Kind.DISPUTE_WON, Kind.ACCESS),
    *(Kind.EXPIRY, Kind.RESTORE),
}
"""Of Stripe, or of time."""


@pytest.mark.parametrize("kind", Kind)
def test_a_kind_that_does_not_come_by_itself_is_done_again(kind):
    """One that is neither done again nor brought by the resync would be lost with the account."""
    entry = Entry(
        *(ALICE, 6, 0, kind, -40, 360, None, None, "service", "a reason", NOW), lots=(Share(LOT.purchase, 0, 40),)
    )
    assert rebuilt(account(replace(LOT, used=100)), [entry]).redone == (() if kind in COMES_BY_ITSELF else (entry,))


# ------------------------------------------------------------------------------------------------ what came of Stripe


def test_what_came_of_stripe_is_taken_back_for_the_resync_to_book_anew():
    found = rebuilt(account(LOT), [of_stripe(6, 300, 800), of_stripe(7, -50, 750, Kind.REFUND)])
    assert (found.act.account.balance, found.taken_back) == (500, -250)
    assert found.redone == ()


def test_what_was_used_of_a_purchase_that_is_still_unknown_is_kept_until_it_is_granted_again():
    """The spend is in the ledger alone, and the purchase at Stripe alone: one after the other both are back, once."""
    order = an_order()
    known = before(order)
    bought = decide(known, a_truth(a_session(order)), NOW, POLICY, Cause("event_consumer"))
    _, spends = lived(bought.account, spending(120))
    entries = [*bought.entries, *spends]
    found = rebuilt(known.account, entries)
    assert found.act.account.balance == -120
    again = decide(replace(known, account=found.act.account), a_truth(a_session(order)), LATER, POLICY, Cause("resync"))
    assert (again.account.balance, balance_of(again.account.lots)) == (380, 380)
    assert [lot.used for lot in again.account.lots] == [120]
    every = [*entries, *found.act.entries, *again.entries]
    assert sum(entry.amount for entry in every) == 380
    assert [entry.amount for entry in every if entry.amount] == [500, -120, -500, 500]
    assert len({entry.key for entry in every}) == len(every)


def test_an_account_that_the_table_has_lost_as_a_whole():
    entries = [of_stripe(3, 300, 300)]
    found = rebuilt(Account(ALICE), entries)
    assert (found.act.account.version, found.act.account.balance, found.taken_back) == (4, 0, -300)


def expired(*lots: Lot) -> Entry:
    shares = tuple(Share(lot.purchase, lot.line, lot.left) for lot in lots)
    return Entry(
        *(ALICE, 7, 0, Kind.EXPIRY, -balance_of(lots), 500, None, None, "service", "credits expired", NOW), lots=shares
    )


def test_what_was_bought_and_has_expired_since_is_not_known_before_the_resync_grants_it():
    assert rebuilt(account(LOT), [of_stripe(6, 100, 600), expired(ENDS)]).act.account.lots == (LOT,)


def test_of_several_that_expired_at_once_those_given_by_hand_have_their_end_back():
    given = Lot(PurchaseKey("adj_1"), 0, 70, NOW)
    found = rebuilt(account(LOT, given), [expired(ENDS, given)])
    assert [(entry.kind, entry.amount) for entry in found.act.entries] == [(Kind.RESTORE, 70), (Kind.EXPIRY, -70)]


def test_an_expiry_since_comes_again_by_itself():
    restored = account(ENDS)
    gone = Entry(
        *(ALICE, 6, 0, Kind.EXPIRY, -100, 0, "cs_2", None, "reconcile", "credits expired", NOW + DAY),
        lots=(Share(ENDS.purchase, 0, 100),),
    )
    found = rebuilt(restored, [gone], now=NOW + 2 * DAY)
    assert found.redone == ()
    assert [(entry.kind, entry.amount, entry.balance_after) for entry in found.act.entries] == [
        (Kind.RESTORE, 100, 100),
        (Kind.EXPIRY, -100, 0),
    ]


# ------------------------------------------------------------------------------------------------ and where they agree


def test_where_the_two_agree_nothing_is_written():
    _, entries = lived(account(LOT), spending(10))
    after = rebuilt(account(LOT), entries).act.account
    assert rebuild(Holdings(after), rebuilt(account(LOT), entries).act.entries[-1], [], LATER, OPERATOR) is None
    assert rebuild(Holdings(Account(ALICE)), None, [], NOW, OPERATOR) is None


def test_a_ledger_that_was_put_back_further_than_the_account_gets_one_entry_for_what_it_lacks():
    """The account is later, so it is right; the trail of how it came to that is gone, and the entry says so."""
    found = rebuild(Holdings(account(replace(LOT, used=80))), of_stripe(3, 500, 500), [], LATER, OPERATOR)
    assert found is not None
    assert [(entry.key, entry.amount, entry.balance_after, entry.reason) for entry in found.act.entries] == [
        ("000000000006#000", -80, 420, BEHIND)
    ]
    assert found.act.account.balance == 420


def test_a_ledger_that_is_lost_as_a_whole_gets_one_entry_for_all_of_it():
    found = rebuild(Holdings(account(LOT)), None, [], LATER, OPERATOR)
    assert found is not None
    assert [(entry.key, entry.amount, entry.balance_after) for entry in found.act.entries] == [
        ("000000000006#000", 500, 500)
    ]


def test_personal_data_that_was_removed_since_is_told_for_it_is_back():
    removed = Entry(ALICE, 6, 0, Kind.ADJUSTMENT, 0, 500, None, None, "plumb:jo", "personal data removed", NOW)
    found = rebuilt(account(LOT), [removed])
    assert (found.forgotten, found.redone) == (True, ())


def test_personal_data_that_was_removed_between_two_spends_is_told_too():
    restored = account(LOT)
    _, entries = lived(restored, spending(40), spending(40))
    removed = replace(entries[0], kind=Kind.ADJUSTMENT, amount=0, lots=(), index=1)
    found = rebuilt(restored, [entries[0], removed, entries[1]])
    assert (found.forgotten, len(found.redone)) == (True, 2)


def test_a_level_that_has_turned_since_is_no_removal_of_personal_data():
    turned = Entry(ALICE, 6, 0, Kind.ACCESS, 0, 500, "sub_1", None, "event_consumer", "FREE to PRO", NOW)
    assert not rebuilt(account(LOT), [turned]).forgotten


def test_credits_given_by_hand_keep_the_end_that_the_account_knows():
    """The expiry is booked by whoever comes by, later than they ended."""
    given = Lot(PurchaseKey("adj_1"), 0, 70, NOW - DAY, NOW + timedelta(minutes=30))
    entries = lived(account(LOT, given), spending(10, at=NOW + timedelta(minutes=40)))[1]
    found = {lot.key: lot for lot in rebuilt(account(LOT, given), entries).act.account.lots}
    assert found[given.key].expires_at == given.expires_at


def test_a_second_restore_over_a_first_ends_the_same():
    restored = account(LOT)
    _, entries = lived(restored, spending(40))
    first = rebuilt(restored, [*entries, of_stripe(7, 300, 760)])
    again = rebuilt(restored, [*entries, of_stripe(7, 300, 760), *first.act.entries])
    assert again.act.account == replace(first.act.account, version=9)


def test_an_invoice_line_is_kept_by_its_own_key():
    line = invoice_line_key("in_1", "il_1")  # type: ignore[arg-type]
    spent = Entry(
        *(ALICE, 6, 0, Kind.SPEND, -10, 90, None, None, "service", "a picture", NOW), lots=(Share(line, 0, 10),)
    )
    assert rebuilt(account(), [spent]).act.account.lots == (Lot(line, 0, 0, NOW, used=10),)
    assert Before(account()).absent == frozenset()
