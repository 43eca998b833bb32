"""The simulated tables, queues and time limits are those of template.yaml."""

from pathlib import Path
from typing import Any

import pytest

from functions.event_consumer import app
from local.template.yaml_source import parse
from tests.simulation.actors import machines
from tests.simulation.world.chance import Chance
from tests.simulation.world.gate import _STUCK
from tests.simulation.world.queueing import DEAD, EVENTS, Shuffled, queues
from tests.simulation.world.simulation import LIMITS
from tests.simulation.world.tables import DEFINITIONS

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
SHAPE = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return parse(TEMPLATE.read_bytes(), TEMPLATE)


@pytest.fixture(scope="module")
def resources(template: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = template["Resources"]
    return found


def test_the_simulated_tables_are_those_of_the_template(resources: dict[str, Any]) -> None:
    deployed = [each["Properties"] for each in resources.values() if each["Type"] == "AWS::DynamoDB::Table"]
    shapes = {table["TableName"]["Fn::Sub"].rsplit("-", 1)[-1]: _shape(table) for table in deployed}
    assert shapes == {table["TableName"]: _shape(table) for table in DEFINITIONS}


def test_the_simulated_queues_are_those_of_the_template(resources: dict[str, Any]) -> None:
    simulated = queues(lambda: 0.0, Shuffled(Chance(1))).queues
    events, dead = (resources[name]["Properties"] for name in ("EventsQueue", "EventsDeadLetterQueue"))
    assert simulated[EVENTS].hidden == events["VisibilityTimeout"]
    assert simulated[EVENTS].retained == events["MessageRetentionPeriod"]
    assert simulated[EVENTS].most_receives == events["RedrivePolicy"]["maxReceiveCount"]
    assert simulated[EVENTS].dead_letters == DEAD
    assert simulated[DEAD].retained == dead["MessageRetentionPeriod"]


def test_the_simulated_functions_have_the_time_of_the_template(
    template: dict[str, Any], resources: dict[str, Any]
) -> None:
    """And the consumer begins its last converge when its handler does (F11)."""
    usual = template["Globals"]["Function"]["Timeout"]
    functions = [each["Properties"] for each in resources.values() if each["Type"] == "AWS::Serverless::Function"]
    deployed = {Path(each["CodeUri"]).name: each.get("Timeout", usual) for each in functions}
    assert LIMITS.keys() - deployed.keys() == {"operator"}
    assert {name: limit for name, limit in LIMITS.items() if name in deployed} == {
        name: limit for name, limit in deployed.items() if name in LIMITS
    }
    assert machines._LAST_CONVERGE == app._LAST_CONVERGE
    assert _STUCK + machines._LAST_CONVERGE.total_seconds() > LIMITS["event_consumer"] > _STUCK


def _shape(table: dict[str, Any]) -> dict[str, Any]:
    return {part: table.get(part, []) for part in SHAPE}
