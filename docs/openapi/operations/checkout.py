"""Opening a checkout page, and what it came to."""

from __future__ import annotations

from billing import errors
from billing.api_models.checkout import CheckoutAnswer, CheckoutBody, SuccessAnswer, SuccessBody
from docs.openapi.operation import WITH_BODY, WITH_STRIPE, Caller, Operation, Parameter, Replied

OPERATIONS = (
    Operation(
        "POST /checkout/sessions",
        "createCheckoutSession",
        "Checkout",
        "Open a checkout page, or return the one that is already open for the same order.",
        Caller.USER,
        [Replied(201, "Send the browser to `url`; an embedded page needs `clientSecret`.", CheckoutAnswer)],
        CheckoutBody,
        errors=(
            *WITH_BODY,
            errors.QuantityOutOfRange,
            errors.UnknownPrice,
            errors.AmbiguousPrice,
            errors.PriceUnavailable,
            errors.PriceMisconfigured,
            errors.CurrencyUnavailable,
            errors.IncompatibleLines,
            errors.SubscriptionExists,
            errors.CheckoutConflict,
            errors.TooManyCheckouts,
            *WITH_STRIPE,
        ),
    ),
    Operation(
        "POST /checkout/success",
        "syncCheckout",
        "Checkout",
        "Ask Stripe what a checkout came to, bring the account up to date, and return both.",
        Caller.USER,
        [
            Replied(200, "What it came to.", SuccessAnswer),
            Replied(202, "An asynchronous payment is processing: ask again later.", SuccessAnswer),
        ],
        SuccessBody,
        errors=(*WITH_BODY, errors.SessionNotFound, *WITH_STRIPE),
    ),
    Operation(
        "GET /checkout/success",
        "returnFromCheckout",
        "Checkout",
        "Where Stripe sends the browser back to; redirects to the app's return page, whatever happens.",
        Caller.ANYBODY,
        [Replied(303, "To the app's return page.", headers={"Location": "The return page, with the session's id."})],
        parameters=[Parameter("session_id", "query", "The checkout session.")],
    ),
)
