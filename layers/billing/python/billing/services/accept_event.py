"""Accept a signed Stripe event: verify it, and put its ids into the queue.

The answer is 2xx only on evidence that the event can't be lost: the queue has it, or the consumer's `done` mark says
that it is through. No mark is written here: 160 enumerated crashes show that any mark of the edge loses or doubles
events (failure-modes.md, "Why one transaction").
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from billing.domain.events import Origin, event_type, is_handled, parse_event
from billing.domain.ids import EVENT_ID, fits
from billing.domain.signature import SigningSecrets, verify
from billing.errors import BillingError, BodyTooLarge, MalformedEvent, Misconfigured, SignatureRefused

if TYPE_CHECKING:
    from billing.domain.notice import Notice
    from billing.ports.cache import Cache
    from billing.ports.world import Clock, Log, Metrics, Queue, Secrets

MAX_BODY = 1024 * 1024
"""Stripe documents no limit. Events that go to EventBridge must fit into 256 KB, and lists inside an event hold at
most ten rows, so 1 MB leaves room; what it keeps out is a flood that makes us hash megabytes."""

type Acceptance = Literal["queued", "skipped_replay", "ignored", "unusable"]


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of a verified delivery; every outcome is a 2xx."""

    outcome: Acceptance


@dataclass(frozen=True, slots=True)
class AcceptDeps:
    """What accepting an event needs of the world."""

    origin: Origin
    secret_name: str
    secrets: Secrets
    queue: Queue
    cache: Cache
    clock: Clock
    log: Log
    metrics: Metrics


def accept_event(*, body: bytes, signature: str | None, correlation_id: str, deps: AcceptDeps) -> Accepted:
    """Accept one delivery.

    Raises SignatureRefused and BodyTooLarge (the sender's fault: 4xx), and SecretsUnavailable, Misconfigured and
    QueueUnavailable (ours: 5xx, so that Stripe delivers again). A body that is signed but can't be used is counted and
    accepted: sending it again would not make it better, and refusing it for long disables the endpoint.
    """
    deps.metrics.count("WebhooksReceived")
    now = deps.clock.now()
    try:
        if len(body) > MAX_BODY:
            raise BodyTooLarge(f"the body is larger than {MAX_BODY} bytes")
        verify(signature, body, signing_secrets(deps.secrets, deps.secret_name), now)
    except (SignatureRefused, BodyTooLarge) as exc:
        deps.metrics.count("WebhooksRefused", reason=_reason(exc))
        raise
    payload: dict[str, Any] = {}
    try:
        payload = _read_json(body)
        kind = event_type(payload)
        if not is_handled(kind):
            return _ignored(payload, kind, deps)
        notice = parse_event(payload, deps.origin, received_at=now, correlation_id=correlation_id)
    except MalformedEvent as exc:
        deps.log.warning("event unusable", event_id=fits(payload.get("id"), EVENT_ID), reason=exc.reason)
        deps.metrics.count("EventsUnusable")
        return Accepted("unusable")
    return _accepted(notice, deps)


def _accepted(notice: Notice, deps: AcceptDeps) -> Accepted:
    ids = {
        "event_id": notice.id,
        "event_type": notice.type,
        "correlation_id": notice.correlation_id,
        "session_id": notice.related.get("checkout.session"),
        "customer_id": notice.customer,
        "order_id": notice.order_id,
    }
    deps.log.info("event received", **ids, reason=notice.quarantine)
    if deps.cache.is_done(notice.id):
        deps.log.info("skipped replay", **ids)
        deps.metrics.count("WebhooksDuplicate", event_type=notice.type)
        return Accepted("skipped_replay")
    deps.queue.send(notice.to_text())
    deps.log.info("queued", **ids)
    deps.metrics.count("WebhooksQueued", event_type=notice.type)
    return Accepted("queued")


def _ignored(payload: dict[str, Any], kind: str, deps: AcceptDeps) -> Accepted:
    deps.log.info("event ignored", event_id=fits(payload.get("id"), EVENT_ID), event_type=kind)
    deps.metrics.count("WebhooksIgnored")
    return Accepted("ignored")


def signing_secrets(secrets: Secrets, name: str) -> SigningSecrets:
    """Read the live webhook secrets, `{"secrets": ["whsec_…", …]}`, or raise `Misconfigured`: never an empty one
    (S05).
    """
    values = secrets.read(name).get("secrets")
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise Misconfigured('the webhook secret is not of the form {"secrets": ["whsec_…"]}', secret=name)
    return SigningSecrets(tuple(values))


def _read_json(body: bytes) -> dict[str, Any]:
    """Return the body as a JSON object, or raise `MalformedEvent`.

    Decoded here because `json.loads` guesses UTF-16 and UTF-32 from bytes. A name that stands twice has its last value,
    as with the SDK: a payload is only a hint.
    """
    try:
        payload = _DECODER.decode(body.decode("utf-8"))
    except UnicodeDecodeError as exc:
        raise MalformedEvent("the body is not UTF-8", reason="encoding") from exc
    except RecursionError as exc:
        raise MalformedEvent("the body is nested too deeply", reason="nesting") from exc
    except ValueError as exc:  # not JSON, NaN, or an integer of over 4,300 digits
        raise MalformedEvent("the body is not JSON", reason="json") from exc
    if not isinstance(payload, dict):
        raise MalformedEvent("the body is not a JSON object", reason="event")
    return payload


def _reason(exc: BillingError) -> str:
    return exc.reason if isinstance(exc, SignatureRefused) else exc.code


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)
