"""The tree of errors, as it is drawn: what is tried again and what is given up hangs on which branch an error is."""

from __future__ import annotations

from collections.abc import Iterator

from billing import errors
from billing.errors import BillingError


def drawn() -> Iterator[tuple[str, str]]:
    """Each error of the drawing, with the one that it grows on."""
    branch = {0: "BillingError"}
    for line in (errors.__doc__ or "").splitlines():
        twig, found, rest = line.partition("── ")
        if found:
            depth = len(twig) // 4
            branch[depth] = rest.split(" ")[0]
            yield branch[depth], branch[depth - 1]


def grown(kind: type[BillingError] = BillingError) -> Iterator[tuple[str, str]]:
    for each in kind.__subclasses__():
        if each.__module__.startswith("billing.errors"):
            yield each.__name__, kind.__name__
            yield from grown(each)


def test_the_tree_is_as_it_is_drawn() -> None:
    assert dict(drawn()) == dict(grown())
