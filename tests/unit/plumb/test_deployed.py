"""A deployed stage is found by samconfig.toml and its stack; CloudFormation, Lambda and the rest are moto's."""

from datetime import timedelta
from pathlib import Path

import pytest

from plumb.doctor.settings import secrets
from plumb.errors import PlumbError
from plumb.stages.deployed import deployed_stack
from plumb.world import World
from tests.fakes.operator import Operator, environment
from tests.unit.plumb.conftest import FUNCTIONS, REGION, STACK, Deployed


def test_a_stack_tells_all_that_is_needed(deployed: Deployed) -> None:
    deployed.deploy()
    site = deployed_stack("staging")
    assert site.functions.keys() == set(FUNCTIONS)
    assert site.environment["ACCOUNTS_TABLE"] == "plumbline-staging-test-accounts"
    assert site.environment["EVENTS_QUEUE_URL"].endswith("/events")
    assert site.webhook_urls == (
        "https://billing.example.com/webhooks/stripe",
        "https://abc.execute-api.example.com/webhooks/stripe",
    )
    assert site.aws == {"AWS_DEFAULT_REGION": REGION, "AWS_REGION": REGION}
    assert not site.local
    assert not site.live
    assert site.conflicts() == []


def test_the_region_is_found_where_the_sdks_of_aws_look(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """boto3 alone reads another variable (https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html)."""
    deployed.deploy()
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_REGION", REGION)
    assert deployed_stack("staging", STACK).aws["AWS_REGION"] == REGION


def test_a_setting_that_functions_disagree_on_is_found(deployed: Deployed) -> None:
    deployed.deploy()
    deployed.set("AccountFunction", LEVELS="FREE,PRO")
    assert deployed_stack("staging").conflicts() == ["LEVELS"]


def test_what_nobody_published_is_not_what_runs(deployed: Deployed) -> None:
    """A variable that was changed at the function alone reaches none of its callers: they start the alias."""
    deployed.deploy()
    name = deployed_stack("staging").names["AccountFunction"]
    deployed.functions.update_function_configuration(FunctionName=name, Environment={"Variables": {"LEVELS": "A"}})
    assert deployed_stack("staging").conflicts() == []


def test_the_key_that_only_reads_is_not_the_commands(deployed: Deployed) -> None:
    """S19: most functions may have another key than those that write; the command writes."""
    deployed.deploy()
    for function in ("CatchUpFunction", "EventConsumerFunction"):
        deployed.set(function, STRIPE_API_KEY_SECRET="plumbline/stripe-read-key")
    site = deployed_stack("staging")
    assert (site.conflicts(), site.environment["STRIPE_API_KEY_SECRET"]) == ([], "plumbline/stripe-api-key")
    deployed.store_secrets()
    with environment(site.aws):
        found = {finding.message: finding.status for finding in secrets(World(site))}
    assert found["plumbline/stripe-api-key has key."] == "ok"
    assert "fail" in found.values(), "the other one was never stored"


def test_a_stack_that_is_not_there_is_told(deployed: Deployed) -> None:
    with pytest.raises(PlumbError, match="There is no stack plumbline-staging in eu-central-1"):
        deployed_stack("staging")


def test_a_stack_of_something_else_is_refused(deployed: Deployed) -> None:
    deployed.cloudformation.create_stack(
        StackName="other", TemplateBody='{"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}'
    )
    with pytest.raises(PlumbError, match="The stack other is no installation of Plumbline"):
        deployed_stack("staging", stack="other")


def test_stages_are_those_of_samconfig(tmp_path: Path) -> None:
    samconfig = tmp_path / "samconfig.toml"
    samconfig.write_text(
        "version = 0.1\n[eu.global.parameters]\nstack_name = 'one'\n"
        "[eu.deploy.parameters]\nparameter_overrides = 'Stage=\"prod-eu\" StripeMode=live'\n"
    )
    with pytest.raises(PlumbError, match=r"samconfig\.toml has no stage prod: there is local, prod-eu\."):
        deployed_stack("prod", samconfig=samconfig)


def test_the_region_may_come_from_samconfig(
    deployed: Deployed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed.deploy("one", STAGE="qa")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    samconfig = tmp_path / "samconfig.toml"
    samconfig.write_text(
        f"[qa.global.parameters]\nstack_name = 'one'\nregion = '{REGION}'\n"
        "[qa.deploy.parameters]\nparameter_overrides = ['Stage=qa']\n"
    )
    assert deployed_stack("qa", samconfig=samconfig).aws["AWS_REGION"] == REGION


def test_region_that_the_guide_has_written(deployed: Deployed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table `default` says it, and the one of the stage has none."""
    deployed.deploy("one", STAGE="qa")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    samconfig = tmp_path / "samconfig.toml"
    settings = "parameter_overrides = ['Stage=qa']\nstack_name = 'one'\n"
    samconfig.write_text(
        f"[default.deploy.parameters]\nregion = '{REGION}'\n{settings}[qa.deploy.parameters]\n{settings}"
    )
    assert deployed_stack("qa", samconfig=samconfig).aws["AWS_REGION"] == REGION


def test_a_stack_that_says_another_stage(deployed: Deployed, plumb: Operator) -> None:
    deployed.deploy(STAGE="dev")
    result = plumb("doctor", "--stage", "staging")
    assert (result.code, result.err) == (1, "The functions found say that their stage is dev, not staging.\n")


def test_the_doctor_of_a_deployed_stage(deployed: Deployed, plumb: Operator) -> None:
    """Backups, time to live and settings that only a deployed installation can lack; nothing is reachable here."""
    deployed.deploy()
    deployed.store_secrets()
    deployed.set("AccountFunction", LEVELS="FREE,PRO")
    deployed.set("EventConsumerFunction", APP_URL="http://app.example.com")
    deployed.dynamodb.delete_table(TableName="plumbline-staging-test-ledger")
    deployed.sqs.send_message(QueueUrl=deployed.sqs.get_queue_url(QueueName="events")["QueueUrl"], MessageBody="{}")
    result = plumb("--stage", "staging", "--json", "doctor")
    assert result.code == 1
    told = [f"{finding['status']} {finding['check']} {finding['message']}" for finding in result.document["findings"]]
    assert "fail settings EventConsumerFunction: the setting APP_URL must be an https address." in told
    assert "fail settings Functions have different values of APP_URL." in told
    assert "fail settings Functions have different values of LEVELS." in told
    assert "ok secrets plumbline/stripe-webhook has 1 signing secret." in told
    assert "fail tables There is no table plumbline-staging-test-ledger." in told
    lacks = "no time to live on expires_at, so records stay for ever and no point-in-time recovery, so nothing can be"
    assert f"warn tables plumbline-staging-test-events has {lacks} restored." in told
    assert "ok queues events: 1 waiting, 0 being worked on." in told
    assert "fail stripe Stripe cannot be reached." in told


def test_hits_and_misses_come_from_our_own_metrics_where_redis_has_none(deployed: Deployed) -> None:
    """Where INFO has none: the sum over functions and kinds, of the last day."""
    from billing.adapters.system import SystemClock
    from plumb.doctor.redis_side import Usage, usage
    from tests.unit.billing.adapters.http_servers import answer, bad_server

    deployed.deploy()
    cloudwatch, earlier = deployed.metrics(), SystemClock().now() - timedelta(hours=1)
    for kind, name, value in (("catalog", "CacheHits", 2), ("credits", "CacheHits", 1), ("catalog", "CacheMisses", 1)):
        point = {"MetricName": name, "Value": value, "Timestamp": earlier, "Unit": "Count"}
        cloudwatch.put_metric_data(
            Namespace="Plumbline/staging-test", MetricData=[{**point, "Dimensions": [{"Name": "kind", "Value": kind}]}]
        )
    with bad_server(answer('{"error": "ERR unknown command"}', "400 Bad Request")) as server:
        deployed.store_secrets(redis_url=server.url)
        site = deployed_stack("staging")
        with environment(site.aws):
            world = World(site)
            assert usage(world) == Usage(hits=3, misses=1, source="metrics")
            assert usage(world).hit_rate == 0.75
            world.close()
