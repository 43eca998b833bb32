"""The webhook under a coverage-guided fuzzer: some thousand inputs in each check, a million by `make fuzz-webhook`.

S01, S02, S04, S23: no input makes it fail, and none without a signature of ours has an effect.
"""

import json
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from billing.domain.ids import EventId
from billing.http.reply import HttpResponse
from tests.fakes.webhook_edge import BODY, new_edge
from tests.fuzz.webhook.delivery import AGES, DRESS, ODD, SECRETS, SPOIL, delivery
from tests.fuzz.webhook.odd import EVENTS, odd_event
from tests.fuzz.webhook.properties import hold

REPOSITORY = Path(__file__).parents[2]
RUNS = 20_000
GENUINE = delivery(bytes([2, 0, 0, 0]) + BODY)
FORGED = delivery(bytes([2, SECRETS.index("whsec_somebody_elses_secret"), 0, 0]) + BODY)


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64", reason="the fuzzer is built for Linux on x86-64 only"
)
def test_some_thousand_inputs_break_no_promise(tmp_path: Path) -> None:
    """What it finds is written to the folder, and the report says how to play it again."""
    command = [
        sys.executable,
        "-m",
        "tests.fuzz.webhook",
        str(tmp_path / "worth trying"),
        f"-runs={RUNS}",
        "-max_len=2048",
        f"-artifact_prefix={tmp_path}/",
    ]
    environment = {"PYTHONPATH": f"{REPOSITORY}:{REPOSITORY}/layers/billing/python", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert f"{RUNS:,} of {RUNS:,} inputs" in done.stdout


def answered(status: int, body: str = "{}") -> HttpResponse:
    return {"statusCode": status, "headers": {}, "body": body, "isBase64Encoded": False}


def test_what_is_right_passes() -> None:
    for delivered in (GENUINE, FORGED):
        edge = new_edge()
        hold(delivered, edge.post(delivered.event), edge)
    assert (GENUINE.genuine, FORGED.genuine) == (True, False)


@pytest.mark.parametrize(("status", "why"), [(200, "not Stripe's, and answered 200"), (500, "nobody outside")])
def test_a_forgery_must_be_refused(status: int, why: str) -> None:
    with pytest.raises(AssertionError, match=why):
        hold(FORGED, answered(status), new_edge())


def test_a_forgery_must_have_no_effect() -> None:
    edge = new_edge()
    edge.post(GENUINE.event)
    with pytest.raises(AssertionError, match="not Stripe's, and queued"):
        hold(FORGED, answered(400), edge)


def test_nothing_of_stripes_may_be_refused() -> None:
    with pytest.raises(AssertionError, match="it would be sent again"):
        hold(GENUINE, answered(400), new_edge())


def test_the_edge_may_not_mark() -> None:
    edge = new_edge()
    edge.cache.done.add(EventId("evt_1"))
    with pytest.raises(AssertionError, match="only the consumer marks"):
        hold(GENUINE, answered(200), edge)


def test_one_message_and_the_right_one() -> None:
    edge = new_edge()
    edge.post(GENUINE.event)
    other = json.loads(edge.queue.bodies[0])
    edge.queue.bodies[0] = json.dumps(other | {"id": "evt_other"})
    with pytest.raises(AssertionError, match="another event"):
        hold(GENUINE, answered(200), edge)
    edge.queue.bodies.append(edge.queue.bodies[0])
    with pytest.raises(AssertionError, match="several messages"):
        hold(GENUINE, answered(200), edge)


def test_every_form_of_a_signature_is_made() -> None:
    """The bytes reach each: else the fuzzer would be looking at less than it seems to."""
    kinds = {
        (form, delivery(bytes([form, secret, age, dress]) + b"{}").genuine)
        for form in range(2 * ODD)
        for secret in range(len(SECRETS))
        for age in range(len(AGES))
        for dress in range(max(len(DRESS), len(SPOIL)))
    }
    never = {(0, True), (1, True), (ODD, True)}
    assert kinds == {(form, genuine) for form in range(2 * ODD) for genuine in (True, False)} - never


def test_odd_events_are_stripes_but_for_what_is_odd() -> None:
    assert json.loads(odd_event(b"\x03")) == EVENTS[3]
    changed = json.loads(odd_event(bytes([3, 0, 0])))
    assert changed != EVENTS[3]
    assert [name for name in EVENTS[3] if changed.get(name) != EVENTS[3][name]] == [next(iter(EVENTS[3]))]
