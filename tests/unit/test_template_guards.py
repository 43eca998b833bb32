"""What the template alone guards: it is deployed as it stands, and nothing on this machine would miss it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from billing.domain.walk import KEPT
from functions.catch_up import app as catch_up
from functions.event_consumer.app import _LAST_CONVERGE
from functions.reconcile import app as reconcile
from local.template.expand import expand
from local.template.schedule_expression import Rate, parse

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The template as AWS deploys it."""
    expanded: dict[str, Any] = expand(ROOT / "template.yaml", tmp_path_factory.mktemp("template"))["expanded"]
    return expanded


@pytest.fixture(scope="module")
def resources(template: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = template["Resources"]
    return found


def of(resources: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    found = {name: each["Properties"] for name, each in resources.items() if each["Type"] == kind}
    assert found
    return found


def test_only_the_app_may_call_from_a_browser(resources: dict[str, Any]) -> None:
    """S15: one origin, named by a parameter; and no cookies, so that nobody's browser brings an identity along."""
    [api] = of(resources, "AWS::ApiGatewayV2::Api").values()
    cors = api["Body"]["x-amazon-apigateway-cors"]
    assert cors["allowOrigins"] == [{"Ref": "AppUrl"}]
    assert not cors.get("allowCredentials")
    assert "stripe-signature" not in cors["allowHeaders"]


def test_all_that_is_kept_is_encrypted(resources: dict[str, Any]) -> None:
    """S21: at rest. Lambda's logs are encrypted always: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/data-protection.html"""
    for table in of(resources, "AWS::DynamoDB::Table").values():
        assert table["SSESpecification"] == {"SSEEnabled": True}
    for queue in of(resources, "AWS::SQS::Queue").values():
        assert queue["SqsManagedSseEnabled"] is True


def test_no_queue_is_reached_without_tls(resources: dict[str, Any]) -> None:
    """S21: on the way. Whoever may use a queue may not do so in the clear."""
    named: set[str] = set()
    for policy in of(resources, "AWS::SQS::QueuePolicy").values():
        statement, *_ = policy["PolicyDocument"]["Statement"]
        assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "sqs:*")
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        [queue] = policy["Queues"]
        assert statement["Resource"] == {"Fn::GetAtt": [queue["Ref"], "Arn"]}
        named.add(queue["Ref"])
    assert named == set(of(resources, "AWS::SQS::Queue"))


def test_a_flood_is_throttled_and_most_where_stripe_is_asked(resources: dict[str, Any]) -> None:
    """S22: what one caller after another may cost is bounded before a function starts."""
    [stage] = of(resources, "AWS::ApiGatewayV2::Stage").values()
    every = stage["DefaultRouteSettings"]
    assert 0 < every["ThrottlingRateLimit"] <= every["ThrottlingBurstLimit"] <= 1000
    for route in ("POST /checkout/sessions", "GET /checkout/success"):
        assert 0 < stage["RouteSettings"][route]["ThrottlingRateLimit"] < 25
    [api] = of(resources, "AWS::ApiGatewayV2::Api").values()
    routes = {f"{method.upper()} {path}" for path, methods in api["Body"]["paths"].items() for method in methods}
    assert set(stage["RouteSettings"]) <= routes


def test_each_that_asks_stripe_has_the_key_for_what_it_does(resources: dict[str, Any]) -> None:
    """S19: one that only reads where nothing is changed, and one for each of the two that write; the variable and the
    right go together.
    """
    opening = {"Ref": "StripeApiKeySecret"}
    reading = {"Fn::If": ["HasStripeReadKey", {"Ref": "StripeReadKeySecret"}, opening]}
    changing = {"Fn::If": ["HasStripePlansKey", {"Ref": "StripePlansKeySecret"}, opening]}
    variables = {
        name: each["Environment"]["Variables"].get("STRIPE_API_KEY_SECRET")
        for name, each in of(resources, "AWS::Lambda::Function").items()
    }
    readers = {name for name, value in variables.items() if value == reading}
    assert readers == {"SuccessSyncFunction", "EventConsumerFunction", "AccountFunction", "CatchUpFunction"}
    assert [name for name, value in variables.items() if value == opening] == ["CreateCheckoutFunction"]
    assert [name for name, value in variables.items() if value == changing] == ["SubscriptionsFunction"]
    for name in filter(variables.get, variables):
        allowed = str(resources[f"{name}Role"]["Properties"]["Policies"])
        assert ("StripeReadKeySecret" in allowed) is (name in readers)
        assert ("StripePlansKeySecret" in allowed) is (name == "SubscriptionsFunction")


def test_the_webhook_may_have_a_concurrency_of_its_own(resources: dict[str, Any]) -> None:
    """S23: and a parameter that is 0 asks for none of its own. Lambda would take a 0 for a function that is off."""
    functions = of(resources, "AWS::Lambda::Function")
    found = {name: each.get("ReservedConcurrentExecutions") for name, each in functions.items()}
    own = {"Fn::If": ["HasWebhookConcurrency", {"Ref": "WebhookConcurrency"}, {"Ref": "AWS::NoValue"}]}
    assert {name: each for name, each in found.items() if each is not None} == {"WebhookFunction": own}


def test_an_outage_of_hours_stays_in_the_queue(resources: dict[str, Any]) -> None:
    """F23: 50 receives, of which most are 15 minutes apart; and the queue keeps a message for longer than that."""
    [queue] = [queue for queue in of(resources, "AWS::SQS::Queue").values() if "RedrivePolicy" in queue]
    receives = queue["RedrivePolicy"]["maxReceiveCount"]
    assert receives == 50
    assert receives * 15 * 60 < queue["MessageRetentionPeriod"]


def test_the_consumer_is_bounded_and_names_what_failed(resources: dict[str, Any]) -> None:
    """F12, F24: few at once, so that Stripe is not overrun; and of a batch only the failed part comes again."""
    mappings = of(resources, "AWS::Lambda::EventSourceMapping").values()
    [mapping] = [each for each in mappings if each["EventSourceArn"] == {"Fn::GetAtt": ["EventsQueue", "Arn"]}]
    assert mapping["ScalingConfig"]["MaximumConcurrency"] <= 5
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_every_redis_key_follows_the_epoch(resources: dict[str, Any]) -> None:
    """Money rule 29: a restore forgets the cache by raising the parameter, and that in all functions or in none."""
    for name, each in of(resources, "AWS::Lambda::Function").items():
        assert each["Environment"]["Variables"]["REDIS_EPOCH"] == {"Ref": "RedisEpoch"}, name


def test_no_table_goes_with_its_stack_and_each_can_be_restored(resources: dict[str, Any]) -> None:
    """Money rule 29: to any second of the last 35 days, and after a stack was deleted, too."""
    for name, each in of(resources, "AWS::DynamoDB::Table").items():
        assert each["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True, name
        assert resources[name]["DeletionPolicy"] == "RetainExceptOnCreate", name
        assert resources[name]["UpdateReplacePolicy"] == "Retain", name


def test_only_what_is_meant_to_be_forgotten_has_a_time_to_live(resources: dict[str, Any]) -> None:
    """By the attributes that the stores write for it. The ledger has none: an entry stays."""
    found = {name: each.get("TimeToLiveSpecification") for name, each in of(resources, "AWS::DynamoDB::Table").items()}
    assert found == {
        "EventsTable": {"AttributeName": "expires_at", "Enabled": True},
        "AccountsTable": {"AttributeName": "forget_at", "Enabled": True},
        "LedgerTable": None,
    }


def test_who_sets_nothing_gets_what_the_documents_promise(template: dict[str, Any]) -> None:
    """By the table of docs/deploying.md: `UnknownCustomers` or `TrialCredits` decide about money."""
    row = re.compile(r"^\| `(\w+)` \| `?([^|`]+?)`? \|", re.MULTILINE)
    told = dict(row.findall((ROOT / "docs" / "deploying.md").read_text()))
    found = {name: str(each.get("Default", "none")) or "empty" for name, each in template["Parameters"].items()}
    assert told["UnknownCustomers"] == "park"
    assert told == {name: found[name] for name in told}


def test_the_consumer_has_time_to_begin(resources: dict[str, Any]) -> None:
    """F11: an invocation may begin a converge, cold start and all. Else all ends in the dead letters, untried."""
    timeout = resources["EventConsumerFunction"]["Properties"]["Timeout"]
    assert timeout >= 2 * _LAST_CONVERGE.total_seconds()
    assert resources["EventsQueue"]["Properties"]["VisibilityTimeout"] >= 6 * timeout


def test_the_webhook_has_answered_or_failed_while_stripe_still_listens(resources: dict[str, Any]) -> None:
    """F09: an answer that nobody waits for is a delivery that failed, and alarms say nothing of it."""
    assert resources["WebhookFunction"]["Properties"]["Timeout"] <= 10


def test_no_event_waits_long_for_others_to_come(resources: dict[str, Any]) -> None:
    """A buyer who has left the success page waits for the webhook alone."""
    [queue] = [each for each in of(resources, "AWS::Lambda::EventSourceMapping").values() if "ScalingConfig" in each]
    assert queue["MaximumBatchingWindowInSeconds"] <= 5


def started(resources: dict[str, Any]) -> Iterator[tuple[str, str, timedelta]]:
    """What each schedule starts: the function, its job, and how often."""
    for name, each in of(resources, "AWS::Scheduler::Schedule").items():
        rate = parse(each["ScheduleExpression"], name)
        assert isinstance(rate, Rate)
        function = each["Target"]["Arn"]["Ref"].removesuffix("Aliaslive")
        yield function, json.loads(each["Target"]["Input"])["job"], timedelta(seconds=rate.seconds)


def test_each_job_is_started_by_one_schedule(resources: dict[str, Any]) -> None:
    """F49, F50: one that nothing starts would be missed by nobody, until it is needed."""
    jobs = {"CatchUpFunction": catch_up._JOBS, "ReconcileFunction": reconcile._JOBS}
    known = [(function, job) for function, names in jobs.items() for job in names]
    assert sorted((function, job) for function, job, _ in started(resources)) == sorted(known)


def test_events_are_looked_for_long_before_stripe_lists_them_no_more(resources: dict[str, Any]) -> None:
    """F49: also where some runs fail."""
    often = [every for _, job, every in started(resources) if job.startswith("catch_up")]
    assert len(often) == 2
    assert max(often) <= KEPT / 10
