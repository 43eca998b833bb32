"""What time does to lots by itself, and which finished ones leave the account (money rules 16 and 17)."""

from dataclasses import replace

from billing.domain.account import Account
from billing.domain.credits import Lot, Share
from billing.domain.entitlement import LevelGrant
from billing.domain.ids import PurchaseKey
from billing.domain.ledger import Cause, Change, Kind
from billing.domain.settle import move_out, settle
from billing.domain.spending import Holdings, settle_account
from tests.fakes.snapshots import ALICE, DAY, NOW, POLICY

SCHEDULE = Cause("reconcile")


def lots(count: int, **given) -> list[Lot]:
    return [Lot(PurchaseKey(f"cs_{n:02d}"), 0, 100, NOW + n * DAY, **given) for n in range(count)]


def test_as_many_expiries_as_can_be_named_have_an_entry_each():
    ending = lots(10, expires_at=NOW + DAY)
    assert settle(ending, (), NOW + DAY).changes == tuple(
        Change(Kind.EXPIRY, -100, lot.source, "credits expired", lots=(Share(lot.purchase, 0, 100),)) for lot in ending
    )


def test_a_lot_that_lies_outside_as_it_is_stays_there_and_is_not_written_again():
    finished = lots(3, used=100)
    assert move_out(finished, {lot.key: lot for lot in finished}) == ((), ())


def test_a_lot_that_lies_outside_and_has_changed_is_written_there_before_any_other_leaves():
    *others, newest = lots(12, used=100)
    kept, leaving = move_out([*others, newest], {newest.key: replace(newest, used=99, expired=1)})
    assert leaving == (newest, *others[:3])
    assert kept == tuple(others[3:])


def test_one_that_has_changed_is_written_there_however_few_the_account_keeps():
    (only,) = lots(1, used=100)
    assert move_out([only], {only.key: replace(only, used=99, expired=1)}) == ((), (only,))


def test_the_newest_stay_whatever_of_them_ran_out_last():
    finished = [replace(lot, expires_at=NOW + (60 - n) * DAY) for n, lot in enumerate(lots(10, used=100))]
    _, leaving = move_out(finished, {})
    assert leaving == tuple(finished[:2])


def test_more_expiries_than_can_be_named_share_one_entry_that_names_no_grant():
    """Of one of them more was used than had been left when it ran out: that gives back what it lacks."""
    ending = [*lots(10, expires_at=NOW + DAY), Lot(PurchaseKey("cs_99"), 0, 100, NOW, NOW, used=40, expired=100)]
    (change,) = settle(ending, (), NOW + DAY).changes
    assert (change.kind, change.amount, change.stripe_object) == (Kind.EXPIRY, -10 * 100 + 40, None)
    assert [share.amount for share in change.lots] == [*[100] * 10, 40]


def test_an_account_is_settled_once_with_the_moment_in_its_entries():
    level = LevelGrant(PurchaseKey("cs_1"), 0, "PRO", NOW, 30)
    account = Account(ALICE, lots=(*lots(1, expires_at=NOW + DAY),), balance=100, levels=(level,), version=3)
    act = settle_account(Holdings(account), NOW + DAY, POLICY, SCHEDULE)
    assert act is not None
    assert [(entry.kind, entry.amount, entry.at) for entry in act.entries] == [
        (Kind.EXPIRY, -100, NOW + DAY),
        (Kind.ACCESS, 0, NOW + DAY),
    ]
    assert settle_account(Holdings(act.account), NOW + DAY, POLICY, SCHEDULE) is None
