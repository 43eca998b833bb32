"""The simulated tables and queues are those of template.yaml."""

from pathlib import Path
from typing import Any

import pytest

from local.template.yaml_source import parse
from tests.simulation.world.chance import Chance
from tests.simulation.world.queueing import DEAD, EVENTS, Shuffled, queues
from tests.simulation.world.tables import DEFINITIONS

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
SHAPE = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    parsed: dict[str, Any] = parse(TEMPLATE.read_bytes(), TEMPLATE)["Resources"]
    return parsed


def test_the_tables(resources: dict[str, Any]) -> None:
    deployed = [each["Properties"] for each in resources.values() if each["Type"] == "AWS::DynamoDB::Table"]
    shapes = {table["TableName"]["Fn::Sub"].rsplit("-", 1)[-1]: _shape(table) for table in deployed}
    assert shapes == {table["TableName"]: _shape(table) for table in DEFINITIONS}


def test_the_queues(resources: dict[str, Any]) -> None:
    simulated = queues(lambda: 0.0, Shuffled(Chance(1))).queues
    events, dead = (resources[name]["Properties"] for name in ("EventsQueue", "EventsDeadLetterQueue"))
    assert simulated[EVENTS].hidden == events["VisibilityTimeout"]
    assert simulated[EVENTS].retained == events["MessageRetentionPeriod"]
    assert simulated[EVENTS].most_receives == events["RedrivePolicy"]["maxReceiveCount"]
    assert simulated[EVENTS].dead_letters == DEAD
    assert simulated[DEAD].retained == dead["MessageRetentionPeriod"]


def _shape(table: dict[str, Any]) -> dict[str, Any]:
    return {part: table.get(part, []) for part in SHAPE}
