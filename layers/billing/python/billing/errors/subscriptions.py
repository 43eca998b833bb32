"""Errors of plan changes and of the customer portal."""

from __future__ import annotations

from billing.errors.base import Misconfigured, RequestRefused


class SubscriptionNotFound(RequestRefused):
    """No such subscription, one that has ended, or one of somebody else: the three must not be told apart."""

    code = "subscription_not_found"


class SubscriptionAmbiguous(RequestRefused):
    """The user has several subscriptions, and the request names none."""

    code = "subscription_ambiguous"


class ChangeRefused(RequestRefused):
    """The subscription can't be changed the way it is."""

    code = "subscription_not_changeable"


class SubscriptionUnpaid(ChangeRefused):
    """Its last invoice is open: `past_due`, `unpaid` or `incomplete`."""

    code = "subscription_unpaid"


class SubscriptionPaused(ChangeRefused):
    """It is paused, or the collection of its invoices is."""

    code = "subscription_paused"


class SubscriptionCanceling(ChangeRefused):
    """It is set to end at a known time: undo the cancellation first."""

    code = "subscription_canceling"


class SubscriptionNotChangeable(ChangeRefused):
    """Only the portal, or a person, can change it: it has a schedule, several prices, a slow payment method or none."""

    code = "subscription_not_changeable"


class ChangeNotNow(ChangeRefused):
    """The change would give money back, and so is not made before the period ends."""

    code = "change_not_now"


class PreviewExpired(ChangeRefused):
    """The preview is too old to be billed as it was shown: ask for another one."""

    code = "preview_expired"


class PlanMismatch(RequestRefused):
    """The price exists, but is no plan that this subscription can change to."""

    code = "plan_mismatch"


class PortalFlowUnavailable(RequestRefused):
    """The customer portal does not offer what was asked for, by its configuration or for this subscription."""

    code = "portal_flow_unavailable"


class PortalNotConfigured(Misconfigured):
    """Stripe's customer portal was never set up, or the configuration that a setting names is not there."""

    code = "portal_not_configured"
