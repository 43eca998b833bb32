"""What is told of an object in doubt (F50, money rule 27)."""

from datetime import UTC, datetime, timedelta

from billing.domain.events import Origin
from billing.domain.look import looked_at

SEEN = datetime(2026, 11, 28, 12, tzinfo=UTC)
NOW = SEEN + timedelta(hours=1)
COMPLETED = "checkout.session.completed"
SESSION = {"id": "cs_test_1", "object": "checkout.session", "livemode": False, "customer": "cus_1"}


def test_it_is_told_as_an_event_under_an_id_of_the_pass() -> None:
    session = SESSION | {"created": int(SEEN.timestamp()) - 86_400}
    notice = looked_at(session, COMPLETED, SEEN, Origin(livemode=False), received_at=NOW, correlation_id="run-00001")
    assert (notice.id, notice.type, notice.customer) == ("look_cs_test_1_1795867200", COMPLETED, "cus_1")
    assert (notice.created, notice.received_at) == (SEEN, NOW)
    assert notice.related["checkout.session"] == "cs_test_1"
    assert notice.from_message(notice.to_message()) == notice


def test_each_pass_tells_it_anew_and_none_tells_it_twice() -> None:
    """Else what is in doubt again a day later would be taken for told."""
    session = SESSION | {"created": int(SEEN.timestamp()) - 86_400}
    ids = [
        looked_at(session, COMPLETED, seen, Origin(livemode=False), received_at=NOW, correlation_id="run-00001").id
        for seen in (SEEN, SEEN, SEEN + timedelta(days=1))
    ]
    assert ids[0] == ids[1] != ids[2]
