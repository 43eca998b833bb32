"""Sessions for a frame: what they need, and what they do not have."""

import pytest

SESSIONS = "/v1/checkout/sessions"


def embedded(account, **more):
    items = [{"price": account.price()["id"], "quantity": 1}]
    return {"ui_mode": "embedded_page", "mode": "payment", "line_items": items, **more}


def test_an_embedded_session_has_a_secret_and_no_address(account):
    made = account.post(SESSIONS, **embedded(account, return_url="http://a.test/back"))
    assert made["client_secret"].startswith(made["id"] + "_secret_")
    assert (made["url"], made["success_url"], made["return_url"]) == (None, None, "http://a.test/back")
    assert made["redirect_on_completion"] == "always"
    assert account.pay(made).step == "complete"
    hosted = account.session(account.price())
    assert (hosted["client_secret"], "return_url" in hosted) == (None, False)


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({}, "return_url"),
        ({"return_url": "http://a.test", "success_url": "http://a.test"}, "success_url"),
        ({"return_url": "http://a.test", "cancel_url": "http://a.test"}, "cancel_url"),
        ({"return_url": "http://a.test", "redirect_on_completion": "never"}, "return_url"),
        ({"return_url": "nowhere"}, "return_url"),
    ],
)
def test_what_an_embedded_session_needs(account, given, param):
    assert account.refusal("POST", SESSIONS, **embedded(account, **given))["param"] == param


def test_a_hosted_session_is_not_embedded(account):
    given = embedded(account, success_url="http://a.test", return_url="http://a.test")
    assert account.refusal("POST", SESSIONS, **{**given, "ui_mode": "hosted_page"})["param"] == "return_url"
    error = account.refusal("POST", SESSIONS, **{**given, "ui_mode": "elements"})
    assert error["code"] == "stand_in_not_offered"
