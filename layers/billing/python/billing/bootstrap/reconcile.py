"""Builds reconcile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from billing.adapters.dynamodb.credit_store import DynamoDue
from billing.bootstrap.spending import credit_deps
from billing.bootstrap.stored import dynamodb
from billing.config.credits import CreditsSettings, credits_settings
from billing.ports.credits import DueReader
from billing.services.perform_once import CreditDeps


@dataclass(frozen=True, slots=True)
class ReconcileWorld:
    """What the jobs need."""

    credits: CreditDeps
    due: DueReader
    begin: Callable[[], None]
    """Begins the cache's time budget anew: for each account, as if each were a call of its own."""


def reconcile_dependencies() -> ReconcileWorld:
    """The world of reconcile; the cache's time budget begins anew with each call, too."""
    settings = _settings()
    deps, cached = credit_deps(settings)
    cached.start_request()
    return ReconcileWorld(deps, DynamoDue(dynamodb(), settings.tables), cached.start_request)


@cache
def _settings() -> CreditsSettings:
    return credits_settings()
