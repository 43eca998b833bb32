"""`python -m plumb`, and `.venv/bin/plumb`."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "layers" / "billing" / "python"))  # where the functions have it from their layer

from plumb.cli import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
