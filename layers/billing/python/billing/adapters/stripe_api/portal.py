"""Sessions of Stripe's customer portal. Where they lead back to is built here (failure-modes S12)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import stripe

from billing.adapters.stripe_api.client import translated
from billing.domain.ids import CustomerId
from billing.errors import PortalFlowUnavailable, PortalNotConfigured, StripeRefused
from billing.ports.stripe import PortalFlow

if TYPE_CHECKING:
    from stripe.params.billing_portal import (
        SessionCreateParams,
        SessionCreateParamsFlowData,
        SessionCreateParamsFlowDataAfterCompletion,
    )

_NEVER_SAVED = "No configuration provided"
"""How Stripe's message begins then: "... and your test mode default configuration has not been created", with the
address of the dashboard's page (https://docs.stripe.com/customer-management/integrate-customer-portal#configure)."""


class StripePortalSessions:
    """The StripePortal port over the SDK. `configuration` is a portal configuration's id; None is the default one."""

    def __init__(self, client: stripe.StripeClient, app_url: str, configuration: str | None) -> None:
        self._api = client.v1
        self._back = f"{app_url}/account"
        self._configuration = configuration

    def open_portal(self, customer: CustomerId, flow: PortalFlow | None, locale: str | None) -> str:
        """See StripePortal. A flow leads straight back to the app; the front page has a link."""
        params: SessionCreateParams = {"customer": customer, "return_url": self._back}
        if self._configuration is not None:
            params["configuration"] = self._configuration
        if locale is not None:
            params["locale"] = locale
        if flow is not None:
            params["flow_data"] = self._flow(flow)
        try:
            with translated():
                return self._api.billing_portal.sessions.create(params).url
        except StripeRefused as refused:
            if refused.param == "configuration":
                raise PortalNotConfigured(
                    "the setting PORTAL_CONFIGURATION names no usable configuration of the customer portal",
                    setting="PORTAL_CONFIGURATION",
                ) from refused
            if _never_saved(refused.__cause__):
                raise PortalNotConfigured(
                    "the customer portal was never set up in Stripe: save its settings in the dashboard"
                ) from refused
            if flow is not None and refused.param != "customer":
                raise PortalFlowUnavailable(
                    "the customer portal does not offer this", customer_id=customer, param=refused.param
                ) from refused
            raise

    def _flow(self, flow: PortalFlow) -> SessionCreateParamsFlowData:
        back: SessionCreateParamsFlowDataAfterCompletion = {
            "type": "redirect",
            "redirect": {"return_url": self._back},
        }
        if flow.type == "subscription_cancel" and flow.subscription is not None:
            return {
                "type": flow.type,
                "after_completion": back,
                "subscription_cancel": {"subscription": flow.subscription},
            }
        if flow.type == "subscription_update" and flow.subscription is not None:
            return {
                "type": flow.type,
                "after_completion": back,
                "subscription_update": {"subscription": flow.subscription},
            }
        return {"type": flow.type, "after_completion": back}


def _never_saved(cause: BaseException | None) -> bool:
    """Whether the portal's settings were never saved in this mode: Stripe gives that neither a code nor a parameter."""
    return isinstance(cause, stripe.InvalidRequestError) and (cause.user_message or "").startswith(_NEVER_SAVED)
