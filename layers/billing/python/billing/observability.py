"""JSON logs and metrics, as every function writes them.

Services see only the ports `Log` and `Metrics`; this is what stands behind them in a deployed function. Powertools
writes the lines (https://docs.aws.amazon.com/powertools/python/latest/). Its Tracer is not used: that import alone
costs more than all else here together (0.9 s), because it needs botocore.

What may be logged is a list (failure-modes.md S16): a key that is not on it is left out, so that a new call can't
leak what an old one did not. Bodies, tokens, e-mail addresses and card data have no key.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import IO, Any, Protocol, cast

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from billing.errors import BillingError

_WHAT_IT_IS_ABOUT = (
    "correlation_id request_id event_id event_type session_id user_id customer_id order_id subscription_id"
    " purchase price_id lookup_key message_id"
)
_WHAT_HAPPENED = (
    "outcome reason code status kind mode amount changed retries stripe_object walk count events entries"
    " granted reversed balance level until version stripe_version quantity seconds"
    " milliseconds retryable retry_after"
)
_WHAT_BROKE = "error stack setting secret field operation stripe_code param"
LOGGED_KEYS = frozenset(f"{_WHAT_IT_IS_ABOUT} {_WHAT_HAPPENED} {_WHAT_BROKE}".split())
NAMESPACE = "Plumbline"
"""Of metrics where no installation has named one of its own, as the template does."""
_LONGEST_TEXT = 300  # characters
_CALLER_DEPTH = 3  # the line that called `JsonLog.info`, for the key `location`
_MOST_FRAMES = 30


class LambdaContext(Protocol):
    """What we use of the context object that Lambda hands to a handler."""

    @property
    def aws_request_id(self) -> str: ...

    def get_remaining_time_in_millis(self) -> int: ...


class JsonLog:
    """The `Log` port: one JSON line per step, with the ids of the invocation on each."""

    def __init__(self, logger: Logger) -> None:
        self._logger = logger
        self._bound: dict[str, object] = {}

    def bind(self, **ids: object) -> None:
        """Put these ids on every line from now on, until `unbind`."""
        self._bound |= ids

    def unbind(self) -> None:
        """Forget the ids of this invocation: the next one runs in the same process."""
        self._bound = {}

    def info(self, message: str, **ids: object) -> None:
        """A step that went as it should."""
        self._logger.info(message, stacklevel=_CALLER_DEPTH, extra=self._extra(ids))

    def warning(self, message: str, **ids: object) -> None:
        """A step that somebody may want to look at."""
        self._logger.warning(message, stacklevel=_CALLER_DEPTH, extra=self._extra(ids))

    def error(self, message: str, **ids: object) -> None:
        """A step that failed for good."""
        self._logger.error(message, stacklevel=_CALLER_DEPTH, extra=self._extra(ids))

    def failure(self, message: str, exc: BaseException, **ids: object) -> None:
        """An exception: its class and where it passed through, not its text, which may quote what was being handled.

        The text of our own errors is written here and names no value; their ids are keys of the line.
        """
        own: dict[str, object] = {}
        if isinstance(exc, BillingError):
            own = {**exc.ids, "code": exc.code, "reason": exc.ids.get("reason") or exc.message}
        self.error(message, **(own | {"error": type(exc).__name__, "stack": stack_of(exc)} | ids))

    def _extra(self, ids: Mapping[str, object]) -> dict[str, Any]:
        return {
            key: _plain(value)
            for key, value in {**self._bound, **ids}.items()
            if key in LOGGED_KEYS and value is not None
        }


class EmfMetrics:
    """The `Metrics` port: counts and times, kept until the end of the invocation and then printed once per set of
    dimensions.

    CloudWatch reads them out of the log (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/
    CloudWatch_Embedded_Metric_Format_Specification.html). One such line has one set of dimensions, hence the groups.
    """

    def __init__(self) -> None:
        self._groups: dict[tuple[tuple[str, str], ...], EphemeralMetrics] = {}

    def count(self, name: str, value: float = 1, **dimensions: str) -> None:
        """Add to a count."""
        self._group(dimensions).add_metric(name=name, unit=MetricUnit.Count, value=value)

    def duration(self, name: str, milliseconds: float, **dimensions: str) -> None:
        """Add a measured time."""
        self._group(dimensions).add_metric(name=name, unit=MetricUnit.Milliseconds, value=milliseconds)

    def flush(self) -> None:
        """Print what was counted, and start again from nothing."""
        for group in self._groups.values():
            if group.metric_set:  # a hundred values are printed by Powertools itself, and leave it empty
                group.flush_metrics()

    def _group(self, dimensions: Mapping[str, str]) -> EphemeralMetrics:
        """The group of a set of dimensions, kept: to make one takes longer than to use it."""
        key = tuple(sorted(dimensions.items()))
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = EphemeralMetrics()  # which reads POWERTOOLS_METRICS_NAMESPACE, and the service
            group.namespace = group.namespace or NAMESPACE
        for name, value in key:
            if name not in group.dimension_set:  # with what it prints, it forgets them
                group.add_dimension(name=name, value=value)
        return group


class _Stdout:
    """Standard output as it is when a line is written, as for metrics: what runs tests replaces it for each."""

    def write(self, text: str) -> int:
        return sys.stdout.write(text)

    def flush(self) -> None:
        sys.stdout.flush()


@cache
def log() -> JsonLog:
    """The log of this process; the first call reads POWERTOOLS_SERVICE_NAME and LOG_LEVEL."""
    return JsonLog(Logger(stream=cast("IO[str]", _Stdout()), utc=True, use_rfc3339=True))


@cache
def metrics() -> EmfMetrics:
    """The metrics of this process; they are printed at the end of each `observed` block."""
    return EmfMetrics()


@contextmanager
def observed(context: LambdaContext, correlation_id: str | None = None) -> Iterator[None]:
    """Bind the invocation's ids to every line, and print its metrics at the end, also after a failure."""
    log().bind(request_id=context.aws_request_id, correlation_id=correlation_id or context.aws_request_id)
    try:
        yield
    finally:
        metrics().flush()
        log().unbind()


@contextmanager
def timed(name: str, **dimensions: str) -> Iterator[None]:
    """Measure a block into a duration metric, also after a failure."""
    start = time.perf_counter()
    try:
        yield
    finally:
        metrics().duration(name, (time.perf_counter() - start) * 1000, **dimensions)


def stack_of(exc: BaseException) -> list[str]:
    """Return where an exception passed through, innermost last, each as `file:line function`; causes come first."""
    frames: list[str] = []
    if exc.__cause__ is not None:
        frames = [*stack_of(exc.__cause__), f"{type(exc.__cause__).__name__} became {type(exc).__name__}"]
    trace = exc.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{code.co_filename}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return frames[-_MOST_FRAMES:]


def _plain(value: object) -> object:
    """Return what JSON can hold; a text is cut, since a line of CloudWatch ends at 256 KB and ids are short."""
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value[:_MOST_FRAMES]]
    return str(value)[:_LONGEST_TEXT]
