"""The frozen model: what each part of the local system needs to know, with every intrinsic resolved."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Function:
    logical_id: str
    name: str
    arn: str
    handler: str
    code_dir: Path
    layer_dirs: tuple[Path, ...]
    """Directories that go on `sys.path`, as `/opt/python` of each layer would."""
    environment: Mapping[str, str]
    timeout: float
    memory_mb: int

    @property
    def label(self) -> str:
        """A short name for log lines: the directory of the code (`webhook`), as a developer calls it."""
        return self.code_dir.name


@dataclass(frozen=True)
class Throttle:
    """Requests that a route lets through: so many a second, and so many at once after a while without any."""

    rate: float
    burst: int


@dataclass(frozen=True)
class Route:
    method: str
    """Upper case, or ANY."""
    path: str
    """A path template: `/b/{id}`, `/{proxy+}`, or `$default`."""
    function: str
    """Logical id of the function behind it."""
    authorizer: str | None
    scopes: tuple[str, ...]
    timeout: float
    throttle: Throttle | None = None

    @property
    def key(self) -> str:
        return self.path if self.path == "$default" else f"{self.method} {self.path}"


@dataclass(frozen=True)
class JwtAuthorizer:
    name: str
    issuer: str
    audience: tuple[str, ...]
    header: str
    """Lower-case name of the header that carries the token."""


@dataclass(frozen=True)
class Cors:
    allow_origins: tuple[str, ...] = ()
    allow_methods: tuple[str, ...] = ()
    allow_headers: tuple[str, ...] = ()
    expose_headers: tuple[str, ...] = ()
    allow_credentials: bool = False
    max_age: int | None = None


@dataclass(frozen=True)
class HttpApi:
    api_id: str
    routes: tuple[Route, ...]
    authorizers: Mapping[str, JwtAuthorizer]
    cors: Cors | None


@dataclass(frozen=True)
class Queue:
    logical_id: str
    name: str
    arn: str
    url: str
    attributes: Mapping[str, str]
    """As SQS CreateQueue takes them: visibility, retention, redrive policy."""


@dataclass(frozen=True)
class Table:
    logical_id: str
    name: str
    definition: Mapping[str, Any]
    """Arguments of CreateTable."""
    ttl_attribute: str | None


@dataclass(frozen=True)
class EventSourceMapping:
    logical_id: str
    function: str
    queue: Queue
    batch_size: int
    window_seconds: float
    partial_failures: bool
    """ReportBatchItemFailures is among the function's response types."""
    maximum_concurrency: int | None
    enabled: bool


@dataclass(frozen=True)
class Schedule:
    name: str
    function: str
    expression: str
    payload: str | None
    """The JSON text of the input, None where AWS sends its own scheduled event."""
    source: str
    """`aws.events` for a rule, `aws.scheduler` for a schedule: what the standard event says."""
    arn: str


@dataclass(frozen=True)
class Pipe:
    """From a table's stream to an event bus."""

    logical_id: str
    name: str
    table: Table
    patterns: tuple[Mapping[str, Any], ...]
    """A record is taken that fits one of them."""
    bus: str
    source: str
    detail_type: str
    """A text, or the path of one in the record."""
    input_template: str
    batch_size: int
    dead_letters: Queue


@dataclass(frozen=True)
class BusRule:
    """What of an event bus goes to a queue."""

    bus: str
    pattern: Mapping[str, Any]
    queue: Queue


@dataclass(frozen=True)
class Model:
    template: Path
    functions: Mapping[str, Function]
    api: HttpApi | None
    queues: Mapping[str, Queue] = field(default_factory=dict)
    tables: Mapping[str, Table] = field(default_factory=dict)
    mappings: tuple[EventSourceMapping, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    pipes: tuple[Pipe, ...] = ()
    bus_rules: tuple[BusRule, ...] = ()

    def function_named(self, name: str) -> Function | None:
        """Find a function as the Invoke API's callers name it: by name, logical id or ARN (also with a qualifier)."""
        if name.startswith("arn:"):
            name = name.split(":")[6]
        for function in self.functions.values():
            if name in (function.name, function.logical_id):
                return function
        return None
