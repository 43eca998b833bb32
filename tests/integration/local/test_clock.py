"""Functions follow Stripe's test clock, through the runner and not by a setting of theirs."""

import time

import httpx
import stripe

from local.stack import Stack
from tests.integration.local.conftest import TOY, eventually

MONTH = 30 * 86400


def test_time_moves_with_the_test_clock() -> None:
    with Stack(template=TOY / "template.yaml", seed=False) as stack, httpx.Client(trust_env=False) as http:

        def handler_time() -> float:
            url = f"{stack.lambda_url}/2015-03-31/functions/EchoFunction/invocations"
            seen: float = http.post(url, json={}).json()["time"]
            return seen

        assert abs(handler_time() - time.time()) < 5
        client = stripe.StripeClient(stack.stripe_key, base_addresses={"api": stack.stripe_url})
        clock = client.v1.test_helpers.test_clocks.create({"frozen_time": int(time.time())})
        client.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": int(time.time()) + MONTH})
        # advancing is work that Stripe does in the background: https://docs.stripe.com/billing/testing/test-clocks
        eventually(lambda: client.v1.test_helpers.test_clocks.retrieve(clock.id).status == "ready" or None)
        assert abs(handler_time() - time.time() - MONTH) < 5
        later = int(time.time()) + 2 * MONTH
        client.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": later})
        stack.freeze("stripe")  # as while it plays what a month brings: whoever asked it now would wait, or give up
        try:
            assert abs(handler_time() - later) < 5
        finally:
            stack.thaw("stripe")
