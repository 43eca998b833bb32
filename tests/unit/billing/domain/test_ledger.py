"""Which entries of a ledger are asked for, and when reading it from its end may stop."""

from datetime import datetime, timedelta

import pytest

from billing.domain.ids import EventId
from billing.domain.ledger import EVERYTHING, Cause, Change, Entry, EntryFilter, Kind, booked
from tests.fakes.snapshots import ALICE, NOW

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


def entry(at: datetime = NOW, kind: Kind = Kind.SPEND) -> Entry:
    return Entry(ALICE, 3, 0, kind, -5, 95, None, None, "api", "spend", at)


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        (EVERYTHING, True),
        (EntryFilter(frozenset({Kind.SPEND, Kind.EXPIRY})), True),
        (EntryFilter(frozenset({Kind.EXPIRY})), False),
        (EntryFilter(since=NOW), True),
        (EntryFilter(since=NOW + SECOND), False),
        (EntryFilter(before=NOW + SECOND), True),
        (EntryFilter(before=NOW), False),
    ],
)
def test_an_entry_is_wanted_by_its_kind_and_from_a_time_until_before_another(wanted, fits):
    assert wanted.fits(entry()) is fits


def test_of_two_events_of_one_object_the_first_is_named_and_also_of_what_no_object_of_stripe_did():
    both = Cause("event_consumer", ((EventId("evt_1"), frozenset({"cs_1"})), (EventId("evt_2"), frozenset({"cs_1"}))))
    changes = [Change(Kind.PURCHASE, 5, "cs_1", "bought"), Change(Kind.EXPIRY, -5, None, "expired")]
    assert [written.event for written in booked(ALICE, 3, 0, changes, NOW, both)] == ["evt_1", "evt_1"]


def test_without_a_beginning_a_ledger_is_read_to_its_end():
    assert not EntryFilter(before=NOW).ended(entry(NOW - 999 * HOUR))


def test_an_entry_a_little_too_old_does_not_end_the_reading():
    """Clocks of two machines differ: the one before it may be younger."""
    assert not EntryFilter(since=NOW).ended(entry(NOW - HOUR))
    assert EntryFilter(since=NOW).ended(entry(NOW - HOUR - SECOND))
