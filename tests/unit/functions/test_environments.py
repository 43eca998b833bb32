"""Each function finds in the template's environment every setting that it reads at its start."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from billing.config.account import account_settings
from billing.config.catch_up import catch_up_settings
from billing.config.checkout import checkout_settings
from billing.config.consumer import consumer_settings
from billing.config.converge import success_settings
from billing.config.credits import credits_settings
from billing.config.subscriptions import subscription_settings
from billing.config.webhook import webhook_settings
from local.template import Model
from tests.modelled import modelled

READS: dict[str, Callable[[Mapping[str, str]], object]] = {
    "account": account_settings,
    "catch_up": catch_up_settings,
    "create_checkout": checkout_settings,
    "credits": credits_settings,
    "event_consumer": consumer_settings,
    "ledger_watch": dict,  # it reads none
    "reconcile": credits_settings,
    "subscriptions": subscription_settings,
    "success_sync": success_settings,
    "webhook": webhook_settings,
}


@pytest.fixture(scope="module")
def template() -> Model:
    return modelled()


def test_every_function_is_in_the_table(template: Model) -> None:
    assert {function.label for function in template.functions.values()} == set(READS)


@pytest.mark.parametrize("name", READS)
def test_its_environment_holds_its_settings(template: Model, name: str) -> None:
    """A setting that only the deployed function would miss is found here."""
    function = next(each for each in template.functions.values() if each.label == name)
    READS[name](function.environment)
