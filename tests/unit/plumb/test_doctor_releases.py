"""The doctor's releases: what was stored at a function and published to nobody is found, by name and not value."""

from plumb.doctor.finding import Finding
from plumb.doctor.releases import releases
from plumb.stages.deployed import deployed_stack
from plumb.world import World
from tests.fakes.operator import environment
from tests.unit.plumb.conftest import FUNCTIONS, Deployed


def told() -> list[Finding]:
    site = deployed_stack("staging")
    with environment(site.aws):
        world = World(site)
        found = list(releases(world))
        world.close()
    return found


def test_what_was_deployed_last_runs(deployed: Deployed) -> None:
    deployed.deploy()
    [found] = told()
    assert (found.status, found.message) == ("ok", f"All {len(FUNCTIONS)} functions run as they were deployed last.")


def test_a_setting_that_nobody_published_is_found(deployed: Deployed) -> None:
    """As after a deployment that changed the name of a secret and named no new Release."""
    deployed.deploy()
    name = deployed_stack("staging").names["AccountFunction"]
    before = deployed.functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    changed = before | {"UPSTASH_SECRET": "plumbline/of-tomorrow"}
    deployed.functions.update_function_configuration(FunctionName=name, Timeout=29, Environment={"Variables": changed})
    [found] = told()
    assert found.status == "warn"
    assert found.message == "AccountFunction was changed, and does not run with UPSTASH_SECRET, its time limit."
    assert "another Release" in str(found.fix)
