"""What a run is: the same twice, nothing without decisions, and shrunk where it fails. The seeds are in `seeds/`."""

import pytest

from tests.simulation.run import run
from tests.simulation.shrink import kind_of, shrink
from tests.simulation.story import story
from tests.simulation.world.simulation import Simulation


@pytest.mark.parametrize("seed", [3, 14, 15])
def test_a_seed_does_the_same_twice_and_so_does_its_tape(seed):
    first = run(seed)
    assert run(seed).trace == first.trace
    assert run(seed, first.tape).trace == first.trace
    assert len(first.story) > 20
    assert run(seed + 1).trace != first.trace


@pytest.mark.parametrize("seed", [8, 7, 1])  # it ends by a last word; does not; had none to say
def test_each_deed_on_the_tape_is_a_call_of_an_actor(seed):
    outcome = run(seed)
    drawn = [name for name in outcome.tape if len(name) == 2 and name[1] in ("deed", "last word")]
    assert 0 < outcome.deeds == len(drawn)


def test_a_tape_without_decisions_is_a_run_in_which_nothing_happens():
    outcome = run(1, {})
    assert outcome.failure is None
    assert outcome.story == []
    assert outcome.deeds == 0


def test_a_failure_is_shrunk_to_what_it_needs_and_told():
    """F01: the guard of the event put taken away, which is found at once, and shrunk to a few deeds."""
    outcome = next(each for each in map(run_without_guard, range(1, 30)) if each.failure)
    small = shrink(outcome, run_without_guard)
    assert kind_of(small.failure) == kind_of(outcome.failure)
    assert len(small.tape) <= len(outcome.tape) / 4
    assert "is recorded again" in story(small)


class Forgetful(Simulation):
    """A system whose event records are not guarded: every condition on the events table holds."""

    def __init__(self, *given):
        super().__init__(*given)
        write = self.dynamo.transact_write_items

        def unguarded(TransactItems):  # noqa: N803 - boto3's name
            for item in TransactItems:
                if item.get("Put", {}).get("TableName") == "events":
                    for part in ("ConditionExpression", "ExpressionAttributeNames", "ExpressionAttributeValues"):
                        item["Put"].pop(part)
            return write(TransactItems=TransactItems)

        self.dynamo.__dict__["transact_write_items"] = unguarded


def run_without_guard(seed, tape=None):
    return run(seed, tape, world=Forgetful)
