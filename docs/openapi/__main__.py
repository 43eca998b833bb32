"""Write docs/openapi.yaml and docs/errors.md (`make openapi`)."""

from __future__ import annotations

from pathlib import Path

import yaml

from docs.openapi.document import document
from docs.openapi.errors import error_page

DOCS = Path(__file__).parents[1]
WRITTEN_BY = "# Made by `make openapi` from docs/openapi and the models in layers/billing; not edited by hand.\n"


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks, so that a person can read them."""


_Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None),
)


def rendered() -> dict[Path, str]:
    """Each file with what belongs into it."""
    text = yaml.dump(document(), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    return {DOCS / "openapi.yaml": WRITTEN_BY + text, DOCS / "errors.md": error_page()}


if __name__ == "__main__":
    for path, text in rendered().items():
        path.write_text(text)
