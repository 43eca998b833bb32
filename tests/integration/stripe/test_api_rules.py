"""What the API refuses and replays, as the official SDK sees it."""

import time

import httpx
import pytest
import requests
import stripe
from stripe import RequestsClient, StripeClient


def test_idempotent_replay_and_misuse(stand_in):
    given, key = {"email": "same@example.com"}, {"idempotency_key": "key-1"}
    first = stand_in.v1.customers.create(given, key)
    again = stand_in.v1.customers.create(given, key)
    assert again.id == first.id
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.last_response.headers
    with pytest.raises(stripe.IdempotencyError):
        stand_in.v1.customers.create({"email": "other@example.com"}, key)
    with pytest.raises(stripe.IdempotencyError):
        stand_in.v1.products.create({"name": "x"}, key)


def test_a_saved_500_is_replayed_and_a_429_is_not(stand_in):
    stand_in.control("faults", fail=1, status=500)
    for replayed in (None, "true"):
        with pytest.raises(stripe.APIError) as failed:
            stand_in.v1.customers.create({"email": "a@example.com"}, {"idempotency_key": "key-500"})
        assert failed.value.http_status == 500
        assert (failed.value.headers or {}).get("Idempotent-Replayed") == replayed
    stand_in.control("faults", fail=1, status=429)
    with pytest.raises(stripe.RateLimitError):
        stand_in.v1.customers.create({"email": "a@example.com"}, {"idempotency_key": "key-429"})
    assert stand_in.v1.customers.create({"email": "a@example.com"}, {"idempotency_key": "key-429"}).id


def test_a_key_that_is_in_use_is_a_409_until_its_answer_is_there(stand_in):
    """The first has had its effect by then; the second sees nothing of it, and nothing is saved of that."""
    stand_in.control("faults", hold=1, hold_seconds=10)

    def ask(key: str) -> httpx.Response:
        told = {"Authorization": "Bearer sk_test_x", "Idempotency-Key": key}
        form = {"email": "held@example.com"}
        return httpx.post(stand_in.url + "/v1/customers", data=form, headers=told, timeout=1)

    with pytest.raises(httpx.ReadTimeout):
        ask("key-held")
    second = ask("key-held")
    assert (second.status_code, second.json()["error"]["code"]) == (409, "idempotency_key_in_use")
    assert ask("key-free").status_code == 200


def test_a_key_that_was_in_use_is_answered_from_what_was_saved(stand_in):
    stand_in.control("faults", hold=1, hold_seconds=0.2)
    first = stand_in.v1.customers.create({"email": "kept@example.com"}, {"idempotency_key": "key-kept"})
    assert stand_in.v1.customers.create({"email": "kept@example.com"}, {"idempotency_key": "key-kept"}).id == first.id


def test_an_api_that_hangs(stand_in):
    stand_in.control("faults", fail=1, status=0, hang_seconds=0.3)
    begun = time.monotonic()
    assert stand_in.http.get("/v1/balance", headers={"Authorization": "Bearer sk_test_x"}).status_code == 504
    assert time.monotonic() - begun >= 0.3
    assert stand_in.v1.balance.retrieve().object == "balance"


def test_errors_become_the_sdks_exceptions(stand_in):
    with pytest.raises(stripe.InvalidRequestError) as missing:
        stand_in.v1.customers.retrieve("cus_nobody")
    assert (missing.value.http_status, missing.value.code) == (404, "resource_missing")
    assert str(missing.value.request_id).startswith("req_")
    with pytest.raises(stripe.InvalidRequestError) as unknown:
        stand_in.v1.customers.create({"emial": "x"})
    assert (unknown.value.code, unknown.value.param) == ("parameter_unknown", "emial")
    client = RequestsClient(session=requests.Session())
    stranger = StripeClient("sk_wrong", base_addresses={"api": stand_in.url}, http_client=client)
    with pytest.raises(stripe.AuthenticationError):
        stranger.v1.customers.list()


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/foo"), ("PUT", "/v1/customers"), ("DELETE", "/v1/prices/price_1"), ("GET", "/v1/")],
)
def test_an_unknown_path_is_refused(stand_in, method, path):
    answer = stand_in.http.request(method, path, headers={"Authorization": "Bearer sk_test_x"})
    assert answer.status_code == 404
    assert answer.json()["error"]["message"].startswith(f"Unrecognized request URL ({method}: {path})")


def test_json_is_not_the_wire_form(stand_in):
    answer = stand_in.http.post("/v1/customers", json={"email": "a@b.c"}, headers={"Authorization": "Bearer sk_test_x"})
    assert answer.status_code == 400
    assert "application/x-www-form-urlencoded" in answer.json()["error"]["message"]


def test_basic_auth_and_an_unknown_version(stand_in):
    assert httpx.get(stand_in.url + "/v1/balance", auth=("sk_test_x", "")).status_code == 200
    wrong = httpx.get(stand_in.url + "/v1/balance", auth=("sk_test_x", ""), headers={"Stripe-Version": "2020-08-27"})
    assert wrong.status_code == 400
    assert httpx.get(stand_in.url + "/v1/balance").headers["WWW-Authenticate"] == 'Basic realm="Stripe"'


def test_auto_paging_sees_every_object_once(stand_in, shop):
    made = [shop.price(100 + i).id for i in range(7)]
    found = [price.id for price in stand_in.v1.prices.list({"product": shop.product.id, "limit": 3}).auto_paging_iter()]
    assert found == list(reversed(made))


def test_search_is_behind_what_is_listed(stand_in):
    """https://docs.stripe.com/search#data-freshness"""
    made = stand_in.v1.customers.create({"email": "found@example.com", "metadata": {"user_id": "u 1"}})
    query = {"query": "email:'found@example.com' AND metadata['user_id']:'u 1'"}
    assert stand_in.v1.customers.search(query).data == []
    assert [each.id for each in stand_in.v1.customers.list({"email": "found@example.com"}).data] == [made.id]
    stand_in.control("search", lag_seconds=0)
    assert [each.id for each in stand_in.v1.customers.search(query).auto_paging_iter()] == [made.id]
    stand_in.control("search", lag_seconds=2)


def test_a_connection_is_kept_for_longer_than_clients_keep_theirs(stand_in):
    """One that has been idle for nearly five seconds is used again by httpx: the server must not be closing it then."""
    with httpx.Client(base_url=stand_in.url, trust_env=False, limits=httpx.Limits(keepalive_expiry=60)) as client:
        sockets = []
        for pause in (6, 0):
            answer = client.get("/_control/clock")
            sockets.append(answer.extensions["network_stream"].get_extra_info("client_addr"))
            time.sleep(pause)
    assert sockets[0] == sockets[1]
