"""The house rules that a machine can hold: who may import whom, what the core must not touch, what no file may contain.

Every rule is a function from one file (its path in the repository and its text) to sentences about what is wrong, so
that the test can hand it a planted violation as well as the real tree.
"""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

BILLING = "layers/billing/python/"
CODE_LINES = 300
TEST_LINES = 350
CODE_SUFFIXES = {".py", ".js", ".css", ".html", ".sh"}


@dataclass(frozen=True)
class Room:
    """Modules whose name starts with one of `names`, and what they may import beside the standard library."""

    names: tuple[str, ...]
    may_import: tuple[str, ...]


POWERTOOLS = "aws_lambda_powertools"
CORE = ("billing.domain", "billing.errors")
INWARD = (*CORE, "billing.ports")
API = ("billing.api_models", "billing.present")
EDGE = ("billing.bootstrap", "billing.http", *API, "billing.observability", "billing.services")
STUBS = ("_typeshed",)  # exists for the type checker only

# The SDK of each adapter, by the first word of its name (`upstash` of `upstash_cache`). An adapter gets the part of the
# settings that concerns it.
AWS = ("boto3", "botocore", "mypy_boto3_")
SDKS = {
    "stripe": ("stripe",),
    "upstash": ("upstash_redis", "httpx"),
    "dynamodb": AWS,
    "sqs": AWS,
    "secrets": AWS,
    "aws": AWS,
}


# The first room that matches counts. Whatever is under billing or functions and in no room is refused.
ROOMS = (
    Room(CORE, CORE),
    Room(("billing.ports",), CORE),
    Room(("billing.services",), (*INWARD, "billing.services")),
    Room(("billing.config",), (*CORE, "billing.config")),
    Room(("billing.http",), (*CORE, "billing.http", "billing.observability", POWERTOOLS, "pydantic")),
    Room(("billing.api_models",), ("pydantic", "billing.api_models")),
    Room(("billing.present",), (*INWARD, *API)),
    Room(("billing.observability",), (*CORE, POWERTOOLS)),
    Room(("billing.adapters",), ()),
    Room(("billing.bootstrap",), ("billing", "stripe", "upstash_redis", "mypy_boto3_")),  # it builds their clients
    Room(("functions",), (*CORE, *EDGE, POWERTOOLS, "pydantic")),
    # what `make build` does: it knows files, pip and the SAM CLI, nothing of what it builds
    Room(("artefacts",), ("artefacts", "click")),
    # the operator's command: the functions' own code, and tables for people. Nothing of ours knows it.
    Room(("plumb",), ("billing", "plumb", *AWS, "stripe", "upstash_redis", "click", "rich", "yaml", "pydantic")),
)

# The core meets the world only through ports: a simulation switches between its calls, and replays them.
PURE = ("billing.domain", "billing.errors", "billing.ports", "billing.services")
WORLD = (
    *("asyncio", "concurrent", "ctypes", "http", "logging", "multiprocessing", "os", "pathlib", "random", "secrets"),
    *("select", "shutil", "signal", "socket", "ssl", "subprocess", "tempfile", "threading", "time", "urllib.request"),
    "uuid",
)
NOW = {"now", "utcnow", "today"}
ENVIRONMENT = {"environ", "environb", "getenv", "getenvb"}


def module_of(path: str) -> str:
    """Name the module of a file as the program imports it."""
    name = path.removeprefix(BILLING).removesuffix(".py").replace("/", ".")
    return name.removesuffix(".__init__")


def is_in(module: str, names: tuple[str, ...]) -> bool:
    """Whether a module is one of `names` or inside it; a name ending in `_` is a prefix."""
    return any(module == name or module.startswith(name if name.endswith("_") else f"{name}.") for name in names)


def imports(tree: ast.Module, path: str) -> Iterator[tuple[int, str]]:
    """List every imported name with its line, absolute; `from a import b` counts as `a.b`, for `b` may be a module."""
    package = module_of(path) if path.endswith("__init__.py") else module_of(path).rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def adapter(module: str) -> Room | None:
    """One adapter's room: it may not lean on another, nor know another's SDK."""
    if not module.startswith("billing.adapters."):
        return None
    name = module.split(".")[2]
    family = name.partition("_")[0]
    own = (f"billing.adapters.{name}", f"billing.adapters.{family}_")
    return Room(own, (*INWARD, "billing.config", *own, *SDKS.get(family, ())))


def wrong_imports(path: str, tree: ast.Module) -> Iterator[str]:
    """Imports point inward: each room knows only the rooms that the table lists."""
    module = module_of(path)
    if not path.startswith((BILLING, "artefacts/", "functions/", "plumb/")):
        return
    room = adapter(module) or next((room for room in ROOMS if is_in(module, room.names)), None)
    if room is None and module != "billing":
        yield f"{path}: {module} is in no room; add it to the table of rooms"
        return
    allowed = (*STUBS, *room.may_import) if room else ()
    own = module.rpartition(".")[0] if module.startswith("functions.") else ""
    for line, name in imports(tree, path):
        top = name.partition(".")[0]
        if top in sys.stdlib_module_names or is_in(name, allowed) or (own and is_in(name, (own,))):
            continue
        yield f"{path}:{line}: {module} may not import {name}"


def wrong_stand_ins(path: str, tree: ast.Module) -> Iterator[str]:
    """The local system knows the program by its template and its HTTP only: shared code would share its mistakes."""
    if path.startswith(("local/", "storefront/")):
        for line, name in imports(tree, path):
            if is_in(name, ("billing", "functions", "plumb", "tests")):
                yield f"{path}:{line}: {module_of(path)} may not import {name}"


def touches_world(path: str, tree: ast.Module) -> Iterator[str]:
    """No clock, chance, environment, thread or network in the core."""
    if not path.startswith(BILLING) or not is_in(module_of(path), PURE):
        return
    for line, name in imports(tree, path):
        if is_in(name, WORLD):
            yield f"{path}:{line}: the core may not import {name}; it comes through a port"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in NOW and _is_datetime(node.value):
            yield f"{path}:{node.lineno}: the core may not read the clock ({ast.unparse(node)})"
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"open", "print", "input"}:
            yield f"{path}:{node.lineno}: the core may not {ast.unparse(node.func)}()"


def _is_datetime(node: ast.expr) -> bool:
    return ast.unparse(node) in {"datetime", "date", "datetime.datetime", "datetime.date", "dt.datetime", "dt.date"}


def reads_environment(path: str, tree: ast.Module) -> Iterator[str]:
    """Only config reads the environment, so that one place names every setting."""
    if not path.startswith((BILLING, "functions/")) or path == f"{BILLING}billing/config/environment.py":
        return
    reads = {f"os.{name}" for name in ENVIRONMENT}
    named = (n for n in ast.walk(tree) if isinstance(n, ast.Attribute) and n.attr in ENVIRONMENT)
    for line, name in (*((n.lineno, ast.unparse(n)) for n in named), *imports(tree, path)):
        if name in reads:
            yield f"{path}:{line}: only billing/config/environment.py reads the environment"


def lacks_handler(path: str, tree: ast.Module) -> Iterator[str]:
    """Every function's entry is `lambda_handler(event, context)` in app.py: the template's Handler names it."""
    if re.fullmatch(r"functions/[^/]+/app\.py", path):
        handlers = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "lambda_handler"]
        if len(handlers) != 1 or len(handlers[0].args.args) != 2:
            yield f"{path}: has no lambda_handler(event, context)"


RULED = (BILLING, "artefacts/", "functions/", "plumb/", "local/", "storefront/")
"""Where one of the rules of syntax speaks."""
SYNTAX_RULES = (wrong_imports, wrong_stand_ins, touches_world, reads_environment, lacks_handler)

# Written so that this file does not trip over itself.
_MARKS = "|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"))
TEXT_RULES = (
    (re.compile(r"\b(sk|rk)_live_" + r"[0-9A-Za-z]{8,}"), "looks like a live Stripe key"),
    (re.compile(r"\bAKIA" + r"[0-9A-Z]{16}\b"), "looks like an AWS key"),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE " + r"KEY-----"), "holds a private key"),
    (re.compile(rf"\b({_MARKS})\b"), "leaves something to do; do it, or open an issue"),
    (re.compile(r"(?<![A-Za-z0-9._$~/-])/(work|farm|root|Users/\w+|home/\w+)" + "/"), "holds a path of one machine"),
    (
        re.compile(r"(pypi\.org|pythonhosted\.org|--(extra-)?index-" + r"url|--find-" + r"links)"),
        "names a package index",
    ),
)


def wrong_text(path: str, text: str) -> Iterator[str]:
    """No secret, unfinished mark, path of one machine or package index, in any file of any kind."""
    rules = [(pattern, sentence) for pattern, sentence in TEXT_RULES if pattern.search(text)]
    if not rules:
        return
    for number, line in enumerate(text.splitlines(), start=1):
        for pattern, sentence in rules:
            if pattern.search(line):
                yield f"{path}:{number}: {sentence}"


def too_long(path: str, text: str) -> Iterator[str]:
    """A file that passes the limit is telling about a missing room (the template is one file by nature)."""
    limit = TEST_LINES if path.startswith("tests/") else CODE_LINES
    lines = len(text.splitlines())
    if Path(path).suffix in CODE_SUFFIXES and lines > limit:
        yield f"{path}: {lines} lines, more than {limit}"


def problems(path: str, text: str) -> list[str]:
    """Hold one file against every rule."""
    found = [*wrong_text(path, text), *too_long(path, text)]
    if path.endswith(".py") and path.startswith(RULED):
        tree = ast.parse(text, filename=path)
        found += [problem for rule in SYNTAX_RULES for problem in rule(path, tree)]
    return found
