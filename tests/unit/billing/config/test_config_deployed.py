"""What a function refuses at its start, CloudFormation refuses before it is deployed: the template's own bounds."""

from __future__ import annotations

from pathlib import Path

import pytest

from billing.config.checkout import checkout_settings
from billing.domain.terms import LOCALES
from local.template import TemplateError
from local.template.parameters import parameter_values
from local.template.yaml_source import parse
from tests.unit.billing.config.environments import CONVERGE, SELLING, WHOLE, refusal

ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:plumbline/key-AbCdEf"
TEMPLATE = Path(__file__).parents[4] / "template.yaml"
PARAMETERS = parse(TEMPLATE.read_bytes(), TEMPLATE)["Parameters"]
DEPLOYED = {
    "PastDueGraceDays": ("PAST_DUE_GRACE_DAYS", ("0", "90"), ("-1", "91")),
    "MaxQuantity": ("MAX_QUANTITY", ("1", "999999"), ("0", "1000000")),
    "TrialDays": ("TRIAL_DAYS", ("0", "730"), ("-1", "731")),
    "CheckoutsAnHour": ("CHECKOUTS_AN_HOUR", ("0", "1000000"), ("-1", "1000001")),
    "RedisEpoch": ("REDIS_EPOCH", ("1", "999999"), ("0", "1000000")),
    "Levels": ("LEVELS", ("FREE", "A,B_2"), ("free,pro", "FREE, PRO", "FREE,,PRO", "1A", ",FREE")),
    "CheckoutLocale": ("CHECKOUT_LOCALE", LOCALES, ("German", "de_DE", "")),
    "StripeAccount": ("STRIPE_ACCOUNT", ("", "acct_1Ab"), ("acct_", "1", "sk_test_1")),
    "StripeApiKeySecret": ("STRIPE_API_KEY_SECRET", ("plumbline/prod/key",), ("sk_live_1", "rk_test_1", "a b", "")),
    "UpstashSecret": ("UPSTASH_SECRET", ("plumbline/upstash",), ("whsec_1", "")),
    "AppUrl": ("APP_URL", ("https://a.example.com", "http://localhost:8787"), ("http://a.example.com", "a.example")),
    "ApiUrl": ("API_URL", ("", "https://a.example.com"), ("http://a.example.com", "https://a.example.com/v1")),
    "StripeApiBase": ("STRIPE_API_BASE", ("http://127.0.0.1:1",), ("http://api.stripe.com", "https://a/b", "")),
}
"""By parameter of the template: its setting, what both take, and what neither does."""


@pytest.mark.parametrize("parameter", DEPLOYED)
def test_what_a_function_refuses_at_its_start_is_never_deployed(parameter: str) -> None:
    name, taken, refused = DEPLOYED[parameter]
    declared = {parameter: PARAMETERS[parameter]}
    for value in taken:
        parameter_values(declared, {parameter: value})
        checkout_settings(CONVERGE | SELLING | {name: value})
    for value in refused:
        with pytest.raises(TemplateError):
            parameter_values(declared, {parameter: value})
        assert refusal(checkout_settings, CONVERGE | SELLING | {name: value}).ids == {"setting": name}


@pytest.mark.parametrize("parameter", [name for name in PARAMETERS if name.endswith("Secret")])
def test_an_arn_is_not_taken_for_the_name_of_a_secret(parameter: str) -> None:
    """A role allows the secret of this name: of an ARN it would allow none, and every read look like an outage."""
    with pytest.raises(TemplateError):
        parameter_values({parameter: PARAMETERS[parameter]}, {parameter: ARN})


@pytest.mark.parametrize(
    ("function", "name"),
    [("webhook", "STRIPE_WEBHOOK_SECRET"), ("webhook", "UPSTASH_SECRET"), ("account", "STRIPE_API_KEY_SECRET")],
)
def test_a_function_takes_no_arn_for_the_name_of_a_secret(function: str, name: str) -> None:
    read, given = WHOLE[function]
    assert refusal(read, given | {name: ARN}).ids == {"setting": name}
