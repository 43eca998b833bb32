"""What a route is: a method and path, the SDK's type of its parameters, and the function that answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local.stripe.engine.errors import missing, not_offered
from local.stripe.engine.world import Obj, World


@dataclass(frozen=True)
class Call:
    """One checked request, as a handler sees it."""

    world: World
    path: dict[str, str]
    params: dict[str, Any]
    url: str

    def target(self, kind: str, noun: str | None = None, param: str = "id") -> Obj:
        """The object that the path names, or Stripe's 404."""
        found = self.world.get(kind, self.path["id"])
        if found is None:
            raise missing(noun or kind, self.path["id"], param=param, in_path=True)
        return found

    def named(self, kind: str, param: str, noun: str | None = None) -> Obj:
        """The object that a parameter names, or Stripe's 400."""
        wanted = str(self.params[param])
        found = self.world.get(kind, wanted)
        if found is None or found.get("deleted"):
            raise missing(noun or kind, wanted, param=param)
        return found

    def by_customer(self) -> None:
        """Refuse a list of what a customer has that never was.

        No page of Stripe's says so of a list; it is what every other parameter gets that names what is not there, and
        "No such customer" is what became of a page of invoices (https://github.com/ParabolInc/parabol/issues/793).
        Whether a deleted customer is refused as well is not documented: both can be played.
        """
        if "customer" in self.params:
            wanted = str(self.params["customer"])
            found = self.world.get("customer", wanted)
            if found is None or (found.get("deleted") and self.world.hides_deleted):
                raise missing("customer", wanted, param="customer")


@dataclass(frozen=True)
class Route:
    """One line of the table of routes."""

    method: str
    path: str
    schema: str
    answer: Callable[[Call], Obj]
    honours: frozenset[str] | None = None
    """Top-level parameters that have their effect here; Stripe's others are refused aloud. None: all of them."""

    beyond: frozenset[str] = frozenset()
    """Names that are taken although the SDK's type has them not: it follows an address that has them."""

    def refuse_ignored(self, params: dict[str, Any]) -> None:
        """Refuse a parameter that real Stripe would act on and this stand-in would ignore."""
        ignored = sorted(params.keys() - (self.honours or params.keys()) - {"expand"})
        if ignored:
            raise not_offered(f"the parameter {ignored[0]} of {self.method} {self.path}")


def names(text: str) -> frozenset[str]:
    """Split a readable list of parameter names."""
    return frozenset(text.split())
