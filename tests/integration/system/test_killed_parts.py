"""Kill each part at each hop of a purchase: it completes, once (F02, F05-F10, F17, F19).

Every part but the stores: DynamoDB and SQS keep their data in memory here, on AWS they do not die.
"""

import os
import signal

import pytest

from local.stack import Stack
from tests.integration.system.buyer import Buyer

PARTS = ("gateway", "poller", "lambda", "upstash")
WORKERS = ("CreateCheckoutFunction", "SuccessSyncFunction", "WebhookFunction", "EventConsumerFunction")
HOPS = ("before checkout", "before payment", "after payment", "after the way back")


def strike(system: Stack, victim: str) -> None:
    if victim in PARTS:
        system.kill(victim)
        return
    for pid in system.worker_pids(victim):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("hop", HOPS)
@pytest.mark.parametrize("victim", PARTS + WORKERS)
def test_the_purchase_completes_once(victim: str, hop: str, system: Stack) -> None:
    buyer = Buyer(system, f"{victim}-{hop}".replace(" ", "-"))
    if hop == "before checkout":
        strike(system, victim)
    page = buyer.open_checkout()
    if hop == "before payment":
        strike(system, victim)
    back = buyer.pay(page)
    if hop == "after payment":  # the webhooks are on their way
        strike(system, victim)
    buyer.come_back(back)
    if hop == "after the way back":
        strike(system, victim)
    buyer.wait_until_recorded()
    buyer.assert_granted_once()
    buyer.close()


@pytest.mark.parametrize("victim", [*PARTS, "WebhookFunction", "EventConsumerFunction"])
def test_the_webhook_alone_completes_it(victim: str, system: Stack) -> None:
    """Nobody returns to the success page, and a part is killed as the webhooks are sent."""
    buyer = Buyer(system, f"{victim}-alone")
    buyer.pay(buyer.open_checkout())
    strike(system, victim)
    buyer.wait_until_granted()
    buyer.wait_until_recorded()
    buyer.assert_granted_once()
    buyer.close()
