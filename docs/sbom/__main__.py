"""Write docs/sbom.cdx.json (`make sbom`)."""

from __future__ import annotations

import json
from pathlib import Path

from docs.sbom.document import bill_of_materials

REPOSITORY = Path(__file__).parents[2]
LOCK = REPOSITORY / "layers/dependencies/requirements.txt"
WRITTEN = REPOSITORY / "docs/sbom.cdx.json"


def rendered() -> str:
    """What belongs into the file."""
    return json.dumps(bill_of_materials(LOCK.read_text()), indent=1) + "\n"


if __name__ == "__main__":
    WRITTEN.write_text(rendered())
