"""The planted bugs: each patch fits the product as it is, enough of them were seen, and some are seen again here."""

import pytest

from tests.proofs.workbench import Workbench
from tests.simulation.planted.bugs import MOST_SEEDS, Units, bugs, results
from tests.simulation.planted.page import PAGE, page
from tests.simulation.planted.trial import first_failure

QUICK = ("event-put-unconditioned", "edge-hides-lost-send")
"""Seen within a few seeds, whatever the simulation becomes, so that each run of the suite sees them again."""


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return Workbench(tmp_path_factory.mktemp("planted") / "copy")


def test_each_patch_fits_and_changes_the_product_only(bench):
    for bug in bugs():
        bench.fits(bug.patch)
        changed = [line.split()[1] for line in bug.patch.read_text().splitlines() if line.startswith("+++ ")]
        assert changed
        assert all(
            path.startswith(("b/layers/billing/python/billing/", "b/functions/", "b/plumb/")) for path in changed
        )


def test_names_and_numbers_are_nobody_elses():
    every = bugs()
    assert len({bug.name for bug in every}) == len({bug.patch.name.split("-")[0] for bug in every}) == len(every)
    assert set(results()) <= {bug.name for bug in every}


def test_enough_are_seen_by_a_seed_and_enough_of_these_by_no_unit_test():
    known = results().values()
    caught = [row.seen for row in known if row.caught and row.seen is not None]
    assert len(caught) >= 25
    assert max(seen.seeds or 0 for seen in caught) <= MOST_SEEDS
    assert sum(row.silent for row in known) >= 15, "a unit test sees one more of them: plant another"


def test_a_bug_that_no_unit_test_saw_stays_known_as_such_when_one_is_written():
    green = Units("c0ffee01", 7000, None)
    seen = Units("c0ffee02", None, "a test").after(green)
    again = Units("c0ffee03", None, "another").after(seen)
    assert (green.after(None).green_at, seen.green_at, again.green_at) == (None, "c0ffee01", "c0ffee01")
    assert Units("c0ffee04", None, "a test").after(Units("c0ffee03", None, "a test")).green_at is None
    assert Units("c0ffee04", 7000, None).after(again).green_at is None, "it was taken away again"


def test_the_page_shows_what_was_found():
    assert PAGE.read_text() == page(bugs(), results())


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", QUICK)
def test_a_bug_is_seen_again(name, bench):
    bug = next(each for each in bugs() if each.name == name)
    with bench.broken_by(bug.patch):
        first = first_failure(bench, 50, 240, lambda said: None)
    assert first["seed"] is not None
