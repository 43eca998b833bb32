"""How far a list of events was read, over passes, pages and pauses (money rule 27)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from billing.domain.ids import EventId
from billing.domain.walk import KEPT, LET_ARRIVE, OVERLAP, Walk, begun, begun_back, restarted, stepped, unseen

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
LAST = EventId("evt_100")


def walk(**changed: object) -> Walk:
    seen = NOW - timedelta(hours=3)
    return replace(Walk("events:0", seen, seen - OVERLAP, version=7), **changed)  # type: ignore[arg-type]


def test_the_first_pass_looks_at_all_that_stripe_keeps() -> None:
    assert begun(None, "events:0", NOW, whole=False) == Walk(
        "events:0", NOW - KEPT, NOW - KEPT, until=NOW - LET_ARRIVE, after=None, version=0
    )


def test_the_next_pass_begins_a_little_before_the_end_of_the_last() -> None:
    begins = begun(walk(), "events:0", NOW, whole=False)
    assert (begins.since, begins.until) == (NOW - timedelta(hours=4), NOW - timedelta(minutes=10))
    assert (begins.seen, begins.version) == (NOW - timedelta(hours=3), 7)


def test_no_pass_asks_for_what_stripe_does_not_keep() -> None:
    slept = walk(seen=NOW - timedelta(days=60))
    assert begun(slept, "events:0", NOW, whole=False).since == NOW - timedelta(days=30)


def test_a_whole_pass_looks_at_all_of_it_each_time() -> None:
    assert begun(walk(), "undelivered:0", NOW, whole=True).since == NOW - timedelta(days=30)


def test_a_pass_over_objects_looks_back_from_the_end_of_the_one_before() -> None:
    back = timedelta(days=15)
    assert begun_back(None, "sessions", NOW, back) == Walk(
        "sessions", NOW - back, NOW - back, until=NOW - LET_ARRIVE, after=None, version=0
    )
    slept = begun_back(walk(seen=NOW - timedelta(days=60)), "sessions", NOW, back)
    assert (slept.since, slept.until) == (NOW - timedelta(days=75), NOW - LET_ARRIVE)
    assert (slept.seen, slept.version) == (NOW - timedelta(days=60), 7)


def test_a_pass_that_was_broken_off_goes_on_as_it_was() -> None:
    broken = walk(until=NOW - timedelta(hours=1), after=LAST)
    for whole in (False, True):
        assert begun(broken, "events:0", NOW, whole=whole) == broken
    assert begun_back(broken, "events:0", NOW, timedelta(days=15)) == broken


def test_a_page_moves_the_place_and_not_the_time() -> None:
    under_way = walk(until=NOW)
    assert stepped(under_way, LAST) == replace(under_way, after=LAST)


def test_the_last_page_moves_the_time() -> None:
    until = NOW - timedelta(minutes=10)
    done = stepped(walk(until=until, after=EventId("evt_9")), None)
    assert (done.seen, done.until, done.after) == (until, None, None)


def test_the_time_never_moves_back() -> None:
    """A clock that is behind ends its pass before what was seen."""
    behind = walk(until=NOW - timedelta(hours=5))
    assert stepped(behind, None).seen == NOW - timedelta(hours=3)


def test_a_pass_can_begin_anew() -> None:
    under_way = walk(until=NOW, after=LAST)
    assert restarted(under_way) == replace(under_way, after=None)


def test_of_one_that_counts_as_unseen_the_next_pass_looks_at_all_that_stripe_keeps() -> None:
    under_way = walk(until=NOW - timedelta(hours=2), after=LAST)
    anew = begun(unseen(under_way, NOW), "events:0", NOW, whole=False)
    assert anew == replace(begun(None, "events:0", NOW, whole=False), version=7)


def test_nothing_is_left_of_the_pass_that_was_under_way() -> None:
    """What is stored says so too, and not only the pass that begins with it."""
    under_way = walk(until=NOW - timedelta(hours=2), after=LAST)
    assert unseen(under_way, NOW) == Walk("events:0", NOW - KEPT, NOW - KEPT, version=7)
