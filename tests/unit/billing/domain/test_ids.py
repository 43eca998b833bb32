"""Ids and the small readers of what comes from outside."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest

from billing.domain import ids
from billing.domain.ids import InvoiceId, UnfitError


@pytest.mark.parametrize("text", ["cus_1", "cus_AbC_9", "user-42", "4", "x" * 255])
def test_an_id_fits_its_pattern(text):
    assert ids.fits(text, ids.CUSTOMER_ID) == text
    assert ids.required(text, ids.CUSTOMER_ID, "customer") == text
    assert ids.optional(text, ids.CUSTOMER_ID, "customer") == text


@pytest.mark.parametrize(
    "value", ["", "cus_1\n", "cus_1#2", "cus_é", "a b", "ada@example.com", "x" * 256, 7, ["cus_1"]]
)
def test_a_value_of_another_form_is_refused_as_an_id(value):
    assert ids.fits(value, ids.CUSTOMER_ID) is None
    for read in (ids.required, ids.optional):
        with pytest.raises(UnfitError, match=r"^customer$"):
            read(value, ids.CUSTOMER_ID, "customer")


@pytest.mark.parametrize(
    ("pattern", "fit", "unfit"),
    [
        (ids.USER_ID, ["alice", "auth0|5f7c", "a.b+c=d@example.com", "x" * 128], ["a#b", "a b", "a/b", "a:b", "ä"]),
        (ids.USER_ID, ["7"], ["x" * 129, "alice\n"]),
        (ids.EVENT_ID, ["evt_1", "evt_1Ab_2"], ["look_cs_1_1", "evt_a-b"]),  # a look's id is ours alone
        (ids.NOTICE_ID, ["evt_1", "look_cs_1_1", f"look_{'a-' * 127}a_1900000000"], ["cs_1", "look_"]),
        (ids.CHOSEN_ID, ["gold", "Gold Plan #1", "Été", "a/b"], ["", "a\n", "a\u2028b", "\ud800", "x" * 256]),
        (ids.SESSION_ID, ["cs_test_" + "a" * 58, "cs_live_" + "a" * 190], ["cs_", "cs_a#b"]),
        (ids.CHARGE_ID, ["ch_1", "py_1"], ["pi_1", "_1"]),
        (ids.PRICE_ID, ["price_1", "plan_1", "gold", "Pro-2019.1"], ["_1", "..", "a/b", "a b"]),
        (ids.ORDER_ID, ["ord_a-b_C9"], ["ord_a#b", "order_1"]),
        (ids.RESERVATION_ID, ["rsv_" + "0a" * 12], ["rsv_" + "0a" * 13, "rsv_" + "0z" * 12, "rsv_1"]),
        (ids.TRANSACTION_ID, ["000000000002#000"], ["2#000", "000000000002#00"]),
        (ids.IDEMPOTENCY_KEY, ["a key", "~" * 255, " "], ["", "~" * 256, "ä", "a\n"]),
        (ids.CORRELATION_ID, ["Root=1-67891233-abcdef", "x" * 128], ["x" * 7, "a correlation", 'x"' * 9]),
    ],
)
def test_each_kind_of_id_is_what_it_is_and_nothing_longer_or_wider(
    pattern: re.Pattern[str], fit: list[str], unfit: list[str]
) -> None:
    """S25: ids are parts of keys and of lines of a log."""
    assert [text for text in (*fit, *unfit) if ids.fits(text, pattern)] == fit


def test_an_absent_id_may_be_absent_only_where_that_is_allowed():
    assert ids.optional(None, ids.CUSTOMER_ID, "customer") is None
    assert ids.fits(None, ids.CUSTOMER_ID) is None
    with pytest.raises(UnfitError):
        ids.required(None, ids.CUSTOMER_ID, "customer")


def test_the_first_fit_is_taken():
    assert ids.first_fit([None, "nonsense", "ord_2", "ord_1"], ids.ORDER_ID) == "ord_2"
    assert ids.first_fit([None, "nonsense"], ids.ORDER_ID) is None


def test_a_line_of_an_invoice_has_a_key_of_both():
    assert ids.invoice_line_key(InvoiceId("in_1"), "il_2") == "in_1#il_2"


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "1795000000", None, 253_402_300_800])
def test_a_time_that_stripe_would_not_send_is_refused(value):
    with pytest.raises(UnfitError, match=r"^created$"):
        ids.unix_time(value, "created")


def test_stripes_seconds_are_utc():
    assert ids.unix_time(1795255200, "created") == datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
    assert ids.unix_time(253_402_300_799, "created").year == 9999
    assert ids.unix_time(1, "created") == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)


def test_a_moment_is_read_as_utc():
    read = ids.moment("2026-11-21T12:00:00+02:00", "at")
    assert read == datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
    assert read.tzinfo is UTC


@pytest.mark.parametrize("value", ["2026-11-21T10:00:00", "soon", "", 5, None, "0001-01-01T00:00:00+14:00"])
def test_a_moment_that_is_none_is_refused(value):
    with pytest.raises(UnfitError, match=r"^at$"):
        ids.moment(value, "at")


@pytest.mark.parametrize("value", [0, 1, "true", None])
def test_a_flag_is_true_or_false(value):
    assert ids.flag(True, "livemode") is True
    with pytest.raises(UnfitError, match=r"^livemode$"):
        ids.flag(value, "livemode")


def test_an_object_is_an_object():
    assert ids.mapping({"a": 1}, "data") == {"a": 1}
    with pytest.raises(UnfitError, match=r"^data$"):
        ids.mapping([], "data")


@pytest.mark.usefixtures("in_tokyo")
def test_times_are_written_in_utc():
    at = datetime(2026, 11, 21, 12, 0, 30, 500_000, tzinfo=timezone(timedelta(hours=2)))
    assert (ids.iso_seconds(at), ids.iso_text(at)) == ("2026-11-21T10:00:30Z", "2026-11-21T10:00:30.500000Z")
