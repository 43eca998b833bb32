"""The oracle knows nothing of what it judges."""

import ast
import subprocess
import sys
from pathlib import Path

ORACLE = Path(__file__).parent / "oracle"


def test_no_file_of_the_oracle_imports_the_product():
    for path in sorted(ORACLE.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            strangers = [
                name
                for name in names
                if name.split(".")[0] not in sys.stdlib_module_names and not name.startswith("tests.simulation.oracle")
            ]
            assert not strangers, f"{path.name} imports {strangers}"


def test_importing_the_oracle_brings_nothing_of_the_product_with_it():
    code = "import sys, tests.simulation.oracle.expected; print(*{name.split('.')[0] for name in sys.modules})"
    root = Path(__file__).parents[2]
    ran = subprocess.run([sys.executable, "-c", code], cwd=root, check=True, capture_output=True, text=True)
    assert not {"billing", "functions", "local", "plumb", "stripe", "botocore"} & set(ran.stdout.split())
