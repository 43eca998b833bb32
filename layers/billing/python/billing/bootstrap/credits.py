"""Builds credits."""

from __future__ import annotations

from functools import cache

from billing.bootstrap.spending import credit_deps
from billing.config.credits import CreditsSettings, credits_settings
from billing.services.perform_once import CreditDeps


def credits_dependencies() -> CreditDeps:
    """The world of credits; the cache's time budget begins anew with each call."""
    deps, cached = credit_deps(_settings())
    cached.start_request()
    return deps


@cache
def _settings() -> CreditsSettings:
    return credits_settings()
