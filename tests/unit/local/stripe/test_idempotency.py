"""Keys: what is saved, what is replayed, what is refused."""

import pytest

KEY = {"idempotency_key": "k"}


def test_the_first_answer_is_replayed_and_nothing_happens_twice(account):
    first = account.ask("POST", "/v1/customers", {"email": "a@b.c"}, **KEY)
    again = account.ask("POST", "/v1/customers", {"email": "a@b.c"}, **KEY)
    assert again.body == first.body
    assert (again.headers["Idempotent-Replayed"], again.headers["Original-Request"]) == (
        "true",
        first.headers["Request-Id"],
    )
    assert len(account.world.all("customer")) == 1
    event = account.world.all("event")[0]
    assert event["request"] == {"id": first.headers["Request-Id"], "idempotency_key": "k"}


def test_a_replay_shows_the_object_as_it_was(account):
    first = account.ask("POST", "/v1/customers", {"email": "a@b.c"}, **KEY)
    account.post("/v1/customers/" + first.body["id"], email="new@b.c")
    assert account.ask("POST", "/v1/customers", {"email": "a@b.c"}, **KEY).body["email"] == "a@b.c"


@pytest.mark.parametrize(
    ("path", "email", "reason"),
    [("/v1/customers", "x@b.c", "with the same parameters"), ("/v1/products", "a@b.c", "for the same endpoint")],
)
def test_other_parameters_or_another_endpoint_are_an_error(account, path, email, reason):
    account.ask("POST", "/v1/customers", {"email": "a@b.c"}, **KEY)
    refused = account.ask("POST", path, {"email": email}, **KEY)
    assert (refused.status, refused.body["error"]["type"]) == (400, "idempotency_error")
    assert reason in refused.body["error"]["message"]


def test_a_failed_execution_is_saved_a_refused_parameter_is_not(account):
    refused = account.ask("POST", "/v1/customers", {"bad": "1"}, **KEY)
    assert refused.status == 400
    account.engine.fail_next = [500]
    assert account.ask("POST", "/v1/customers", {"email": "a@b.c"}, **KEY).status == 500
    replayed = account.ask("POST", "/v1/customers", {"email": "a@b.c"}, **KEY)
    assert (replayed.status, replayed.headers["Idempotent-Replayed"]) == (500, "true")
    assert account.world.all("customer") == []


def test_a_failure_may_come_when_the_request_has_had_its_effect(account):
    """Its result is indeterminate: https://docs.stripe.com/error-low-level#server-errors"""
    account.engine.fail_next, account.engine.fail_late = [500], True
    assert account.ask("POST", "/v1/customers", {"email": "a@b.c"}, **KEY).status == 500
    assert [each["email"] for each in account.world.all("customer")] == ["a@b.c"]
    assert account.ask("POST", "/v1/customers", {"email": "a@b.c"}, **KEY).headers["Idempotent-Replayed"] == "true"
    assert account.ask("POST", "/v1/customers", {"email": "a@b.c"}, idempotency_key="k:1").status == 200


def test_a_key_is_forgotten_after_a_day_and_has_a_length(account):
    first = account.ask("POST", "/v1/customers", {}, **KEY).body["id"]
    account.time += 24 * 3600 + 1
    assert account.ask("POST", "/v1/customers", {}, **KEY).body["id"] != first
    assert account.ask("POST", "/v1/customers", {}, idempotency_key="x" * 256).status == 400


def test_get_ignores_the_key(account):
    account.ask("GET", "/v1/customers", {}, **KEY)
    account.post("/v1/customers")
    assert len(account.ask("GET", "/v1/customers", {}, **KEY).body["data"]) == 1
