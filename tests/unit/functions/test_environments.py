"""Each function finds in the template's environment every setting that it reads at its start."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from billing import config
from local.template import Model
from tests.modelled import modelled

READS: dict[str, Callable[[Mapping[str, str]], object]] = {
    "account": config.account_settings,
    "catch_up": config.catch_up_settings,
    "create_checkout": config.checkout_settings,
    "credits": config.credits_settings,
    "event_consumer": config.consumer_settings,
    "ledger_watch": dict,  # it reads none
    "reconcile": config.credits_settings,
    "subscriptions": config.subscription_settings,
    "success_sync": config.success_settings,
    "webhook": config.webhook_settings,
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
