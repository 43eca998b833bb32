"""What no program reads is refused in a sentence, wherever an operator can give it."""

import json
from pathlib import Path

import pytest

from plumb.errors import PlumbError
from plumb.given import json_of, moment_of
from plumb.grants import read_grants
from plumb.plans.file import read_plan
from plumb.stages.deployed import deployed_stack
from plumb.stages.local import running_system
from tests.fakes.operator import Operator

SIGN = ("event", "sign", "-", "--secret", "whsec_of_the_test_only")
DEEP = "[" * 50_000 + "]" * 50_000


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


def test_json_may_be_a_hundred_deep() -> None:
    assert json_of(nested(100), "It") is not None
    for levels in (101, 900, 50_000):
        with pytest.raises(PlumbError, match=r"^It is nested more than 100 deep"):
            json_of(nested(levels), "It")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (DEEP, "Standard input is nested more than 100 deep.\n"),
        ('{"object": "event", "a": ' + nested(600) + "}", "Standard input is nested more than 100 deep.\n"),
        (
            '{"object": "event", "a": "\\ud800"}',
            "The body has half of a pair of surrogates: no bytes stand for that.\n",
        ),
        (
            '{"headers": {}, "isBase64Encoded": true, "body": "\u00e9"}',
            "The invocation says that its body is Base64, and it is no text in Base64.\n",
        ),
        ('{"object": "event", "a": ' + "9" * 5_000 + "}", "Standard input holds no JSON.\n"),
    ],
    ids=["deep", "too deep to write", "surrogate", "base64", "digits"],
)
def test_what_can_not_be_signed(plumb: Operator, text: str, sentence: str) -> None:
    result = plumb(*SIGN, stdin=text)
    assert (result.code, result.out, result.err) == (1, "", sentence)


def test_a_body_that_nobody_reads_is_signed_all_the_same(plumb: Operator) -> None:
    """The function must refuse it itself: that is what one signs it for."""
    result = plumb(*SIGN, stdin=json.dumps({"headers": {}, "body": DEEP}))
    assert (result.code, result.document["body"]) == (0, DEEP)


@pytest.mark.parametrize(
    "text",
    [
        DEEP[:10_000],
        "products: [2026-13-45]",
        "a: 2026-01-01T00:00:00+99:99",
        f"a: {'9' * 5_000}",
        "!!bool x",
        "!!int x",
    ],
    ids=["deep", "date", "offset", "digits", "bool", "int"],
)
def test_plans_that_yaml_can_not_make(text: str, tmp_path: Path) -> None:
    file = tmp_path / "plans.yaml"
    file.write_text(text)
    with pytest.raises(PlumbError, match=r"plans\.yaml can't be read: "):
        read_plan(file, ("FREE",))


def test_a_file_that_is_not_there_is_told_in_words(tmp_path: Path) -> None:
    file = tmp_path / "nowhere"
    for read in (lambda: read_plan(file, ("FREE",)), lambda: read_grants(file, None, "")):
        with pytest.raises(PlumbError) as told:
            read()
        assert str(told.value) == f"{file} can't be read: No such file or directory."


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_a_time_that_only_its_own_offset_knows(time: str, tmp_path: Path, plumb: Operator) -> None:
    with pytest.raises(ValueError, match="is out of range"):
        moment_of(time)
    file = tmp_path / "grants.csv"
    file.write_text(f"user,amount,reason,expires_at\nbob,1,x,{time}\n")
    with pytest.raises(PlumbError, match="is no time"):
        read_grants(file, None, "")
    mended = plumb("restore", "mend", "--since", time)
    assert (mended.code, mended.err.splitlines()[0]) == (2, f"{time!r} is no time: write 2026-11-28T09:14:00Z.")


def test_files_of_an_installation_that_nest_too_deep_are_told(tmp_path: Path) -> None:
    file = tmp_path / "system.json"
    file.write_text(DEEP)
    with pytest.raises(PlumbError, match="can't be read"):
        running_system(file)
    file.write_text("a = " + DEEP)
    with pytest.raises(PlumbError, match="can't be read"):
        deployed_stack("dev", samconfig=file)
