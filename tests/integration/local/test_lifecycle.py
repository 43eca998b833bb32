"""Starting, stopping, and what is left behind: nothing."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from local.errors import StartError
from local.run_config import Ports
from local.stack import Stack
from local.supervisor.ports import VARIABLES, free_ports
from tests.integration.local.conftest import TOY, copy_toy, eventually

ROOT = Path(__file__).parents[3]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout
    return bool(state) and not state.startswith("Z")


def workers_of(stack: Stack) -> list[int]:
    return [pid for function in stack.config.model().functions for pid in stack.worker_pids(function)]


def all_pids(stack: Stack) -> list[int]:
    return [stack.pid(name) for name in stack.supervisor.names()] + workers_of(stack)


def test_stopping_leaves_no_process_and_no_directory() -> None:
    stack = Stack(template=TOY / "template.yaml", stripe=False)
    with stack:
        pids = all_pids(stack)
        assert len(pids) >= 11
        stack.freeze("upstash")  # a frozen part must not hold up the end, nor do frozen workers
        for pid in workers_of(stack):
            os.kill(pid, signal.SIGSTOP)
        started = time.monotonic()
    assert time.monotonic() - started < 10
    eventually(lambda: not any(map(alive, pids)) or None)
    assert not stack.state_dir.exists()


HOLD = """
import sys, time
from pathlib import Path
from local.stack import Stack
with Stack(template=Path(sys.argv[1]), stripe=False, state_dir=Path(sys.argv[2])) as stack:
    model = stack.config.model()
    pids = [stack.pid(name) for name in stack.supervisor.names()]
    pids += [pid for function in model.functions for pid in stack.worker_pids(function)]
    print("pids", *pids, flush=True)
    time.sleep(600)
"""


def test_a_killed_parent_takes_everything_with_it(tmp_path: Path) -> None:
    """SIGKILL leaves the parent no chance to clean up: the parts notice by themselves."""
    template = copy_toy(tmp_path / "system")
    command = [sys.executable, "-c", HOLD, str(template), str(tmp_path / "state")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        words = parent.stdout.readline().split()
        pids = [int(word) for word in words[1:]]
        assert words[0] == "pids"
        assert all(map(alive, pids))
        parent.kill()
        parent.wait()
        eventually(lambda: not any(map(alive, pids)) or None)


def port_environment(ports: Ports) -> dict[str, str]:
    values = asdict(ports)
    return {VARIABLES[name]: str(values[name]) for name in ("storefront", "api", "stripe", "upstash", "dynamodb")}


@pytest.fixture
def environment() -> dict[str, str]:
    return {**os.environ, **port_environment(free_ports())}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_run_is_ended_by_a_signal(number: signal.Signals, environment: dict[str, str]) -> None:
    """The command itself, with the project's own template."""
    command = [sys.executable, "-m", "local", "run"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        text = ""
        for line in running.stdout:
            text += line
            if "Try the API with curl" in line:
                break
        children = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True).stdout
        family = _family(children, running.pid)
        assert len(family) >= 9
        running.send_signal(number)
        rest = running.stdout.read()
        assert running.wait(timeout=20) == 0
    assert rest.rstrip().endswith("Stopped.")
    assert "4242 4242 4242 4242" in text
    assert "stand-in" in text
    assert re.search(r"ready in \d+\.\d s", text)
    eventually(lambda: not any(map(alive, family)) or None)


def _family(table: str, root: int) -> set[int]:
    pairs = [tuple(map(int, line.split())) for line in table.splitlines()]
    family = {root}
    while grown := {pid for pid, parent in pairs if parent in family} - family:
        family |= grown
    return family - {root}


def test_a_port_in_use_is_one_sentence(environment: dict[str, str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        environment["PLUMBLINE_API_PORT"] = str(port)
        command = [sys.executable, "-m", "local", "run"]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"Port {port} (api) cannot be used" in done.stderr
    assert "set PLUMBLINE_API_PORT." in done.stderr


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("TrailDays=14", "The template declares no parameter TrailDays."),
        ("Receipts=yes", "The parameter Receipts must be one of true, false, not 'yes'."),
    ],
)
def test_a_parameter_that_the_template_does_not_take_is_one_sentence(
    given: str, words: str, environment: dict[str, str]
) -> None:
    command = [sys.executable, "-m", "local", "run", "--parameter", given]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (1, f"{words}\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Usage: python -m local [OPTIONS] COMMAND [ARGS]..."),
        (["nothing"], "No such command 'nothing'."),
        (["run", "--wrong"], "No such option '--wrong'."),
        (["run", "--parameter", "TrialDays"], "--parameter takes NAME=VALUE, such as TrialDays=14, not 'TrialDays'."),
        (["token", "--user", "alice", "--scope", "billing:read"], "Give USER or SCOPE, not both: a machine's token"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_call_is_told_with_2(arguments: list[str], words: str) -> None:
    command = [sys.executable, "-m", "local", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(words)


def test_a_live_key_is_refused(environment: dict[str, str]) -> None:
    environment["STRIPE_SECRET_KEY"] = "sk_live_canary"
    command = [sys.executable, "-m", "local", "run"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith("STRIPE_SECRET_KEY is a live key")
    assert "canary" not in done.stdout + done.stderr


def test_a_part_that_cannot_start_is_named_with_its_last_words(tmp_path: Path) -> None:
    template = copy_toy(tmp_path / "system")
    text = template.read_text().replace("{AttributeName: pk, KeyType: HASH}", "{AttributeName: other, KeyType: HASH}")
    template.write_text(text)
    with pytest.raises(StartError, match="The part dynamodb did not start: "), Stack(template=template, stripe=False):
        pass


def test_token_needs_no_running_stack_and_says_when_none_is_there() -> None:
    import jwt

    def claims(*arguments: str) -> dict[str, object]:
        command = [sys.executable, "-m", "local", "token", *arguments]
        environment = os.environ | {"PLUMBLINE_STOREFRONT_PORT": str(port)}
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=True
        )
        told.append(done.stderr)
        decoded: dict[str, object] = jwt.decode(done.stdout.strip(), options={"verify_signature": False})
        return decoded

    told: list[str] = []
    port = free_ports().storefront
    user = claims("--user", "bob")
    assert (user["sub"], user["email"], user["aud"], "scope" in user) == ("bob", "bob@example.com", "plumbline", False)
    with socket.create_server(("127.0.0.1", port)):
        machine = claims("--scope", "billing:spend")
        assert claims("--scope", "billing/read")["scope"] == "billing/read"  # as Amazon Cognito names it
    assert (machine["sub"], machine["scope"]) == ("service", "billing:spend")
    assert told == [f"Nothing runs on port {port}: the token is good once `make run` does.\n", "", ""]


def test_the_dashboard_says_whose_figures_it_shows() -> None:
    def shown() -> tuple[str, str]:
        command = [sys.executable, "-m", "local", "dashboard"]
        environment = os.environ | {"PLUMBLINE_STOREFRONT_PORT": str(port)}
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        return done.stdout, done.stderr

    port = free_ports().storefront
    logs = ROOT / f".plumbline/run-{port}/logs/functions"
    assert shown() == ("", "No function has counted anything yet: `make run`, and buy something.\n")
    with socket.create_server(("127.0.0.1", port)):
        assert shown() == ("", "No function has counted anything yet: buy something.\n")
    metric = {"Namespace": "Plumbline/dev-test", "Dimensions": [["service"]], "Metrics": [{"Name": "CreditsSpent"}]}
    counted = {"_aws": {"Timestamp": 1, "CloudWatchMetrics": [metric]}, "service": "credits", "CreditsSpent": [3]}
    logs.mkdir(parents=True)
    try:
        (logs / "lambda.log").write_text(json.dumps(counted) + "\n")
        figures, told = shown()
        assert "spent" in figures
        assert told == f"Nothing runs on port {port}: these are the last run's figures.\n"
        with socket.create_server(("127.0.0.1", port)):
            assert shown() == (figures, "")
    finally:
        shutil.rmtree(logs.parents[1])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--user", "a b"], "is no user id"),
        (["--scope", "billing:red"], "billing:red is no scope: take billing:read or billing:spend."),
        (["--scope", ""], "Nothing is no scope"),
    ],
)
def test_a_token_that_cannot_be_made_is_one_sentence(arguments: list[str], sentence: str) -> None:
    command = [sys.executable, "-m", "local", "token", *arguments]
    refused = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (2, "", 1)
    assert sentence in refused.stderr
