"""Every error that the billing package raises on purpose.

    BillingError
    ├── RequestRefused              the caller must change something; nothing was stored
    │   ├── InvalidRequest          the body, a parameter or a header does not parse or fit
    │   ├── BodyTooLarge            more bytes than this route reads
    │   ├── QuantityOutOfRange      a quantity below 1 or above the configured maximum
    │   ├── Unauthenticated         no verified identity
    │   ├── Forbidden               a verified identity without the right
    │   ├── UnknownPrice            no such price, or not one that this catalog sells
    │   ├── AmbiguousPrice          a plan or a level that several prices give
    │   ├── PriceUnavailable        the price exists but can't be sold: archived, or of a kind that is not sold here
    │   │   └── PriceMisconfigured  its metadata can't be understood
    │   ├── CurrencyUnavailable     the price has no amount in the currency
    │   ├── IncompatibleLines       prices that one order can't hold together
    │   ├── SessionNotFound         no such checkout session of this caller
    │   ├── InsufficientCredits     less can be spent than was asked for
    │   ├── TransactionNotFound     no such spend of this user
    │   ├── ReservationNotFound     no such reservation of this user is open
    │   ├── TooManyReservations     the user has as many open reservations as an account may hold
    │   ├── AlreadyReversed         the spend was undone before
    │   ├── IdempotencyConflict     the idempotency key stands for another request
    │   ├── SubscriptionExists      a live subscription stands in the way of a second one
    │   ├── SubscriptionNotFound    no such subscription of this caller, or it has ended
    │   ├── SubscriptionAmbiguous   several subscriptions, and none was named
    │   ├── ChangeRefused           the subscription can't be changed the way it is
    │   │   ├── SubscriptionUnpaid        its last invoice is open
    │   │   ├── SubscriptionPaused        it, or its collection, is paused
    │   │   ├── SubscriptionCanceling     it ends at a known time
    │   │   ├── SubscriptionNotChangeable only the portal, or a person, can change it
    │   │   ├── ChangeNotNow              the change would give money back
    │   │   └── PreviewExpired            the figures that were confirmed are too old
    │   ├── PlanMismatch            the price exists but is no plan that this subscription can change to
    │   ├── PortalFlowUnavailable   the customer portal does not offer what was asked for
    │   ├── TooManyCheckouts        the user has asked for more checkouts than an hour has room for
    │   └── CheckoutConflict        another request of this user is being carried out this very moment
    ├── SignatureRefused            a webhook whose signature does not hold
    ├── Retryable                   the same call may succeed later
    │   ├── StripeUnavailable       Stripe did not answer, or answered 5xx
    │   │   ├── StripeBusy          Stripe answered 429
    │   │   └── StripeKeyInUse      Stripe is at a request with the same idempotency key
    │   ├── StoreUnavailable        DynamoDB throttled or did not answer
    │   ├── QueueUnavailable        SQS did not take the message
    │   ├── SecretsUnavailable      Secrets Manager did not answer
    │   └── Contention              the bounded attempts of an optimistic write were all lost
    ├── Permanent                   the same call will never succeed
    │   ├── StripeRefused           Stripe says that our request is wrong
    │   ├── MalformedEvent          a signed webhook body, or an event of the Events API, that can't be read
    │   ├── MalformedObject         a Stripe object or a stored item has not the shape we rely on
    │   └── MalformedMessage        a queue message that the webhook did not write
    └── Misconfigured               a setting or a secret is missing or malformed
        └── PortalNotConfigured     Stripe's customer portal was never set up

None of them knows HTTP: `billing.http` has the one table that maps them to status codes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from billing.errors.base import BillingError as BillingError
from billing.errors.base import Misconfigured as Misconfigured
from billing.errors.base import Permanent as Permanent
from billing.errors.base import RequestRefused as RequestRefused
from billing.errors.base import Retryable as Retryable
from billing.errors.checkout import CheckoutConflict as CheckoutConflict
from billing.errors.checkout import SubscriptionExists as SubscriptionExists
from billing.errors.checkout import TooManyCheckouts as TooManyCheckouts
from billing.errors.subscriptions import ChangeNotNow as ChangeNotNow
from billing.errors.subscriptions import ChangeRefused as ChangeRefused
from billing.errors.subscriptions import PlanMismatch as PlanMismatch
from billing.errors.subscriptions import PortalFlowUnavailable as PortalFlowUnavailable
from billing.errors.subscriptions import PortalNotConfigured as PortalNotConfigured
from billing.errors.subscriptions import PreviewExpired as PreviewExpired
from billing.errors.subscriptions import SubscriptionAmbiguous as SubscriptionAmbiguous
from billing.errors.subscriptions import SubscriptionCanceling as SubscriptionCanceling
from billing.errors.subscriptions import SubscriptionNotChangeable as SubscriptionNotChangeable
from billing.errors.subscriptions import SubscriptionNotFound as SubscriptionNotFound
from billing.errors.subscriptions import SubscriptionPaused as SubscriptionPaused
from billing.errors.subscriptions import SubscriptionUnpaid as SubscriptionUnpaid


class InvalidRequest(RequestRefused):
    """The body, a parameter or a header is malformed, or not what the route takes."""

    code = "invalid_request"


class BodyTooLarge(RequestRefused):
    """The body has more bytes than this route reads."""

    code = "body_too_large"


class QuantityOutOfRange(RequestRefused):
    """A quantity below 1 or above the configured maximum."""

    code = "quantity_out_of_range"


class Unauthenticated(RequestRefused):
    """No verified identity came with the request."""

    code = "unauthorized"


class Forbidden(RequestRefused):
    """The identity is verified, but is not allowed to do this."""

    code = "forbidden"


class UnknownPrice(RequestRefused):
    """No such price, or not one that this catalog sells."""

    code = "unknown_price"


class AmbiguousPrice(RequestRefused):
    """Several prices give this plan or level: name one of the `candidates`."""

    code = "ambiguous_price"

    def __init__(self, message: str, candidates: Sequence[Mapping[str, str | int | None]]) -> None:
        super().__init__(message)
        self.candidates = candidates
        self.public = {"candidates": list(candidates)}


class PriceUnavailable(RequestRefused):
    """The price exists but can't be bought: it is archived, gives nothing, or is of a kind that is not sold here."""

    code = "price_unavailable"


class PriceMisconfigured(PriceUnavailable):
    """The metadata of the price can't be understood; the message names the key."""

    code = "price_misconfigured"


class CurrencyUnavailable(RequestRefused):
    """The price has no amount in the currency that was asked for."""

    code = "currency_unavailable"


class IncompatibleLines(RequestRefused):
    """These prices can't be in one order: one-time and recurring, different intervals, currencies, groups or plans."""

    code = "incompatible_lines"


class SessionNotFound(RequestRefused):
    """No such checkout session, or one of somebody else: the two must not be told apart."""

    code = "session_not_found"


class InsufficientCredits(RequestRefused):
    """Not enough credits can be spent; `balance` and `available` in the error say how much there is."""

    code = "insufficient_credits"

    def __init__(self, message: str, *, balance: int, available: int) -> None:
        super().__init__(message)
        self.public = {"balance": balance, "available": available}


class TransactionNotFound(RequestRefused):
    """No such spend of this user."""

    code = "transaction_not_found"


class ReservationNotFound(RequestRefused):
    """This user has no such open reservation: it never existed, was captured or released, or has lapsed."""

    code = "reservation_not_found"


class TooManyReservations(RequestRefused):
    """The user has as many open reservations as an account may hold."""

    code = "too_many_reservations"


class AlreadyReversed(RequestRefused):
    """The spend has already been undone, under another idempotency key."""

    code = "already_reversed"


class IdempotencyConflict(RequestRefused):
    """The idempotency key stands for another request of the same user."""

    code = "idempotency_conflict"


class SignatureRefused(BillingError):
    """A webhook without a valid signature.

    `reason` is a stable word for metrics and logs.
    """

    code = "invalid_signature"

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message, reason=reason)
        self.reason = reason


class StripeUnavailable(Retryable):
    """Stripe did not answer in time, answered 5xx, or asked us to slow down."""

    code = "stripe_unavailable"


class StripeBusy(StripeUnavailable):
    """Stripe asked us to slow down (429). Who can't is no worse off than if it had not answered."""


class StripeKeyInUse(StripeUnavailable):
    """Stripe is carrying out a request with the same idempotency key (409): its answer will be this one's, too."""


class StoreUnavailable(Retryable):
    """DynamoDB throttled us or did not answer."""

    code = "store_unavailable"


class QueueUnavailable(Retryable):
    """SQS did not take the message."""

    code = "queue_unavailable"


class SecretsUnavailable(Retryable):
    """Secrets Manager did not answer."""

    code = "secrets_unavailable"


class Contention(Retryable):
    """Every bounded attempt of an optimistic write met another writer."""

    code = "contention"


class StripeRefused(Permanent):
    """Stripe says that our request is wrong; `stripe_code` and `param` are Stripe's own words."""

    def __init__(
        self,
        message: str,
        *,
        stripe_code: str | None = None,
        param: str | None = None,
        key_reused: bool = False,
    ) -> None:
        super().__init__(message, stripe_code=stripe_code, param=param)
        self.stripe_code = stripe_code
        self.param = param
        self.key_reused = key_reused
        """The idempotency key stands for a request with other parameters."""

    @property
    def missing(self) -> bool:
        """Whether Stripe has no object of an id that the request names (https://docs.stripe.com/error-codes)."""
        return self.stripe_code == "resource_missing"


class MalformedEvent(Permanent):
    """A signed webhook body, or an event of the Events API, that can't be read; `reason` names the field, never its
    value.
    """

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message, reason=reason)
        self.reason = reason


class MalformedObject(Permanent):
    """A Stripe object or a stored item has not the shape that this code relies on."""


class MalformedMessage(Permanent):
    """A queue message that the webhook can't have written."""
