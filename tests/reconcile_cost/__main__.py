"""`make reconcile-cost`: count what reading Stripe's lists costs, and write docs/reconcile-cost.md."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tests.reconcile_cost.counted import costs
from tests.reconcile_cost.page import PAGE, SIZES, rendered, table


def main(arguments: Sequence[str]) -> int:
    """Without arguments all sizes, onto the page; else these, onto the screen."""
    sizes = [int(text) for text in arguments] or SIZES
    found = []
    for size in sizes:
        counted = [*costs(size)]
        print(table(counted), flush=True)
        found += counted
    if not arguments:
        PAGE.write_text(rendered(found))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
