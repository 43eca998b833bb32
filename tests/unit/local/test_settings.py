"""`.env`, ports, and the refusal of what must not be used here (S28)."""

import json
import os
import re
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from local.errors import StartError
from local.run_config import Ports
from local.stack import Stack
from local.supervisor.ports import VARIABLES, free_ports, require_free
from local.supervisor.settings import Backends, read_env_file, read_ports, unknown_settings


def env(tmp_path: Path, text: str) -> Path:
    file = tmp_path / ".env"
    file.write_text(text)
    return file


def test_no_file_means_stand_ins(tmp_path: Path) -> None:
    assert Backends.read(tmp_path / ".env", {}) == Backends.stand_ins()


def test_lines_of_the_env_file_are_read_as_a_shell_would(tmp_path: Path) -> None:
    text = "# comment\n\nA=1\nexport B='two words'\nC=\"x\"\nD=x # why\nE=\nF=a#b\n"
    assert read_env_file(env(tmp_path, text)) == {
        "A": "1",
        "B": "two words",
        "C": "x",
        "D": "x",
        "E": "",
        "F": "a#b",
    }


def test_the_environment_wins(tmp_path: Path) -> None:
    file = env(tmp_path, "STRIPE_SECRET_KEY=sk_test_file\nSTRIPE_WEBHOOK_SECRET=whsec_1")
    assert Backends.read(file, {"STRIPE_SECRET_KEY": "sk_test_env"}).stripe_key == "sk_test_env"


def test_a_real_upstash_may_stand_in_the_env_file(tmp_path: Path) -> None:
    file = env(tmp_path, "UPSTASH_REDIS_REST_URL=https://x.upstash.io\nUPSTASH_REDIS_REST_TOKEN=t")
    backends = Backends.read(file, {})
    assert (backends.upstash_url, backends.upstash_token) == ("https://x.upstash.io", "t")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("STRIPE_SECRET_KEY=sk_live_x", "STRIPE_SECRET_KEY is a live key"),
        ("STRIPE_SECRET_KEY=rk_live_x", "STRIPE_SECRET_KEY is a live key"),
        ("STRIPE_SECRET_KEY=pk_test_x", "must start with sk_test_ or rk_test_"),
        ("STRIPE_SECRET_KEY=sk_test_x", "STRIPE_WEBHOOK_SECRET must be set"),
        ("STRIPE_SECRET_KEY=sk_test_x\nSTRIPE_WEBHOOK_SECRET=abc", "STRIPE_WEBHOOK_SECRET must be set"),
        (
            "STRIPE_SECRET_KEY=sk_test_x\nSTRIPE_WEBHOOK_SECRET=whsec_1\nSTRIPE_PUBLISHABLE_KEY=pk_live_x",
            "STRIPE_PUBLISHABLE_KEY must start with pk_test_",
        ),
        ("UPSTASH_REDIS_REST_URL=https://x", "must be set together"),
        ("UPSTASH_REDIS_REST_TOKEN=x", "must be set together"),
        ("UPSTASH_REDIS_REST_URL=http://x\nUPSTASH_REDIS_REST_TOKEN=x", "must start with https://"),
        ("PLUMBLINE_DYNAMODB_URL=127.0.0.1:8000", r"PLUMBLINE_DYNAMODB_URL must be an address such as http://"),
        ("PLUMBLINE_DYNAMODB_URL=http://x:port", r"PLUMBLINE_DYNAMODB_URL must be an address"),
        ("REDIS_URL=http://127.0.0.1", r"REDIS_URL must be an address such as redis://"),
        ("REDIS_URL=redis://", r"REDIS_URL must be an address"),
        ("A=1\nnot a setting", r"\.env, line 2: expected NAME=value"),
    ],
)
def test_a_broken_setting_is_one_sentence(text: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(StartError, match=sentence):
        Backends.read(env(tmp_path, text), {})


def test_settings_that_nothing_reads_are_named(tmp_path: Path) -> None:
    file = env(tmp_path, "STRIP_SECRET_KEY=x\nLEVELS=FREE\nREDIS_URL=\nPLUMBLINE_API_PORT=9001")
    assert unknown_settings(file) == ["LEVELS", "STRIP_SECRET_KEY"]
    assert unknown_settings(tmp_path / "none") == []


def test_the_example_has_no_name_that_nothing_reads(tmp_path: Path) -> None:
    """Its first two sections, uncommented, warn of nothing."""
    text = (Path(__file__).parents[3] / ".env.example").read_text().partition("# --- tests")[0]
    names = [line.removeprefix("# ") for line in text.splitlines() if re.match(r"# [A-Z_]+=", line)]
    assert len(names) > 8
    assert unknown_settings(env(tmp_path, "\n".join(names))) == []


def test_a_refusal_does_not_repeat_the_key(tmp_path: Path) -> None:
    with pytest.raises(StartError) as raised:
        Backends.read(env(tmp_path, "STRIPE_SECRET_KEY=sk_live_canary"), {})
    assert "canary" not in str(raised.value)


def test_live_tests_use_the_key_and_nothing_else_of_the_settings(tmp_path: Path) -> None:
    file = env(tmp_path, "STRIPE_SECRET_KEY=sk_test_x\nREDIS_URL=redis://127.0.0.1\nSTRIPE_WEBHOOK_SECRET=whsec_1")
    assert Backends.for_live_tests(file, {}) == Backends(stripe_key="sk_test_x")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", r"put its STRIPE_SECRET_KEY=sk_test_\.\.\. into \.env"),
        ("STRIPE_SECRET_KEY=", r"put its STRIPE_SECRET_KEY=sk_test_\.\.\. into \.env"),
        ("STRIPE_SECRET_KEY=sk_live_x", "is a live key"),
    ],
)
def test_live_tests_need_a_test_key(text: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(StartError, match=sentence):
        Backends.for_live_tests(env(tmp_path, text), {})


def test_secrets_are_not_printed_with_the_backends() -> None:
    secret = Backends(
        stripe_key="canary", webhook_secret="canary", upstash_token="canary", redis_url="redis://:canary@x"
    )
    assert "canary" not in repr(secret)


def test_ports_come_from_the_call_the_environment_and_the_file_in_this_order(tmp_path: Path) -> None:
    none = tmp_path / ".env"
    assert read_ports({}, none, {}) == Ports(8787, 8788, 8789, 8790, 8791, 8792, 8793, 8794)
    file = env(tmp_path, "PLUMBLINE_AWS_PORT=9100\nPLUMBLINE_API_PORT=9001")
    chosen = read_ports({"storefront": 9005}, file, {"PLUMBLINE_API_PORT": "9002"})
    assert chosen == Ports(9005, 9002, 8789, 8790, 9100, 9101, 9102, 9103)


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"PLUMBLINE_API_PORT": "abc"}, "PLUMBLINE_API_PORT must be a port number, not 'abc'"),
        ({"PLUMBLINE_API_PORT": "70000"}, "PLUMBLINE_API_PORT must be a port number"),
        ({"PLUMBLINE_API_PORT": "8787"}, "Port 8787 is given to two parts"),
    ],
)
def test_ports_that_cannot_be_used_are_refused(environment: dict[str, str], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(StartError, match=sentence):
        read_ports({}, tmp_path / ".env", environment)


def test_free_ports_are_in_a_row_and_none_that_a_connection_could_take() -> None:
    """So PLUMBLINE_AWS_PORT says where the parts of AWS are, as it does for `local run`."""
    ports = free_ports()
    environment = {VARIABLES[name]: str(getattr(ports, name)) for name in ("storefront", "api", "stripe", "upstash")}
    read = read_ports({}, Path("none"), environment | {"PLUMBLINE_AWS_PORT": str(ports.dynamodb)})
    assert read == ports
    assert 20_000 <= ports.storefront < ports.pipes < 32_000


def test_free_ports_step_over_one_that_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.supervisor.ports.BELOW_CONNECTIONS", range(first := free_ports().storefront, first + 16))
    with socket.create_server(("127.0.0.1", first + 3)):
        assert {free_ports() for _ in range(20)} == {Ports(*range(first + 8, first + 16))}


def test_no_free_ports_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.supervisor.ports.BELOW_CONNECTIONS", range(first := free_ports().storefront, first + 8))
    with socket.create_server(("127.0.0.1", first + 7)), pytest.raises(StartError, match=r"^No 8 free ports in a row"):
        free_ports()


def test_a_port_in_use_is_one_sentence() -> None:
    ports = free_ports()
    require_free(ports)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StartError, match=rf"Port {port} \(api\) cannot be used .* set PLUMBLINE_API_PORT\."):
            require_free(replace(ports, api=port))


@pytest.mark.parametrize(("pid", "stays"), [(2**22 + 1, True), (os.getpid(), False)], ids=["another", "our own"])
def test_a_start_that_fails_leaves_the_file_of_the_system_that_runs(pid: int, stays: bool, tmp_path: Path) -> None:
    """A second `make run` finds the ports taken; it removes a file only if it is its own."""
    file = tmp_path / "system.json"
    file.write_text(json.dumps({"version": 2, "pid": pid}))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = replace(free_ports(), api=taken.getsockname()[1])
        with pytest.raises(StartError, match="cannot be used"), Stack(ports=ports, state_dir=tmp_path):
            raise AssertionError
    assert file.exists() == stays


def test_a_door_at_an_address_of_another_machine_is_one_sentence_before_anything_starts(tmp_path: Path) -> None:
    """192.0.2.1 is for documents: https://datatracker.ietf.org/doc/html/rfc5737."""
    with pytest.raises(StartError, match=r"^192\.0\.2\.1 is no address of this machine .*: is Docker running\?$"):
        Stack(ports=free_ports(), state_dir=tmp_path, door="192.0.2.1").start()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("backends", "own"),
    [
        (Backends(redis_url="redis://127.0.0.1:6379/0"), True),
        (Backends(upstash_url="https://x.upstash.io", upstash_token="t"), True),
        (Backends(redis_url="redis://127.0.0.1:6379/0", dynamodb_url="http://127.0.0.1:8000"), False),
        (Backends.stand_ins(), False),
    ],
)
def test_a_redis_that_outlives_the_tables_is_asked_for_nothing_of_the_last_run(
    backends: Backends, own: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F22: what it holds has later versions of the accounts than this run, and no publish would replace it."""
    epochs = []
    for now in (1_795_977_655.0, 1_795_977_656.5):
        monkeypatch.setattr("time.time", lambda now=now: now)
        epochs.append(Stack(state_dir=tmp_path, backends=backends).config.parameters.get("RedisEpoch"))
    assert (epochs[0] != epochs[1]) is own
    assert all(epoch is None or 1 <= int(epoch) <= 999_999 for epoch in epochs)
