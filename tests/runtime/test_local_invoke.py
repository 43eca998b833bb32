"""What `sam local invoke` would give a container by `--env-vars`, and that functions run with it.

The SAM CLI's own code makes the environment. Then the function runs with it, and with nothing else, but for the host's
name: there is no container here that would resolve it.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from artefacts.build import TOOLS
from local.lambda_service.environment import worker_environment
from local.run_config import CONTAINERS_SECRET
from local.supervisor.plan import UPSTASH_SECRET
from local.template import REGION
from tests.fakes.operator import Operator
from tests.integration.purchase.wait import until
from tests.runtime.system import EVENTS, Functions, sample

PROGRAM = Path(__file__).with_name("sam_environment.py")
Environments = dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def given(lambdas: Functions) -> Environments:
    """What the containers would get, with this machine's name as this machine knows it."""
    stack = lambdas.stack
    arguments = [stack.config.template, str(stack.state_dir / "env.json"), REGION]
    ran = subprocess.run(
        [str(TOOLS / "python"), str(PROGRAM), *arguments], check=True, capture_output=True, text=True, timeout=60
    )
    found: Environments = json.loads(ran.stdout.replace("host.docker.internal", "127.0.0.1"))
    return found


def test_a_container_gets_the_local_systems_environment(lambdas: Functions, given: Environments) -> None:
    config = lambdas.stack.config
    assert given.keys() == config.model().functions.keys()
    for name, function in config.model().functions.items():
        ours = worker_environment(function, config)
        wanted = {each: ours[each] for each in ours if each in function.environment or "ENDPOINT" in each}
        if "UPSTASH_SECRET" in wanted:
            wanted["UPSTASH_SECRET"] = CONTAINERS_SECRET
        assert {each: given[name].get(each) for each in wanted} == wanted
        assert given[name]["AWS_REGION"] == REGION


def test_functions_run_with_it(lambdas: Functions, plumb: Operator, given: Environments) -> None:
    """Secrets, queue, tables and Redis are found; the signature is made with the running system's own secret."""
    _call_redis_as_here(lambdas)
    delivery = plumb("event", "sign", str(EVENTS / "webhook/disputed.json")).document
    with lambdas.start("webhook", given["WebhookFunction"]) as webhook:
        answer, _ = webhook.invoke(delivery)
    assert (answer["statusCode"], answer["body"]) == (200, '{"ok":true}')
    (record,) = lambdas.received(lambdas.stack.queue_url("EventsQueue"))
    assert json.loads(record["body"])["id"] == json.loads(delivery["body"])["id"]
    with lambdas.start("account", given["AccountFunction"]) as account:

        def cached() -> bool:
            answer, _ = account.invoke(sample("account/entitlements"))
            assert answer["statusCode"] == 200, answer
            return bool(answer["headers"]["x-plumbline-source"] == "cache")

        until("it is answered from Redis", cached)


def _call_redis_as_here(lambdas: Functions) -> None:
    secrets = lambdas.stack.secrets()
    ours, theirs = (
        json.loads(secrets.get_secret_value(SecretId=name)["SecretString"])
        for name in (UPSTASH_SECRET, CONTAINERS_SECRET)
    )
    assert theirs == {**ours, "url": ours["url"].replace("127.0.0.1", "host.docker.internal")}
    secrets.put_secret_value(SecretId=CONTAINERS_SECRET, SecretString=json.dumps(ours))
    secrets.close()
