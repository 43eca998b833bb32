"""What an answer says of a moment and of an amount, where two figures are easily taken for each other."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import BaseModel

from billing.domain.account import Account
from billing.domain.entitlement import AccessPolicy
from billing.domain.ids import PurchaseKey, SubscriptionId, SubscriptionItemId, UserId
from billing.domain.plan_change import Bill, BilledLine, LiveItem, PlanChange
from billing.domain.purchase import Purchase, PurchaseState
from billing.domain.subscription import Span
from billing.present.account import account_answer
from billing.present.checkout import success_answer
from billing.present.subscriptions import change_answer, preview_answer
from tests.fakes.snapshots import a_price

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
POLICY = AccessPolicy(("FREE", "PRO", "TEAM"), timedelta(days=7))
PURCHASE = Purchase(PurchaseKey("cs_1"), UserId("alice"), None, "payment", "usd", (), NOW, PurchaseState.PAID)
SUBSCRIPTION = SubscriptionId("sub_1")
ANSWERS: dict[str, Callable[[Account], BaseModel]] = {
    "account": lambda account: account_answer(account, POLICY, NOW),
    "checkout": lambda account: success_answer(PURCHASE, account, POLICY, NOW),
    "plan change": lambda account: change_answer(
        "changed", account, SUBSCRIPTION, invoice_page=None, waits_until=None, policy=POLICY, now=NOW
    ),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
def test_a_level_is_that_of_the_moment_and_not_what_the_last_write_has_recorded(
    answer: Callable[[Account], BaseModel],
) -> None:
    """Money rule 21: the schedule may not have written yet that it has ended."""
    told = json.loads(answer(Account(UserId("alice"), access=Span("TEAM", NOW))).model_dump_json(by_alias=True))
    assert told["entitlements"] == {"level": "FREE", "expiresAt": None}


def test_a_paid_purchase_that_was_not_ordered_is_being_looked_at() -> None:
    """F46: the buyer has paid, and must not be told that it gave something."""
    refused = replace(PURCHASE, state=PurchaseState.REFUSED)
    assert success_answer(refused, Account(UserId("alice")), POLICY, NOW).status == "review"


def test_a_preview_tells_what_is_charged_now_what_each_line_comes_to_and_what_a_period_costs() -> None:
    """Now: after the customer's balance, for this is charged at once. Later: without it, for it will be used up."""
    line = BilledLine("Pro", 1000, 150, proration=True, of_subscription=True, period_start=NOW, period_end=NOW)
    price = a_price("team_monthly", 3000, "month", level="TEAM", plan="team")
    change = PlanChange(SUBSCRIPTION, LiveItem(SubscriptionItemId("si_1"), price, 1), price, 1)
    now = Bill("usd", due=800, total=850, lines=(line,))
    seen = preview_answer(change, now, Bill("usd", due=2000, total=3000, lines=()), NOW, NOW)
    assert (seen.amount_due_now, [each.amount for each in seen.lines], seen.next_period_amount) == (800, [850], 3000)


def test_a_preview_of_what_is_free_at_once_bills_no_line_now_and_tells_how_many_there_will_be() -> None:
    """During a trial, say: the lines of the next period's bill are not due with the change."""
    line = BilledLine("Team", 9000, 0, proration=False, of_subscription=True, period_start=NOW, period_end=NOW)
    price = a_price("team_monthly", 3000, "month", level="TEAM", plan="team")
    change = PlanChange(SUBSCRIPTION, LiveItem(SubscriptionItemId("si_1"), price, 1), price, 3)
    seen = preview_answer(change, None, Bill("usd", due=9000, total=9000, lines=(line,)), NOW, NOW)
    assert (seen.amount_due_now, seen.lines, seen.quantity, seen.next_period_amount) == (0, [], 3, 9000)
