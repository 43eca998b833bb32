"""Which Stripe.js the page for paying loads, and what its policy lets in for that."""

from pathlib import Path

from local.seed import PROMOTION_CODE
from local.storefront_server.app import build_app
from tests.unit.storefront.asgi import Asgi
from tests.unit.storefront.run_configs import run_config

REAL = {"clock_url": None, "stripe_url": "https://api.stripe.com", "publishable_key": "pk_test_theirs"}


def policies(client: Asgi) -> tuple[dict[str, str], dict[str, str]]:
    """Give the policy of the page for paying, and that of another, by directive."""

    def policy(path: str) -> dict[str, str]:
        header = client.get(path).raise_for_status().headers["content-security-policy"]
        return dict(directive.split(" ", 1) for directive in header.split("; "))

    return policy("/checkout/pay"), policy("/account")


def test_the_stand_ins_script_comes_from_the_stand_in(tmp_path: Path) -> None:
    config = run_config(tmp_path, parameters={"PromotionCodes": "true"})
    client = Asgi(build_app(config))
    told = client.get("/config.json").json()
    pay, other = policies(client)
    assert told["stripeJs"] == {
        "script": "http://127.0.0.1:8789/endive/stripe.js",
        "publishableKey": "pk_test_plumbline",
    }
    assert told["promotion"] == {"code": PROMOTION_CODE, "percentOff": 20}
    assert pay["script-src"] == "'self' http://127.0.0.1:8789"
    assert pay["frame-src"] == "http://127.0.0.1:8789"
    assert other["script-src"] == "'self'"
    assert other["frame-src"] == "'none'"


def test_stripes_own_script_comes_from_stripe(tmp_path: Path) -> None:
    config = run_config(tmp_path, parameters={"PromotionCodes": "true"}, **REAL)
    client = Asgi(build_app(config))
    told = client.get("/config.json").json()
    pay, other = policies(client)
    assert told["stripeJs"] == {
        "script": "https://js.stripe.com/endive/stripe.js",
        "publishableKey": "pk_test_theirs",
    }
    assert told["promotion"] is None  # nobody made the code in a real account
    assert "https://js.stripe.com" in pay["script-src"].split()
    assert "https://hooks.stripe.com" in pay["frame-src"].split()
    assert "https://api.stripe.com" in pay["connect-src"].split()
    assert "stripe.com" not in " ".join(other.values())


def test_without_a_publishable_key_checkout_is_hosted_only(tmp_path: Path) -> None:
    config = run_config(tmp_path, **{**REAL, "publishable_key": None})
    client = Asgi(build_app(config))
    assert client.get("/config.json").json()["stripeJs"] is None
    pay, _ = policies(client)
    assert pay["script-src"] == "'self'"
