"""The file of adjustments: wholly checked before anything is written, and its keys."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from plumb.errors import PlumbError
from plumb.grants import Grant, read_grants


def read(tmp_path: Path, text: str, reason: str | None = None, batch: str = "") -> list[Grant]:
    file = tmp_path / "grants.csv"
    file.write_text(text)
    return read_grants(file, reason, batch)


def keys(*found: list[Grant]) -> list[set[str]]:
    return [{grant.key for grant in grants} for grants in found]


def test_rows_of_a_file_are_read(tmp_path: Path) -> None:
    first, second = read(
        tmp_path,
        "user,amount,reason,key,expires_at\nalice,100,welcome,k1,2027-01-31\n bob , -5 ,fee,,\n",
    )
    assert first == Grant(2, first.user, 100, "welcome", "k1", datetime(2027, 1, 31, tzinfo=UTC))
    assert (second.row, second.user, second.amount, second.expires_at) == (3, "bob", -5, None)
    assert second.key.startswith("csv:")


def test_the_same_file_has_the_same_keys_and_added_rows_do_not_change_them(tmp_path: Path) -> None:
    """F58: a second run is answered with the first."""
    text = "user,amount,reason\nalice,100,welcome\nalice,100,welcome\nbob,100,welcome\n"
    first, second = keys(read(tmp_path, text), read(tmp_path, text.replace("\nbob", "\ncarol,1,new\nbob")))
    assert len(first) == 3
    assert first < second


def test_what_says_something_else_has_another_key(tmp_path: Path) -> None:
    heading = "user,amount,reason,expires_at\n"
    rows = ("alice,100,a,", "bob,100,a,", "alice,101,a,", "alice,100,b,", "alice,100,a,2027-01-01")
    found = [read(tmp_path, heading + row)[0].key for row in rows]
    found.append(read(tmp_path, heading + rows[0], batch="may")[0].key)
    assert len(set(found)) == len(found)


def test_one_reason_may_serve_all_rows(tmp_path: Path) -> None:
    (only,) = read(tmp_path, "user,amount\nalice,1\n", reason="welcome")
    assert only.reason == "welcome"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("user,amount\nalice,1\n", "has no column reason"),
        ("user,amount,reason,mail\n", "has a column mail"),
        ("", "has no column user"),
        ("user,amount,reason\nalice,1\n", "row 2: it has not as many fields as the heading"),
        ("user,amount,reason\nalice,1,a,b\n", "row 2: it has not as many fields as the heading"),
        ("user,amount,reason\na#b,1,a\n", "row 2: 'a#b' is no user id"),
        ("user,amount,reason\nalice,0,a\n", "row 2: '0' is no amount"),
        ("user,amount,reason\nalice,1.5,a\n", "row 2: '1.5' is no amount"),
        ("user,amount,reason\nalice,٣,a\n", "is no amount"),
        ("user,amount,reason\nalice,1000000001,a\n", "is no amount"),
        ("user,amount,reason\nalice,1, \n", "row 2: it has no reason"),
        ("user,amount,reason,expires_at\nalice,1,a,soon\n", "row 2: 'soon' is no time"),
        ("user,amount,reason,expires_at\nalice,-1,a,2027-01-01\n", "row 2: only credits that are given expire"),
        ("user,amount,reason,key\nalice,1,a,k\nalice,2,a,k\n", "row 3: the key k stands there twice for alice"),
        ("user,amount,reason,key\nalice,1,a,schlüssel\n", "row 2: its key must have"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(PlumbError) as caught:
        read(tmp_path, text)
    assert sentence in str(caught.value)


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(PlumbError) as caught:
        read(tmp_path, "user,amount,reason\n" + "alice,x,a\n" * 12)
    assert str(caught.value).count("is no amount") == 10
    assert "and 2 more" in str(caught.value)
