"""The alarms: each watches what is really counted, under that name and those dimensions; and somebody knows what to do.

F13, F30, F64. What is counted, and how that is known: tests/unit/counted.py.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.template import Model
from local.template.expand import expand
from tests.modelled import modelled
from tests.unit.counted import OF_AWS, Counted, counted_by
from tests.unit.quarantining import may_quarantine

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/alarms.md"
NAMESPACE = {"Fn::Sub": "Plumbline/${Stage}-${StripeMode}"}


@dataclass(frozen=True)
class Watched:
    """A metric that an alarm watches."""

    alarm: str
    namespace: Any
    name: str
    dimensions: tuple[tuple[str, Any], ...]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the expanded template is kept, for both who read it."""
    return tmp_path_factory.mktemp("template")


@pytest.fixture(scope="module")
def resources(cache: Path) -> dict[str, Any]:
    """The template as AWS deploys it."""
    return expand(ROOT / "template.yaml", cache)["expanded"]["Resources"]


@pytest.fixture(scope="module")
def model() -> Model:
    return modelled()


def alarms(resources: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """By the end of their names, which follows stage and mode."""
    found = [each["Properties"] for each in resources.values() if each["Type"] == "AWS::CloudWatch::Alarm"]
    start = "plumbline-${Stage}-${StripeMode}-"
    return {each["AlarmName"]["Fn::Sub"].removeprefix(start): each for each in found}


def watched(resources: Mapping[str, Any]) -> Iterator[Watched]:
    for alarm, each in alarms(resources).items():
        queries = each.get("Metrics", [{"MetricStat": {"Metric": each}}])
        for metric in [query["MetricStat"]["Metric"] for query in queries if "MetricStat" in query]:
            dimensions = tuple((dimension["Name"], dimension["Value"]) for dimension in metric["Dimensions"])
            yield Watched(alarm, metric["Namespace"], metric["MetricName"], dimensions)


@pytest.fixture(scope="module")
def counted(model: Model) -> set[Counted]:
    return counted_by(model)


# --------------------------------------------------------------------------- the tests


def test_what_an_alarm_watches_of_ours_is_counted(resources: dict[str, Any], counted: set[Counted]) -> None:
    ours = [each for each in watched(resources) if each.namespace == NAMESPACE]
    assert len(ours) > 8
    for each in ours:
        assert (each.name, frozenset(each.dimensions)) in counted, each


def test_what_an_alarm_watches_of_aws_is_there(resources: dict[str, Any]) -> None:
    for each in watched(resources):
        if each.namespace == NAMESPACE:
            continue
        names, dimension, kind = OF_AWS[each.namespace]
        assert each.name in names
        (name, value), *rest = each.dimensions
        assert name == dimension
        assert not rest or each.alarm == "release-failing"
        [reference] = value.values()
        logical_id = reference if isinstance(reference, str) else reference[0]
        assert resources[logical_id]["Type"] == kind


def test_every_function_that_nobody_waits_for_is_watched(resources: dict[str, Any], model: Model) -> None:
    """Whoever calls a route sees that it failed; of the others only an alarm tells."""
    assert model.api is not None
    alone = set(model.functions) - {route.function for route in model.api.routes}
    seen = {
        (each.dimensions[0][1]["Ref"], each.name) for each in watched(resources) if each.alarm == "background-failing"
    }
    assert seen == {(function, name) for function in alone for name in ("Errors", "Throttles")}


def test_a_release_is_watched_in_every_function(resources: dict[str, Any]) -> None:
    """Of the version that the stack publishes: what an older one does holds up no mend."""
    found = [each.dimensions for each in watched(resources) if each.alarm == "release-failing"]
    versions = {
        each["Properties"]["FunctionName"]["Ref"]: name
        for name, each in resources.items()
        if each["Type"] == "AWS::Lambda::Version"
    }
    assert len(found) == len(versions)
    for function, version in versions.items():
        name, alias = ("FunctionName", {"Ref": function}), ("Resource", {"Fn::Sub": f"${{{function}}}:live"})
        assert (name, alias, ("ExecutedVersion", {"Fn::GetAtt": [version, "Version"]})) in found


def test_a_job_that_does_not_run_is_not_hidden_by_another_one_of_its_function(resources: dict[str, Any]) -> None:
    schedules = Counter(
        each["Properties"]["Target"]["Arn"]["Ref"].removesuffix("Aliaslive")
        for each in resources.values()
        if each["Type"] == "AWS::Scheduler::Schedule"
    )
    silent = [each.dimensions[0][1]["Ref"] for each in watched(resources) if each.name == "Invocations"]
    assert [schedules[function] for function in silent] == [1]
    for name, metric in (("catch-up-not-run", "EventsCaughtUp"), ("looks-not-run", "ObjectsInDoubt")):
        alarm = alarms(resources)[name]
        [counted] = [each["MetricStat"] for each in alarm["Metrics"] if "MetricStat" in each]
        assert (counted["Metric"]["MetricName"], counted["Stat"]) == (metric, "SampleCount")
        assert (alarm["TreatMissingData"], alarm["Threshold"]) == ("breaching", 1)


@pytest.mark.parametrize(
    ("alarm", "metric", "about"),
    [
        ("dead-letters", "ApproximateNumberOfMessagesVisible", {"Fn::GetAtt": ["EventsDeadLetterQueue", "QueueName"]}),
        ("ledger-rewritten", "LedgerRewritten", "ledger_watch"),
    ],
)
def test_a_single_one_within_minutes_raises_the_alarm(
    resources: dict[str, Any], alarm: str, metric: str, about: object
) -> None:
    """F13, F64: a dead letter, a rewritten entry of the ledger are told at once."""
    found = alarms(resources)[alarm]
    assert (found["MetricName"], found["Dimensions"][0]["Value"]) == (metric, about)
    assert (found["ComparisonOperator"], found["Threshold"]) == ("GreaterThanThreshold", 0)
    assert found["EvaluationPeriods"] == 1
    assert found["Period"] <= 300


def test_one_event_in_quarantine_is_enough_whoever_put_it_there(resources: dict[str, Any], model: Model) -> None:
    """F30: also one of a parked list, which a buyer's first checkout or portal applies."""
    found = alarms(resources)["events-quarantined"]
    assert (found["ComparisonOperator"], found["Threshold"]) == ("GreaterThanThreshold", 0)
    assert found["EvaluationPeriods"] == 1
    [told] = [query for query in found["Metrics"] if query.get("ReturnData", True)]
    assert told["Expression"] == "SUM(FILL(METRICS(), 0))"
    stats = [query["MetricStat"] for query in found["Metrics"] if "MetricStat" in query]
    assert {(each["Stat"], each["Period"]) for each in stats} == {("Sum", 300)}
    seen = [dict(each.dimensions) for each in watched(resources) if each.alarm == "events-quarantined"]
    services = {
        function.environment["POWERTOOLS_SERVICE_NAME"]
        for function in model.functions.values()
        if may_quarantine(function.code_dir)
    }
    assert {each["service"] for each in seen} == services
    assert {each["outcome"] for each in seen} == {"QUARANTINED"}


def test_only_what_was_there_before_comes_from_the_ledgers_stream(resources: dict[str, Any]) -> None:
    """F64: the stream has the image of before, and the filter asks for that alone."""
    assert resources["LedgerTable"]["Properties"]["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    source = resources["LedgerRewritten"]["Properties"]
    assert source["EventSourceArn"] == {"Fn::GetAtt": ["LedgerTable", "StreamArn"]}
    assert source["BisectBatchOnFunctionError"], "what can't be told keeps no other from being told"
    [pattern] = source["FilterCriteria"]["Filters"]
    assert json.loads(pattern["Pattern"]) == {"dynamodb": {"OldImage": {"entry": {"S": [{"exists": True}]}}}}


def test_all_alarms_tell_the_one_topic(resources: dict[str, Any]) -> None:
    for each in alarms(resources).values():
        assert each["AlarmActions"] == each["OKActions"] == [{"Ref": "AlarmTopic"}]
        assert each["TreatMissingData"] in ("notBreaching", "breaching")
    mail = resources["AlarmMail"]
    assert mail["Condition"] == "HasAlarmEmail"
    assert mail["Properties"]["TopicArn"] == {"Ref": "AlarmTopic"}


def test_every_alarm_says_what_to_do_and_no_other_stands_there(resources: dict[str, Any]) -> None:
    entries = re.findall(r"^## ([a-z-]+)\n\n(.+?)(?=\n## |\Z)", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(entries) == len(alarms(resources))
    assert {name for name, _ in entries} == set(alarms(resources))
    for name, text in entries:
        assert len(text) > 150, name
        assert "plumb " in text or "aws " in text or "Stripe" in text, name


def test_no_alarm_names_more_metrics_than_one_may(resources: dict[str, Any]) -> None:
    """Ten: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-limits.html."""
    for each in alarms(resources).values():
        assert sum("MetricStat" in query for query in each.get("Metrics", [])) <= 10
