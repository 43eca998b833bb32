"""Log lines, code changes, the key file, the clock, the demo's form reader."""

import json
import stat
from pathlib import Path

import jwt
import pytest

from local.clock_file import ClockFile
from local.demo.browser import _Forms
from local.issuer.keys import key_id, load_key
from local.issuer.tokens import Issuer
from local.lambda_service.code import Code
from local.supervisor.log_view import readable
from local.template import Function


def test_a_log_line_is_short() -> None:
    entry = {"level": "INFO", "location": "x:1", "message": "queued", "timestamp": "t", "service": "webhook"}
    ids = {"request_id": "r", "correlation_id": "c"}
    line = readable("lambda", "webhook | " + json.dumps({**entry, "event_id": "evt_1", "user_id": None, **ids}))
    assert line is not None
    assert line[10:] == "webhook          queued event_id=evt_1"
    warning = readable("lambda", "webhook | " + json.dumps({**entry, "level": "WARNING"}))
    assert warning is not None
    assert warning.endswith("WARNING queued")


def test_metrics_and_blank_lines_are_left_out_and_others_kept() -> None:
    assert readable("lambda", 'webhook | {"_aws": {}}') is None
    assert readable("lambda", "webhook |  ") is None
    kept = readable("gateway", "GET / 200 3 ms")
    assert kept is not None
    assert kept.endswith("GET / 200 3 ms")
    assert readable("gateway", "OPTIONS /account 204 1 ms") is None
    broken = readable("lambda", "webhook | {not json")
    assert broken is not None
    assert broken.endswith("{not json")


def function(root: Path) -> Function:
    (root / "code").mkdir()
    (root / "layer").mkdir()
    return Function("F", "F", "arn", "app.handler", root / "code", (root / "layer",), {}, 3, 128)


def test_a_change_in_the_code_or_a_layer_is_seen(tmp_path: Path) -> None:
    made = function(tmp_path)
    code = Code(made)
    for path in (tmp_path / "code" / "app.py", tmp_path / "layer" / "pkg" / "x.py"):
        path.parent.mkdir(exist_ok=True)
        path.write_text("A = 1")
        assert code.changed()
        code.refresh()
        assert not code.changed()
        path.unlink()
        assert code.changed()
        code.refresh()
    (tmp_path / "code" / "__pycache__").mkdir()
    (tmp_path / "code" / "__pycache__" / "app.pyc").write_text("x")
    assert not code.changed()


def test_the_bytecode_of_a_changed_file_is_dropped(tmp_path: Path) -> None:
    """Two saves of the same length in one second look the same to Python."""
    import importlib.util

    made = function(tmp_path)
    source = tmp_path / "code" / "app.py"
    source.write_text("A = 1")
    code = Code(made)
    cached = Path(importlib.util.cache_from_source(str(source)))
    cached.parent.mkdir()
    cached.write_bytes(b"old")
    source.write_text("A = 2 ")
    code.refresh()
    assert not cached.exists()


def test_the_key_is_kept_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    first = load_key(tmp_path)
    assert key_id(load_key(tmp_path)) == key_id(first)
    assert stat.S_IMODE((tmp_path / "issuer-key.pem").stat().st_mode) == 0o600


@pytest.mark.parametrize("user", ["auth0|6591f2", "ada@example.com"])
def test_a_token_is_made_for_a_user_of_any_common_issuer(user: str, tmp_path: Path) -> None:
    token = Issuer(load_key(tmp_path), "i", "a").user_token(user)
    assert jwt.decode(token, options={"verify_signature": False})["sub"] == user


@pytest.mark.parametrize("user", ["", "a b", "a:b", "x" * 129, "é", "a/b", "a\n"])
def test_a_token_for_an_impossible_user_is_refused(user: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no user id"):
        Issuer(load_key(tmp_path), "i", "a").user_token(user)


def test_the_clock_is_told_by_a_file(tmp_path: Path) -> None:
    told = ClockFile(tmp_path / "clock")
    assert told.read() == 0, "nobody has said anything"
    told.write(86_400)
    assert ClockFile(tmp_path / "clock").read() == 86_400
    (tmp_path / "clock").unlink()
    told.write(86_400)
    assert told.read() == 0, "what was said is not said again five times a second"
    told.write(86_401)
    assert told.read() == 86_401


def test_forms_are_read_as_a_browser_would() -> None:
    forms = _Forms("http://s/c/pay/1")
    forms.feed("""
      <form action="/other"><input name="q"></form>
      <form method="post" action="pay">
        <input type="hidden" name="token" value="t">
        <input type="radio" name="way" value="card" checked><input type="radio" name="way" value="bank">
        <input name="card_number" autocomplete="cc-number"><input type="submit">
      </form><input name="outside">""")
    other, pay = forms.found
    assert (other.method, other.action) == ("get", "http://s/other")
    assert (pay.method, pay.action) == ("post", "http://s/c/pay/pay")
    assert pay.fields == {"token": "t", "way": "card", "card_number": ""}
    assert pay.purposes == {"cc-number": "card_number"}
