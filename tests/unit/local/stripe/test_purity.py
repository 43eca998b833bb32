"""The engine stays pure, so that a simulation can own its time and its ids."""

import ast
from pathlib import Path

ENGINE = Path("local/stripe/engine")
IMPURE = {
    "asyncio",
    "httpx",
    "os",
    "pathlib",
    "random",
    "requests",
    "secrets",
    "socket",
    "starlette",
    "threading",
    "time",
    "uuid",
}


def imported(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def test_no_module_of_the_engine_knows_the_outside():
    modules = sorted((Path(__file__).parents[4] / ENGINE).rglob("*.py"))
    assert len(modules) > 20
    for module in modules:
        source = module.read_text()
        assert not imported(ast.parse(source)) & IMPURE, module.name
        assert ".now(UTC)" not in source, module.name
