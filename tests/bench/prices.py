"""Prices, and what calls are assumed to take: the one place for both.

USD in us-east-1, without free tiers and volume discounts, as their pages said in November 2026. Another region or year:
change them here, and run `make cost`.
"""

from __future__ import annotations

from dataclasses import dataclass

MILLION = 1_000_000
AS_OF = "2026-11-28"


@dataclass(frozen=True)
class Price:
    """USD for one of something."""

    what: str
    usd: float
    per: str
    each: float
    """How many of them `usd` buys."""
    source: str

    def of(self, amount: float) -> float:
        return amount * self.usd / self.each


_CLOUDWATCH = "https://aws.amazon.com/cloudwatch/pricing/"
_EVENTBRIDGE = "https://aws.amazon.com/eventbridge/pricing/"
GATEWAY = Price("HTTP API", 1.00, "million requests", MILLION, "https://aws.amazon.com/api-gateway/pricing/")
INVOCATION = Price("Lambda, requests", 0.20, "million requests", MILLION, "https://aws.amazon.com/lambda/pricing/")
COMPUTE = Price("Lambda, arm64", 0.0000133334, "GB-second", 1, "https://aws.amazon.com/lambda/pricing/")
QUEUE = Price("SQS, standard", 0.40, "million requests", MILLION, "https://aws.amazon.com/sqs/pricing/")
WRITE = Price("DynamoDB, write", 0.625, "million units", MILLION, "https://aws.amazon.com/dynamodb/pricing/on-demand/")
READ = Price("DynamoDB, read", 0.125, "million units", MILLION, "https://aws.amazon.com/dynamodb/pricing/on-demand/")
REDIS = Price("Upstash Redis", 0.20, "100,000 commands", 100_000, "https://upstash.com/pricing/redis")
LOGS = Price("CloudWatch, logs ingested", 0.50, "GB", 1024**3, _CLOUDWATCH)
METRIC = Price("CloudWatch, custom metrics", 0.30, "metric and month", 1, _CLOUDWATCH)
ALARM = Price("CloudWatch, alarms", 0.10, "watched metric and month", 1, _CLOUDWATCH)
DASHBOARD = Price("CloudWatch, dashboards", 3.00, "dashboard and month", 1, _CLOUDWATCH)
TRACE = Price("X-Ray, traces", 5.00, "million recorded", MILLION, "https://aws.amazon.com/xray/pricing/")
SECRET = Price("Secrets Manager", 0.40, "secret and month", 1, "https://aws.amazon.com/secrets-manager/pricing/")
PIPE = Price("EventBridge, pipes", 0.40, "million records that pass the filter", MILLION, _EVENTBRIDGE)
EVENT = Price("EventBridge, events of one's own", 1.00, "million", MILLION, _EVENTBRIDGE)
SCHEDULER = Price("EventBridge Scheduler", 1.00, "million runs", MILLION, _EVENTBRIDGE)
PRICES = (
    *(GATEWAY, INVOCATION, COMPUTE, QUEUE, WRITE, READ, REDIS),
    *(LOGS, METRIC, ALARM, DASHBOARD, TRACE, SECRET, PIPE, EVENT, SCHEDULER),
)

WHOLE_CORE = 1769
"""MB of memory with which a function has one core to itself; with less it has as much less of one, and with more its
one thread is no faster. https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
"""

TAKES = {"DynamoDB": 0.010, "Redis": 0.004, "SQS": 0.010, "Secrets Manager": 0.020, "Stripe": 0.300}
"""Seconds that a function is assumed to wait for an answer; its processor time is measured."""
A_BATCH = 2
"""Requests to SQS that Lambda makes for each batch that it hands over: it receives the messages, and deletes them.

https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
"""
IDLE = 5 * 3 * 60 * 24 * 30
"""Requests a month of five pollers that find nothing, each waiting 20 seconds: paid by who has no events at all.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
"""
