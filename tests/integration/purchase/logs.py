"""What the parts and functions of a running system have written since a moment."""

import json
import re
from typing import Any

from local.stack import Stack
from tests.integration.purchase.wait import until

FUNCTIONS = (
    "CreateCheckoutFunction",
    "SuccessSyncFunction",
    "WebhookFunction",
    "EventConsumerFunction",
    "AccountFunction",
)
USING = ("CreditsFunction", "ReconcileFunction", "SubscriptionsFunction")
"""Those that Stripe has no part in."""
PARTS = ("gateway", "poller", "lambda", "upstash", "stripe", "storefront", "dynamodb", "sqs", "timer")
_TRACE = re.compile(r"Traceback|\[ERROR\]|^\s+File \"|Unhandled|\"stack\"", re.MULTILINE)


class Logs:
    """Starts at the moment it is made."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._begins = {name: len(stack.logs(name)) for name in (*FUNCTIONS, *USING, *PARTS)}

    def text(self, name: str) -> str:
        return self._stack.logs(name)[self._begins[name] :]

    def everything(self) -> str:
        return "\n".join(self.text(name) for name in self._begins)

    def lines(self, *functions: str) -> list[dict[str, Any]]:
        """The JSON lines of the functions, in the order of each function's log; metrics are left out."""
        return [entry for entry in self._entries(functions) if "message" in entry]

    def counted(self, metric: str, *functions: str) -> int:
        """The sum of a count that the functions have printed, whatever its dimensions."""
        return sum(int(value) for entry in self._entries(functions) for value in entry.get(metric, []))

    def _entries(self, functions: tuple[str, ...]) -> list[dict[str, Any]]:
        texts = [self.text(name) for name in functions or FUNCTIONS]
        return [json.loads(line) for text in texts for line in text.splitlines() if line.startswith("{")]

    def said(self, message: str, *functions: str, **keys: object) -> list[dict[str, Any]]:
        """Lines with this message and these keys."""
        return [
            line
            for line in self.lines(*functions)
            if line["message"] == message and all(line.get(key) == value for key, value in keys.items())
        ]

    def one(self, message: str, *functions: str, **keys: object) -> dict[str, Any]:
        """The only such line; waited for, since a line takes a moment from a function to its log."""
        found = until(f"the line {message!r}", lambda: self.said(message, *functions, **keys) or None)
        assert len(found) == 1, found
        return found[0]

    def traces(self) -> list[str]:
        """Lines that look like a stack trace or an unhandled error, of any part."""
        return [line for line in self.everything().splitlines() if _TRACE.search(line)]
