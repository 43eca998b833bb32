"""`make coverage` sees what only runs in the functions' workers, and a handler cannot tell that it is watched."""

import json
import os
import subprocess
import sys
from pathlib import Path

from coverage import CoverageData

from tests.integration.local.conftest import copy_toy

ROOT = Path(__file__).parents[3]
LOCAL = ROOT / "local"
SERVICE = LOCAL / "lambda_service"
ASK = """
import json, sys, httpx
from pathlib import Path
from local.stack import Stack
with Stack(template=Path(sys.argv[1]), stripe=False) as stack:
    print(json.dumps(httpx.get(f"{stack.api_url}/echo", timeout=30, trust_env=False).json()["environment"]))
"""


def test_handlers_and_their_runtime_are_measured(tmp_path: Path) -> None:
    """With the project's own settings; only what is measured and where it is kept are the test's."""
    template = copy_toy(tmp_path / "system")
    script, kept = tmp_path / "ask.py", tmp_path / "kept"
    script.write_text(ASK)
    coverage = [sys.executable, "-m", "coverage"]
    measured = f"--source={LOCAL},{template.parent}"
    seen = _run([*coverage, "run", f"--data-file={kept}", measured, str(script), str(template)])
    assert not [name for name in json.loads(seen) if "COVERAGE" in name]
    _run([*coverage, "combine", "--quiet", f"--data-file={kept}"])
    data = CoverageData(basename=str(kept))
    data.read()
    assert _ran(data, template.parent / "echo" / "app.py", "CALLS.append(event)"), "in a worker"
    assert _ran(data, SERVICE / "runtime.py", "os._exit(0)"), "its input ended; nothing killed it"
    assert _ran(data, SERVICE / "service.py", "for log in self._logs.values():"), "to the end of the service itself"


def _run(command: list[str]) -> str:
    """As from a shell, also where this test is measured itself."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    environment["PYTHONPATH"] = str(ROOT)
    return subprocess.run(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, timeout=100, check=True
    ).stdout


def _ran(data: CoverageData, file: Path, statement: str) -> bool:
    lines = data.lines(str(file.resolve())) or []
    (number,) = [at for at, line in enumerate(file.read_text().splitlines(), 1) if line.strip() == statement]
    return number in lines
