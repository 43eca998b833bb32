"""The SDK's client, built in one place, and its errors turned into ours."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import NoneType
from typing import TYPE_CHECKING, Any, Final

import stripe

from billing.config import StripeAccess
from billing.errors import (
    MalformedObject,
    Misconfigured,
    StripeBusy,
    StripeKeyInUse,
    StripeRefused,
    StripeUnavailable,
)

if TYPE_CHECKING:
    from billing.ports.world import Metrics

_CONNECT_SECONDS = 2.0
_READ_SECONDS = 5.0
_RETRIES = 1
"""The SDK waits 80 seconds by default: longer than any function here may run (failure-modes F27)."""
_KEY_EPOCHS = 4
_CONFLICT = 409
_SECONDS = re.compile(r"[0-9]{1,6}")


class _CountedRequests(stripe.RequestsClient):
    """Counts what Stripe counts against the account's limit: every request, and so every retry, too, for which the SDK
    calls `request` anew (https://docs.stripe.com/rate-limits).
    """

    def __init__(self, metrics: Metrics, timeout: tuple[float, float]) -> None:
        super().__init__(timeout=timeout)
        self._metrics = metrics

    def request(self, *given: Any, **named: Any) -> Any:
        """See RequestsClient."""
        self._metrics.count("StripeCalls")
        return super().request(*given, **named)


def stripe_client(access: StripeAccess, key: str, metrics: Metrics | None = None) -> stripe.StripeClient:
    """A client with explicit timeouts, which counts its requests for whoever has metrics: a function.

    Raises Misconfigured when the key is not of this installation's mode.
    """
    prefixes = ("sk_live_", "rk_live_") if access.livemode else ("sk_test_", "rk_test_")
    if not key.startswith(prefixes):
        raise Misconfigured(f"the key in {access.key_secret} is not one of {' or '.join(prefixes)}")
    timeout = (_CONNECT_SECONDS, _READ_SECONDS)
    stripe.enable_telemetry = False  # it would keep an id in a file of the home directory, and send our timings
    return stripe.StripeClient(
        key,
        stripe_account=access.account,
        base_addresses={"api": access.api_base},
        max_network_retries=_RETRIES,
        http_client=_CountedRequests(metrics, timeout) if metrics else stripe.RequestsClient(timeout=timeout),
    )


_ANSWERS: Final = (stripe.StripeObject, NoneType, list, str, int, float)
"""What the SDK makes of whatever JSON it gets, `null` and a list of something else among it: it looks at no shape. An
answer that lacks what each of its kind has was a proxy's, or half of one."""


@contextmanager
def translated() -> Iterator[None]:
    """Raise our errors instead of the SDK's: what may pass is StripeUnavailable, what never will is StripeRefused.

    A wrong key is of the first kind: events must wait in the queue while a person mends it, not be given up. So is 409,
    which the second of two calls at once with one idempotency key gets
    (https://docs.stripe.com/api/idempotent_requests). Its type is not documented, and stripe-python 16.1.0 makes an
    APIError of any; an IdempotencyError is a 400: the key stands for another request.
    """
    try:
        yield
    except stripe.InvalidRequestError as error:
        raise StripeRefused(
            "Stripe refused the request", stripe_code=error.code, param=str(error.param) if error.param else None
        ) from error
    except stripe.IdempotencyError as error:
        raise StripeRefused(
            "an idempotency key stands for another request", stripe_code=error.code, key_reused=True
        ) from error
    except stripe.RateLimitError as error:
        raise StripeBusy("Stripe asks us to slow down", retry_after=_retry_after(error)) from error
    except stripe.StripeError as error:
        if error.http_status == _CONFLICT:
            raise StripeKeyInUse("Stripe is at a request with this idempotency key", status=_CONFLICT) from error
        raise StripeUnavailable("Stripe did not answer as it should", status=error.http_status) from error
    except AttributeError as error:
        if not isinstance(error.obj, _ANSWERS):
            raise
        raise StripeUnavailable("Stripe answered with JSON of another kind", reason=error.name) from error
    except (ArithmeticError, ValueError) as error:  # the SDK makes numbers of texts itself
        raise MalformedObject("an object of Stripe can't be read", reason=repr(error)[:200]) from error


def created_once(create: Callable[[str], Any], key: str, made: Callable[[], Any] = lambda: None) -> Any:
    """Create an object under an idempotency key, moving on to the next key when Stripe replays a saved failure.

    Stripe saves the first answer of a key for a day, 500s included
    (https://docs.stripe.com/api/idempotent_requests): without a next key, one bad moment would last that long
    (failure-modes F26). The keys follow from `key`, so that everybody moves on to the same one.

    Stripe advises against another key: what became of the request that failed is indeterminate
    (https://docs.stripe.com/error-low-level#server-errors). Where a second effect would cost somebody something, `made`
    looks for the first, and what it finds is the answer. A second customer or session does no harm: nobody is told of
    the first, so that it is never used, and a session's address can't be guessed, so that it ends unpaid.
    """
    for epoch in range(_KEY_EPOCHS):
        try:
            return create(key if epoch == 0 else f"{key}:{epoch}")
        except stripe.APIError as error:
            replayed = (error.headers or {}).get("Idempotent-Replayed") == "true"
            if not replayed or epoch == _KEY_EPOCHS - 1:
                raise
            found = made()
            if found is not None:
                return found
    raise AssertionError("unreachable")


def _retry_after(error: stripe.StripeError) -> float | None:
    """Seconds; None for whatever else a header may hold. `isdigit` would take "²", too, which is no number."""
    text = (error.headers or {}).get("Retry-After", "")
    return float(text) if _SECONDS.fullmatch(text) else None
