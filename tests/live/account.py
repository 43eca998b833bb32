"""The merchant's side of a purchase: all of it through the official SDK, so that any test account will do."""

import stripe

from local.stack import Stack


class Account:
    """Knows the sessions that the tests opened, and leaves nothing of them open or renewing."""

    def __init__(self, stack: Stack) -> None:
        self.client = stripe.StripeClient(
            stack.stripe_key,
            base_addresses={"api": stack.stripe_url},
            max_network_retries=2,
            http_client=stripe.RequestsClient(timeout=30),
        )
        self._sessions: list[str] = []

    def remember(self, session_id: str) -> None:
        self._sessions.append(session_id)

    def session(self, session_id: str) -> stripe.checkout.Session:
        return self.client.v1.checkout.sessions.retrieve(session_id)

    def refund(self, session_id: str) -> stripe.Refund:
        """Give all of a one-time payment back."""
        intent = self.session(session_id).payment_intent
        assert isinstance(intent, str)
        return self.client.v1.refunds.create({"payment_intent": intent})

    def clean_up(self) -> None:
        """Expire, cancel, delete; the catalog stays, for the next run."""
        customers = set()
        for session_id in self._sessions:
            session = self.session(session_id)
            if session.status == "open":
                self.client.v1.checkout.sessions.expire(session_id)
            if isinstance(session.subscription, str):
                self.client.v1.subscriptions.cancel(session.subscription)
            if isinstance(session.customer, str):
                customers.add(session.customer)
        for customer in customers:
            self.client.v1.customers.delete(customer)
        self._sessions.clear()
