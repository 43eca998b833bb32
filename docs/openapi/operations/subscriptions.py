"""The customer portal, and plan changes."""

from __future__ import annotations

from billing import errors
from billing.api_models.subscriptions import (
    ChangeAnswer,
    ChangeBody,
    PortalAnswer,
    PortalBody,
    PreviewAnswer,
    PreviewBody,
)
from docs.openapi.operation import WITH_BODY, WITH_STRIPE, Caller, Error, Operation, Parameter, Replied

_NAMING: tuple[Error, ...] = (*WITH_BODY, errors.SubscriptionNotFound, errors.SubscriptionAmbiguous)
_CHANGING: tuple[Error, ...] = (
    *_NAMING,
    errors.QuantityOutOfRange,
    errors.UnknownPrice,
    errors.AmbiguousPrice,
    errors.PriceUnavailable,
    errors.PriceMisconfigured,
    errors.CurrencyUnavailable,
    errors.PlanMismatch,
    errors.SubscriptionUnpaid,
    errors.SubscriptionPaused,
    errors.SubscriptionCanceling,
    errors.SubscriptionNotChangeable,
    errors.ChangeNotNow,
    *WITH_STRIPE,
)

OPERATIONS = (
    Operation(
        "POST /portal/sessions",
        "createPortalSession",
        "Subscriptions",
        "Open Stripe's customer portal for the caller: its front page, or one thing to do there.",
        Caller.USER,
        [Replied(201, "Send the browser to `url`; it leads back to the app's `/account`.", PortalAnswer)],
        PortalBody,
        errors=(
            *_NAMING,
            errors.SubscriptionCanceling,
            errors.PortalFlowUnavailable,
            errors.PortalNotConfigured,
            errors.CheckoutConflict,
            *WITH_STRIPE,
        ),
    ),
    Operation(
        "POST /subscriptions/change/preview",
        "previewSubscriptionChange",
        "Subscriptions",
        "What a change of plan or quantity would cost, now and in each period. Nothing is changed.",
        Caller.USER,
        [Replied(200, "The cost; confirm it with `prorationDate` until `expiresAt`.", PreviewAnswer)],
        PreviewBody,
        errors=_CHANGING,
    ),
    Operation(
        "POST /subscriptions/change",
        "changeSubscription",
        "Subscriptions",
        "Change plan or quantity, and bill the difference at once.",
        Caller.USER,
        [
            Replied(200, "It has been changed, or was already like that.", ChangeAnswer),
            Replied(202, "The payment is required first: send the browser to `hostedInvoiceUrl`.", ChangeAnswer),
        ],
        ChangeBody,
        parameters=[
            Parameter(
                "Idempotency-Key",
                "header",
                "Makes a retry the same request; without it, a double click is recognised by what it changes.",
                {"type": "string", "pattern": "^[ -~]{1,255}$"},
            )
        ],
        errors=(*_CHANGING, errors.PreviewExpired, errors.IdempotencyConflict, errors.CheckoutConflict),
    ),
)
