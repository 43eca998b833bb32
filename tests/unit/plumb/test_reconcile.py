"""`plumb reconcile`: the schedules' jobs to their end, each beside the others."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from billing.domain.events import Origin
from billing.domain.ids import UserId
from billing.errors import StoreUnavailable, StripeBusy, StripeUnavailable
from billing.ports.credits import DueReader
from billing.services.adjust_credits import adjust_credits
from billing.services.catch_up import LISTS, CatchUpDeps, catch_up
from billing.services.look_at_objects import look_at_objects
from billing.services.looks import LookDeps, looks
from billing.services.perform_once import CreditDeps
from billing.services.walk_on import WalkDeps, Walked
from plumb.commands.reconcile import JOBS, Done, command, due, events, objects, undelivered
from plumb.invocation import Invocation
from plumb.output import moment
from plumb.site import Site
from plumb.world import World
from tests.fakes.core import Core
from tests.fakes.event_lists import FakeEventList, FakeWalks
from tests.fakes.object_lists import FakeKnown, FakeLists, FakeParked, FakeRenewals
from tests.fakes.snapshots import DAY, NOW
from tests.fakes.webhook_edge import PAYLOAD
from tests.fakes.world import raising

HOUR = timedelta(hours=1)


@dataclass
class FakeCacheOfTheCommand:
    """Counts the budgets that were begun."""

    begun: int = 0

    def start_request(self) -> None:
        self.begun += 1


@dataclass
class Installation:
    """What the jobs take of a World, over the fakes."""

    core: Core = field(default_factory=Core)
    shared_cache: FakeCacheOfTheCommand = field(default_factory=FakeCacheOfTheCommand)

    def __post_init__(self) -> None:
        core = self.core
        self.clock = core.clock
        self.due: DueReader = core.due
        self.credits: CreditDeps = core.use
        self.listed = FakeEventList(core.calls)
        self.walks, origin = FakeWalks(core.calls), Origin(livemode=False)
        self.walking = WalkDeps(self.walks, core.events, core.queue, origin, core.clock, core.log, core.metrics)
        self.catch_up = CatchUpDeps(self.listed, self.walking)
        self.lists = FakeLists(core.calls)
        ours = FakeParked(core.tables), FakeRenewals(core.tables)
        self.look = LookDeps(self.lists.every, *ours, FakeKnown(core.tables), core.stripe, trial_credits=False)

    def made(self, number: int) -> None:
        """Events that Stripe made an hour ago and no endpoint took."""
        created = int((NOW - HOUR).timestamp())
        self.listed.made += [
            PAYLOAD | {"id": f"evt_{each}", "type": LISTS[0][0], "created": created, "pending_webhooks": 1}
            for each in range(number)
        ]

    def owes(self, number: int) -> None:
        """Accounts with a lot that ran out yesterday."""
        for each in range(number):
            adjust_credits(UserId(f"user-{each}"), 5, "welcome", "ada", "grant", NOW + DAY, self.credits)
        self.core.clock.time = NOW + 2 * DAY

    @property
    def world(self) -> World:
        return cast(World, self)


@pytest.fixture
def here() -> Installation:
    return Installation()


def test_every_page_is_read_and_shown(here: Installation) -> None:
    """F49."""
    here.made(150)
    seen: list[int] = []
    assert events(here.world, seen.append) == Done(
        "150 events read, 150 put onto the queue.", {"read": 150, "queued": 150}, whole=True
    )
    assert [pages for pages in seen if pages] == [100, 50]
    assert len(here.core.queue.bodies) == 150


def test_what_no_endpoint_took_is_a_list_of_its_own(here: Installation) -> None:
    here.made(1)
    here.listed.made[0]["created"] -= 9 * 86400
    events(here.world, lambda _: None)
    here.core.queue.bodies.clear()
    assert undelivered(here.world, lambda _: None).counts == {"read": 1, "queued": 1}


def test_a_schedule_that_was_faster_is_followed_to_the_end(here: Installation) -> None:
    """F49: it may be stopped at any page, so that it has the list is no reason to call all of it done."""
    here.made(250)
    schedule: list[Walked] = []

    def reads_a_page() -> None:
        schedule.append(catch_up(here.clock.now(), "run-1", here.catch_up))

    here.core.calls.after("page", reads_a_page)
    assert events(here.world, lambda _: None) == Done(
        "250 events read, 250 put onto the queue.", {"read": 250, "queued": 250}, whole=True
    )
    assert schedule == [Walked(read=100, queued=100, more=True)]
    assert here.walks.kept["events:0"].until is None


def test_lists_of_objects_that_a_schedule_was_faster_with_are_not_begun_again(here: Installation) -> None:
    here.core.calls.after("list sessions", lambda: look_at_objects(looks(here.look), NOW + HOUR, "run-1", here.walking))
    done = objects(here.world, lambda _: None)
    assert (done.whole, here.core.calls.count("list refunds")) == (True, 2), "once by each of them"


@pytest.mark.parametrize("job", [events, objects])
def test_what_stripe_wants_later_is_not_all(here: Installation, job: Callable[..., Done]) -> None:
    """F24."""
    busy = StripeBusy("slow down")
    here.core.calls.broken |= {"page": busy, "list sessions": busy}
    done = job(here.world, lambda _: None)
    assert (done.whole, done.sentence.partition(". ")[2]) == (False, "Stripe asks to be asked less.")


def test_more_accounts_than_a_function_settles_in_one_run(here: Installation) -> None:
    """F41: rounds, each with a whole budget for the cache."""
    here.owes(501)
    assert due(here.world, lambda _: None) == Done("501 accounts settled.", {"settled": 501, "failed": 0}, whole=True)
    assert here.shared_cache.begun == 501


def test_an_account_that_can_not_be_settled_is_told_and_ends_the_rounds(here: Installation) -> None:
    here.owes(1)
    here.core.calls.broken["find"] = StoreUnavailable("DynamoDB is down")
    assert due(here.world, lambda _: None) == Done(
        "0 accounts settled, 1 not.", {"settled": 0, "failed": 1}, whole=False
    )


def test_an_account_that_fails_leaves_none_behind_it_unsettled(here: Installation) -> None:
    """F41: the first round is full, and one of it failed. Who comes in the next would keep lots that have run out."""
    here.owes(502)
    here.core.calls.before("find", raising(StoreUnavailable("throttled")))
    assert due(here.world, lambda _: None) == Done("502 accounts settled.", {"settled": 502, "failed": 0}, whole=True)


def call(here: Installation, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    invocation = Invocation()
    invocation.world = here.world
    invocation.site = Site(stage="local", functions={}, api_url="http://127.0.0.1:9", local=True)
    capsys.readouterr()
    code = command.main([*arguments], obj=invocation, standalone_mode=False)
    said = capsys.readouterr()
    return code, said.out, said.err


def test_a_job_that_fails_stops_no_other(here: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    here.owes(1)
    here.core.calls.broken["page"] = StripeUnavailable("Stripe does not answer")
    code, out, err = call(here, capsys, "--json")
    assert code == 1
    assert [json.loads(line) for line in out.splitlines()] == [
        {"job": "catch_up", "ok": False, "error": "stripe_unavailable"},
        {"job": "catch_up_undelivered", "ok": False, "error": "stripe_unavailable"},
        {"job": "look_at_objects", "ok": True, "read": 0, "queued": 0},
        {"job": "settle_due", "ok": True, "settled": 1, "failed": 0},
    ]
    assert err.splitlines() == ["catch_up: Stripe does not answer.", "catch_up_undelivered: Stripe does not answer."]


def test_what_is_not_whole_is_not_green(here: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    here.owes(1)
    here.core.calls.broken["find"] = StoreUnavailable("DynamoDB is down")
    code, out, err = call(here, capsys)
    assert code == 1
    until = moment(here.clock.now() - timedelta(minutes=10))
    assert out.splitlines() == [
        f"Stripe's lists are read up to {until}: what is younger is left to its webhook.",
        "catch_up: 0 events read, 0 put onto the queue.",
        "catch_up_undelivered: 0 events read, 0 put onto the queue.",
        "look_at_objects: 0 objects read, 0 put onto the queue.",
        "settle_due: 0 accounts settled, 1 not.",
    ]
    assert err == "settle_due: not all of it is done: run this again.\n"
    here.core.calls.broken.clear()
    assert call(here, capsys)[0] == 0


def test_the_jobs_are_those_of_the_schedules() -> None:
    """One that is added to a schedule and not here would make `plumb reconcile` less than it says."""
    template = (Path(__file__).resolve().parents[3] / "template.yaml").read_text()
    assert sorted(re.findall(r"""Input: '{"job": "(\w+)"}'""", template)) == sorted(JOBS)
