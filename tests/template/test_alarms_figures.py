"""The alarms' figures, written down a second time: one that can never fire looks like one that has no reason to.

What an alarm watches is counted under that name: tests/unit/test_alarms.py. Here is when it fires, all of it, so that
no other threshold, period or answer to silence goes unseen; and that docs/alarms.md says the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest

from tests.conftest import REPOSITORY

ALARM = "AWS::CloudWatch::Alarm"
SILENT_IS_WELL, SILENT_IS_ILL = "notBreaching", "breaching"
OURS = {"Fn::Sub": "Plumbline/${Stage}-${StripeMode}"}
ANY_OF_ALL = "SUM(FILL(METRICS(), 0))"
NONE_IS_NOUGHT = "FILL(runs, 0)"
"""Of a metric that falls silent CloudWatch looks at what it told before, several periods back, and ignores how missing
data is to be taken: an alarm of twelve hours would be days late (https://docs.aws.amazon.com/AmazonCloudWatch/latest/
monitoring/alarms-and-missing-data.html#alarms-evaluating-missing-data). What is filled is not missing.
"""
HASH = re.compile(r"Version[0-9a-f]{10}$")
"""What SAM puts behind the name of a version: of its code, so it is another one with each change."""


@dataclass(frozen=True)
class Fires:
    """When an alarm fires. A metric is its statistic, its name, and what it is about; by its id in the expression."""

    metrics: dict[str, str]
    period: int
    threshold: int = 0
    compared: str = "GreaterThanThreshold"
    of: str = ""
    periods: int = 1
    silence: str = SILENT_IS_WELL


def not_run(runs: dict[str, str], period: int) -> Fires:
    """When there was not a single run in a period, and when nothing is told of any."""
    return Fires(runs, period, of=NONE_IS_NOUGHT, threshold=1, compared="LessThanThreshold", silence=SILENT_IS_ILL)


def errors(**functions: str) -> dict[str, str]:
    return {id: f"Sum of AWS/Lambda Errors of FunctionName {function}" for id, function in functions.items()}


def throttles(**functions: str) -> dict[str, str]:
    return {id: f"Sum of AWS/Lambda Throttles of FunctionName {function}" for id, function in functions.items()}


def visible(queue: str) -> dict[str, str]:
    """The greatest of a minute: the least, or the mean, of a queue that somebody looks into falls to nothing."""
    return {"": f"Maximum of AWS/SQS ApproximateNumberOfMessagesVisible of QueueName {queue}.QueueName"}


def ours(metric: str, service: str, more: str = "", statistic: str = "Sum") -> str:
    return f"{statistic} of ours {metric} of service {service}{more}"


FUNCTIONS = {
    "checkout": "CreateCheckoutFunction",
    "sync": "SuccessSyncFunction",
    "webhook": "WebhookFunction",
    "consumer": "EventConsumerFunction",
    "account": "AccountFunction",
    "subscriptions": "SubscriptionsFunction",
    "credits": "CreditsFunction",
    "reconcile": "ReconcileFunction",
    "catchup": "CatchUpFunction",
    "watch": "LedgerWatchFunction",
}
SERVICES = {
    "checkout": "create_checkout",
    "sync": "success_sync",
    "webhook": "webhook",
    "account": "account",
    "subscriptions": "subscriptions",
    "credits": "credits",
}

ALARMS = {
    "dead-letters": Fires(visible("EventsDeadLetterQueue"), 60),
    "events-late": Fires(
        {
            "age": "Maximum of AWS/SQS ApproximateAgeOfOldestMessage of QueueName EventsQueue.QueueName",
            "again": ours("EventsLate", "event_consumer"),
        },
        900,
        of="IF(FILL(age, 0) > 900 OR FILL(again, 0) > 0, 1, 0)",
    ),
    "events-unusable": Fires(
        {"delivered": ours("EventsUnusable", "webhook"), "listed": ours("EventsUnusable", "catch_up")},
        300,
        of=ANY_OF_ALL,
    ),
    "events-quarantined": Fires(
        {
            "consumed": ours("EventsByOutcome", "event_consumer", ", outcome QUARANTINED"),
            "checkout": ours("EventsByOutcome", "create_checkout", ", outcome QUARANTINED"),
            "portal": ours("EventsByOutcome", "subscriptions", ", outcome QUARANTINED"),
        },
        300,
        of=ANY_OF_ALL,
    ),
    "messages-malformed": Fires({"": ours("MalformedMessages", "event_consumer")}, 300),
    "signatures-refused": Fires(
        {
            "received": ours("WebhooksReceived", "webhook"),
            "mismatch": ours("WebhooksRefused", "webhook", ", reason mismatch"),
            "expired": ours("WebhooksRefused", "webhook", ", reason expired"),
        },
        300,
        threshold=20,
        of="IF(FILL(received, 0) >= 10, 100 * (FILL(mismatch, 0) + FILL(expired, 0)) / received, 0)",
    ),
    "edge-failing": Fires(
        {
            "unavailable": ours("RequestsFailed", "webhook", ", code unavailable"),
            "internal": ours("RequestsFailed", "webhook", ", code internal"),
            **errors(errors="WebhookFunction"),
            **throttles(throttles="WebhookFunction"),
        },
        300,
        of=ANY_OF_ALL,
    ),
    "api-failing": Fires({"": "Sum of AWS/ApiGateway 5xx of ApiId HttpApi"}, 300, threshold=5),
    "background-failing": Fires(
        errors(**{id: FUNCTIONS[id] for id in ("consumer", "reconcile", "catchup", "watch")})
        | throttles(**{f"{id}_throttled": FUNCTIONS[id] for id in ("consumer", "reconcile", "catchup", "watch")}),
        300,
        of=ANY_OF_ALL,
    ),
    "failed-runs": Fires(visible("FailedRunsQueue"), 60),
    "domain-events-late": Fires(
        {
            f"{id}{how}": f"Sum of AWS/EventBridge/Pipes {metric} of PipeName {pipe}"
            for id, pipe in {"ledger": "LedgerPipe", "subscriptions": "SubscriptionPipe"}.items()
            for how, metric in {
                "": "ExecutionFailed",
                "_partly": "ExecutionPartiallyFailed",
                "_timeout": "ExecutionTimeout",
                "_throttled": "ExecutionThrottled",
            }.items()
        },
        300,
        of=ANY_OF_ALL,
    ),
    "domain-events-untold": Fires(visible("UntoldQueue"), 60),
    "release-failing": Fires(
        {
            id: f"Sum of AWS/Lambda Errors of FunctionName {name}, Resource ${{{name}}}:live, ExecutedVersion "
            f"{name}Version.Version"
            for id, name in FUNCTIONS.items()
        },
        60,
        of=ANY_OF_ALL,
    ),
    "requests-broken": Fires(
        {id: ours("RequestsFailed", service, ", code internal") for id, service in SERVICES.items()}, 60, of=ANY_OF_ALL
    ),
    "reconcile-not-run": not_run({"runs": "Sum of AWS/Lambda Invocations of FunctionName ReconcileFunction"}, 900),
    "catch-up-not-run": not_run({"runs": ours("EventsCaughtUp", "catch_up", statistic="SampleCount")}, 7200),
    "looks-not-run": not_run({"runs": ours("ObjectsInDoubt", "catch_up", statistic="SampleCount")}, 43_200),
    "stripe-busy": Fires({"": ours("RunsHeldUp", "catch_up")}, 3600, threshold=3),
    "accounts-not-settled": Fires({"": ours("AccountsNotSettled", "reconcile")}, 300),
    "webhooks-missed": Fires({"": ours("EventsCaughtUp", "catch_up")}, 3600, threshold=10),
    "ledger-rewritten": Fires({"": ours("LedgerRewritten", "ledger_watch")}, 60),
    "second-subscriptions": Fires({"": ours("SecondSubscriptions", "event_consumer")}, 300),
    "prices-misconfigured": Fires({"": ours("PricesMisconfigured", "event_consumer")}, 300),
}


# --------------------------------------------------------------------------- what the template says

EVERY = {"AlarmName", "AlarmDescription", "AlarmActions", "OKActions", "TreatMissingData"}
EVERY |= {"EvaluationPeriods", "ComparisonOperator", "Threshold"}
OF_ONE = {"Namespace", "MetricName", "Dimensions", "Statistic", "Period"}


def _short(value: Any) -> str:
    if isinstance(value, str):
        return value
    [(how, what)] = value.items()
    return f"{HASH.sub('Version', what[0])}.{what[1]}" if how == "Fn::GetAtt" else str(what)


def _metric(statistic: str, metric: dict[str, Any]) -> str:
    namespace = "ours" if metric["Namespace"] == OURS else metric["Namespace"]
    about = ", ".join(f"{each['Name']} {_short(each['Value'])}" for each in metric["Dimensions"])
    return f"{statistic} of {namespace} {metric['MetricName']} of {about}"


def _fires(alarm: dict[str, Any]) -> Fires:
    """Nothing that it does not know goes by: `DatapointsToAlarm`, `Unit` or `ActionsEnabled` change when it tells."""
    if "Metrics" in alarm:
        assert set(alarm) == {*EVERY, "Metrics"}
        [told] = [query for query in alarm["Metrics"] if "Expression" in query]
        assert set(told) == {"Id", "Expression"}, "the expression alone is told"
        queries = [query for query in alarm["Metrics"] if query is not told]
        for query in queries:
            assert (set(query), query["ReturnData"]) == ({"Id", "ReturnData", "MetricStat"}, False)
            assert set(query["MetricStat"]) == {"Stat", "Period", "Metric"}
        stats = {query["Id"]: query["MetricStat"] for query in queries}
        assert len(stats) == len(queries)
        [period] = {stat["Period"] for stat in stats.values()}
        metrics = {id: _metric(stat["Stat"], stat["Metric"]) for id, stat in stats.items()}
        expression = told["Expression"]
    else:
        assert set(alarm) == EVERY | OF_ONE
        period, expression = alarm["Period"], ""
        metrics = {"": _metric(alarm["Statistic"], alarm)}
    return Fires(
        metrics,
        period,
        alarm["Threshold"],
        alarm["ComparisonOperator"],
        expression,
        alarm["EvaluationPeriods"],
        alarm["TreatMissingData"],
    )


@pytest.fixture(scope="module")
def alarms(expanded: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = [each["Properties"] for each in expanded["Resources"].values() if each["Type"] == ALARM]
    return {each["AlarmName"]["Fn::Sub"].removeprefix("plumbline-${Stage}-${StripeMode}-"): each for each in found}


def test_these_are_all(alarms: dict[str, dict[str, Any]], expanded: dict[str, Any]) -> None:
    assert set(alarms) == set(ALARMS)
    for each in expanded["Resources"].values():
        assert each["Type"] != ALARM or set(each) == {"Type", "Properties"}, "and under no condition"


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_fires_as_it_is_written_down(alarms: dict[str, dict[str, Any]], name: str) -> None:
    assert _fires(alarms[name]) == ALARMS[name]


@pytest.mark.parametrize("name", [name for name, fires in ALARMS.items() if fires.of == ANY_OF_ALL])
def test_one_is_enough_where_all_are_added_up(name: str) -> None:
    assert (ALARMS[name].threshold, ALARMS[name].compared) == (0, "GreaterThanThreshold")


# --------------------------------------------------------------------------- what the page says


@pytest.mark.parametrize(
    ("name", "sentence", "figures"),
    [
        ("events-late", "waited for more than a quarter of an hour", (900, 0)),
        ("signatures-refused", "Of ten or more deliveries in five minutes more than a fifth had", (300, 20)),
        ("api-failing", "More than five requests in five minutes ended with 5xx", (300, 5)),
        ("reconcile-not-run", "For a quarter of an hour nobody has settled", (900, 1)),
        ("catch-up-not-run", "For two hours no page", (7200, 1)),
        ("looks-not-run", "For twelve hours no page", (43_200, 1)),
        ("stripe-busy", "Within an hour Stripe answered 429 to more than three of the runs", (3600, 3)),
        ("webhooks-missed", "Within an hour more than ten events were found", (3600, 10)),
    ],
)
def test_the_page_says_the_same(name: str, sentence: str, figures: tuple[int, int]) -> None:
    sections = re.split(r"^## ", (REPOSITORY / "docs/alarms.md").read_text(), flags=re.MULTILINE)
    [section] = [text for text in sections if text.startswith(f"{name}\n")]
    assert sentence in " ".join(section.split())
    assert (ALARMS[name].period, ALARMS[name].threshold) == figures
