"""Logs hold listed keys only, and metrics come out as CloudWatch reads them (S16)."""

import ast
import io
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from billing.errors import StoreUnavailable
from billing.observability import LOGGED_KEYS, JsonLog, log, metrics, observed, timed
from tests.fakes.lambda_events import FakeContext

CANARY = "canary-alice@example.com"
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def nothing_left_over() -> Iterator[None]:
    yield
    log().unbind()
    metrics().flush()


def lines(capsys: Capture) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def logged(capsys: Capture) -> dict[str, Any]:
    [line] = lines(capsys)
    return line


def test_one_json_line_with_ids_as_keys(capsys: Capture) -> None:
    log().info("queued", event_id="evt_1", entries=2, changed=True, session_id=None)
    line = logged(capsys)
    assert (line["level"], line["message"], line["event_id"], line["entries"]) == ("INFO", "queued", "evt_1", 2)
    assert line["changed"] is True
    assert "session_id" not in line
    assert line["timestamp"].endswith("+00:00") or line["timestamp"].endswith("Z")
    assert line["location"].startswith("test_one_json_line_with_ids_as_keys:")


def test_each_line_names_its_function_and_the_time_in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also to whoever replaces standard output after the start."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "webhook")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    log.cache_clear()  # as in a process of that function
    started, printed = log(), io.StringIO()
    with redirect_stdout(printed):
        started.info("queued")
    log.cache_clear()
    monkeypatch.undo()
    time.tzset()
    line = json.loads(printed.getvalue())
    assert line["service"] == "webhook"
    assert re.fullmatch(r"[0-9-]{10}T[0-9:.]{12}(\+00:00|Z)", line["timestamp"])


@pytest.mark.parametrize("say", [JsonLog.info, JsonLog.warning, JsonLog.error])
def test_a_line_names_the_place_that_it_tells_of(say: Callable[..., None], capsys: Capture) -> None:
    say(log(), "queued")
    assert logged(capsys)["location"].startswith("test_a_line_names_the_place_that_it_tells_of:")


def test_what_is_bound_later_stands_beside_what_was_bound(capsys: Capture) -> None:
    log().bind(request_id="request-1")
    log().bind(correlation_id="correlation-1")
    log().info("queued")
    line = logged(capsys)
    assert (line["request_id"], line["correlation_id"]) == ("request-1", "correlation-1")


def test_a_failure_of_ours_says_its_own_reason(capsys: Capture) -> None:
    log().failure("failed", StoreUnavailable("DynamoDB throttled", reason="ThrottlingException"))
    assert logged(capsys)["reason"] == "ThrottlingException"


def fail(told: JsonLog, message: str, **ids: object) -> None:
    told.failure(message, StoreUnavailable("DynamoDB throttled", item=CANARY), **ids)


@pytest.mark.parametrize("say", [JsonLog.info, JsonLog.warning, JsonLog.error, fail])
def test_a_key_that_is_not_listed_is_left_out(say: Callable[..., None], capsys: Capture) -> None:
    about = dict.fromkeys(("body", "email", "email_address", "name", "phone", "address", "token", "url"), CANARY)
    say(log(), "queued", **about, headers={"authorization": CANARY}, event_id="evt_1")
    line = logged(capsys)
    assert CANARY not in json.dumps(line)
    assert line["event_id"] == "evt_1"


def test_every_key_that_is_listed_is_written_somewhere() -> None:
    root = Path(__file__).parents[3]
    sources = [*(root / "layers/billing").rglob("*.py"), *(root / "functions").rglob("*.py")]
    nodes = [node for source in sources for node in ast.walk(ast.parse(source.read_text()))]
    dicts = [node for node in nodes if isinstance(node, ast.Dict)]
    written: set[object] = {node.arg for node in nodes if isinstance(node, ast.keyword)}
    written.update(key.value for node in dicts for key in node.keys if isinstance(key, ast.Constant))
    assert written >= LOGGED_KEYS, LOGGED_KEYS - written


def test_a_long_value_is_cut_and_an_odd_one_is_text(capsys: Capture) -> None:
    log().warning("x", reason="r" * 5000, code=ValueError("v"), stack=["f" * 5000] * 100)
    line = logged(capsys)
    assert len(line["reason"]) == 300
    assert (line["message"], line["code"]) == ("x", "v")
    assert line["stack"] == ["f" * 300] * 30


def test_the_ids_of_an_invocation_are_on_each_of_its_lines_only(capsys: Capture) -> None:
    with observed(FakeContext(aws_request_id="request-1"), "correlation-1"):
        log().info("one")
        log().info("two", correlation_id="correlation-2")
    log().info("three")
    one, two, three = lines(capsys)
    assert (one["request_id"], one["correlation_id"]) == ("request-1", "correlation-1")
    assert two["correlation_id"] == "correlation-2"
    assert "request_id" not in three
    assert "correlation_id" not in three


def fail_deep_inside() -> None:
    raise KeyError(CANARY)


def test_a_failure_shows_where_and_never_what(capsys: Capture) -> None:
    try:
        try:
            fail_deep_inside()
        except KeyError as exc:
            raise StoreUnavailable("DynamoDB throttled", operation="commit") from exc
    except StoreUnavailable as exc:
        log().failure("failed", exc, retryable=True)
    line = logged(capsys)
    assert (line["level"], line["error"], line["code"]) == ("ERROR", "StoreUnavailable", "store_unavailable")
    assert (line["reason"], line["operation"], line["retryable"]) == ("DynamoDB throttled", "commit", True)
    assert any("fail_deep_inside" in frame for frame in line["stack"])
    assert "KeyError became StoreUnavailable" in line["stack"]
    assert CANARY not in json.dumps(line)


def test_of_a_failure_from_deep_inside_the_innermost_is_shown(capsys: Capture) -> None:
    """A stack is cut as well, and what began it all is in every one."""

    def deeper(levels: int) -> None:
        return deeper(levels - 1) if levels else fail_deep_inside()

    try:
        deeper(50)
    except KeyError as exc:
        log().failure("failed", exc)
    stack = logged(capsys)["stack"]
    assert len(stack) == 30
    assert stack[-1].endswith(" fail_deep_inside")


def emf(capsys: Capture) -> list[dict[str, Any]]:
    return [line for line in lines(capsys) if "_aws" in line]


def test_metrics_come_out_at_the_end_of_the_invocation(capsys: Capture) -> None:
    with observed(FakeContext()):
        metrics().count("WebhooksReceived")
        metrics().count("WebhooksQueued", event_type="invoice.paid")
        metrics().count("WebhooksQueued", event_type="refund.failed")
        metrics().count("WebhooksQueued", 2, event_type="refund.failed")
        with timed("WebhookAckTime"):
            pass
        assert capsys.readouterr().out == ""
    plain, paid, failed = sorted(emf(capsys), key=lambda line: line.get("event_type", ""))
    assert plain["WebhooksReceived"] == [1.0]
    assert plain["WebhookAckTime"][0] >= 0
    assert paid["WebhooksQueued"] == [1.0]
    assert failed["WebhooksQueued"] == [1.0, 2.0]
    [directive] = failed["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Plumbline"
    assert "event_type" in directive["Dimensions"][0]
    assert directive["Metrics"] == [{"Name": "WebhooksQueued", "Unit": "Count"}]
    units = {metric["Name"]: metric["Unit"] for metric in plain["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
    assert units == {"WebhooksReceived": "Count", "WebhookAckTime": "Milliseconds"}


def test_a_time_is_in_milliseconds(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """The unit that its line names, and that the alarms compare."""
    passed = [10.0]
    monkeypatch.setattr(time, "perf_counter", lambda: passed[-1])
    with observed(FakeContext()), timed("WebhookAckTime", kind="cold"):
        passed.append(10.25)
    [line] = emf(capsys)
    assert (line["WebhookAckTime"], line["kind"]) == ([250.0], "cold")


def fail_in_an_invocation() -> None:
    with observed(FakeContext()), timed("ConsumeTime"):
        metrics().count("EventsByOutcome", outcome="APPLIED")
        raise ZeroDivisionError


def test_metrics_come_out_after_a_failure_and_only_once(capsys: Capture) -> None:
    with pytest.raises(ZeroDivisionError):
        fail_in_an_invocation()
    assert len(emf(capsys)) == 2
    with observed(FakeContext()):
        pass
    assert emf(capsys) == []


def test_more_than_a_hundred_values_are_all_printed(capsys: Capture) -> None:
    with observed(FakeContext()):
        for _ in range(250):
            metrics().count("CacheHits")
    assert sum(len(line["CacheHits"]) for line in emf(capsys)) == 250


def test_the_next_invocation_counts_anew_under_the_same_dimensions(capsys: Capture) -> None:
    told = []
    for value in (1, 2):
        with observed(FakeContext()):
            metrics().count("EventsByOutcome", value, outcome="APPLIED")
        told += emf(capsys)
    assert [(line["EventsByOutcome"], line["outcome"]) for line in told] == [([1.0], "APPLIED"), ([2.0], "APPLIED")]
    first, second = ([each["Dimensions"] for each in line["_aws"]["CloudWatchMetrics"]] for line in told)
    assert first == second
    assert "outcome" in first[0][0]


def test_the_log_is_one_for_the_process() -> None:
    assert log() is log()
    assert isinstance(log(), JsonLog)
