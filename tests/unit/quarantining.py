"""Who quarantines parked events: which functions may, and how it comes to it without the consumer."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

from billing.observability import metrics
from billing.services.converge import ConvergeDeps
from billing.services.open_portal import PortalRequest, open_portal
from billing.services.start_checkout import start_checkout
from tests.fakes.core import Core, a_notice
from tests.fakes.requests import a_request
from tests.fakes.snapshots import ALICE
from tests.unit.house_rules import BILLING, imports

ROOT = Path(__file__).parents[2]


def may_quarantine(code: Path) -> bool:
    """Whether what the function imports leads to the service that applies parked events."""
    return reaches(code, "services/unpark.py")


def reaches(code: Path, module: str) -> bool:
    """Whether what a function imports leads to this module of `billing`."""
    return ROOT / BILLING / "billing" / module in _reached(code)


@cache
def _reached(code: Path) -> frozenset[Path]:
    reached: set[Path] = set()
    todo = [code / "app.py"]
    while todo:
        path = todo.pop()
        if path not in reached:
            reached.add(path)
            todo += _imported(path)
    return frozenset(reached)


@cache
def _imported(path: Path) -> tuple[Path, ...]:
    found: list[Path] = []
    for _, name in imports(ast.parse(path.read_text()), str(path.relative_to(ROOT))):
        named = ROOT / BILLING / name.replace(".", "/")
        found += [module for module in (named.with_suffix(".py"), named.parent.with_suffix(".py")) if module.is_file()]
    return tuple(found)


def at_a_first_checkout() -> None:
    _parked_before(
        lambda core, converge: start_checkout(a_request(), replace(core.checkout, converge=converge)),
    )


def at_a_first_portal() -> None:
    _parked_before(
        lambda core, converge: open_portal(
            PortalRequest(ALICE, "alice@example.com"), replace(core.portal, converge=converge)
        ),
    )


def _parked_before(ask: Callable[[Core, ConvergeDeps], object]) -> None:
    """What was parked of a customer can't be read any more, when its user first asks for something."""
    core = Core()
    parked = a_notice("customer.updated", customer="cus_1", related={})  # the one that the fake will make
    core.deliver(parked)
    core.tables.events[parked.id] = replace(core.tables.events[parked.id], message="{}")
    ask(core, replace(core.converge, metrics=metrics()))
