"""The process a handler runs in: what Lambda's own Python runtime does, over two pipes.

It is started as a script with nothing of this repository on `sys.path` but the function and its layers, so it may
import only the standard library. Requests come as JSON lines on standard input, answers go to the descriptor given as
the first argument; standard output and error belong to the handler. Errors have the shape of awslambdaric:
https://github.com/aws/aws-lambda-python-runtime-interface-client (bootstrap.py).
"""

import importlib
import json
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any


class Clock:
    """The time the handler sees: real, moved by the offset of Stripe's test clock.

    Moved here and not by a setting: deployed code knows nothing of test clocks.
    """

    def __init__(self, offset: float) -> None:
        self.offset = offset
        self._real = time.time

    def now(self) -> float:
        return self._real() + self.offset


class LambdaContext:
    """The second argument of a handler; https://docs.aws.amazon.com/lambda/latest/dg/python-context.html"""

    def __init__(self, request: dict[str, Any], deadline: float) -> None:
        self.aws_request_id: str = request["requestId"]
        self.invoked_function_arn: str = request["functionArn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = None
        self.client_context = None
        self._deadline = deadline

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._deadline - time.monotonic()) * 1000))


def _error(exc: BaseException, trace: TracebackType | None) -> dict[str, Any]:
    return {
        "errorMessage": str(exc),
        "errorType": type(exc).__name__,
        "stackTrace": traceback.format_list(traceback.extract_tb(trace)),
    }


def _load_handler(name: str) -> Callable[[Any, LambdaContext], Any]:
    module_name, _, function_name = name.rpartition(".")
    module = importlib.import_module(module_name.replace("/", "."))
    handler: Callable[[Any, LambdaContext], Any] = getattr(module, function_name)
    return handler


def _load_or_explain(name: str) -> tuple[Callable[[Any, LambdaContext], Any] | None, dict[str, Any] | None]:
    module_name, _, function_name = name.rpartition(".")
    try:
        return _load_handler(name), None
    except ImportError as exc:
        message, kind = f"Unable to import module '{module_name}': {exc}", "Runtime.ImportModuleError"
    except AttributeError as exc:
        message, kind = f"Handler '{function_name}' missing on module '{module_name}': {exc}", "Runtime.HandlerNotFound"
    except Exception as exc:  # noqa: BLE001 - whatever module-level code raises ends the init phase, as on Lambda
        error = _error(exc, exc.__traceback__)
        print(f"[ERROR] {error['errorType']}: {error['errorMessage']}\n{traceback.format_exc()}", file=sys.stderr)
        return None, error
    print(f"[ERROR] {kind}: {message}", file=sys.stderr)
    return None, {"errorMessage": message, "errorType": kind, "stackTrace": []}


def _invoke(handler: Callable[[Any, LambdaContext], Any], request: dict[str, Any]) -> dict[str, Any]:
    context = LambdaContext(request, time.monotonic() + request["timeout"])
    try:
        return {"ok": json.dumps(handler(request["event"], context))}
    except Exception as exc:  # noqa: BLE001 - any failure of the handler is answered as "Unhandled"
        print(f"[ERROR] {type(exc).__name__}: {exc}\n{traceback.format_exc()}", file=sys.stderr)
        trace = exc.__traceback__
        return {"error": _error(exc, trace.tb_next if trace else None)}


def _requests() -> "queue.SimpleQueue[dict[str, Any]]":
    """Read in a thread of its own, so that the end of the pipe ends this process also in the middle of a handler."""
    waiting: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    stdin = os.fdopen(os.dup(0), "rb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)

    def read() -> None:
        for line in stdin:
            waiting.put(json.loads(line))
        os._exit(0)

    threading.Thread(target=read, daemon=True, name="invocations").start()
    return waiting


def main() -> None:
    answers = os.fdopen(int(sys.argv[1]), "w")
    os.set_inheritable(answers.fileno(), False)
    clock = Clock(float(sys.argv[2]))
    time.time = clock.now
    if os.environ.get("LC_CTYPE") == "C.UTF-8":  # Python's own doing (PEP 538); Lambda has no such variable
        del os.environ["LC_CTYPE"]
    os.environ.pop("COVERAGE_PROCESS_CONFIG", None)  # measuring began before this line; Lambda has no such variable
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    waiting = _requests()
    handler, broken = _load_or_explain(os.environ["_HANDLER"])
    print(json.dumps({"ready": broken is None, "error": broken}), file=answers, flush=True)
    if handler is None:
        raise SystemExit(1)
    while True:
        request = waiting.get()
        clock.offset = request["offset"]
        answer = _invoke(handler, request)
        sys.stdout.flush()
        sys.stderr.flush()
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
