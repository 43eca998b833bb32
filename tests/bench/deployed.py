"""What template.yaml deploys that costs something: memory, alarms, a dashboard, secrets, lines of logs."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from local.template.yaml_source import parse
from tests.conftest import REPOSITORY

_LINE = {
    "requestId": "JKJaXmPLvHcESHA=",
    "requestTime": "28/Nov/2026:19:00:00 +0000",
    "identity.sourceIp": "203.0.113.10",
    "routeKey": "POST /webhooks/stripe",
    "status": "200",
    "responseLength": "12",
    "responseLatency": "25",
    "integrationLatency": "21",
    "integrationStatus": "200",
    "integration.requestId": "8f507cfc-4697-4697-b07a-ac58fc914c95",
    "error.responseType": "-",
    "authorizer.error": "-",
    "integrationErrorMessage": "-",
}
"""What a usual request fills in (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html)."""
_RUN = """\
START RequestId: 8f507cfc-4697-4697-b07a-ac58fc914c95 Version: 12
END RequestId: 8f507cfc-4697-4697-b07a-ac58fc914c95
REPORT RequestId: 8f507cfc-4697-4697-b07a-ac58fc914c95\tDuration: 15.74 ms\tBilled Duration: 16 ms\t\
Memory Size: 1024 MB\tMax Memory Used: 96 MB\t
XRAY TraceId: 1-5e34a614-10bdc1f1fb44f07bc535a1ff\tSegmentId: 07f50fe12d1f6f85\tSampled: true
"""
"""What Lambda itself writes for an invocation (https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html)."""
OF_A_RUN = len(_RUN)


@cache
def _template() -> dict[str, Any]:
    file = REPOSITORY / "template.yaml"
    return parse(file.read_bytes(), file)


def memory_mb() -> int:
    """Of every function that a purchase starts."""
    return int(_template()["Globals"]["Function"]["MemorySize"])


def of_a_request() -> int:
    """Bytes of a line of the gateway's log."""
    form = str(_template()["Resources"]["HttpApi"]["Properties"]["AccessLogSettings"]["Format"])
    return len(re.sub(r"\$context\.([A-Za-z.]*[A-Za-z])", lambda found: _LINE[found[1]], form))


def _of(kind: str) -> list[dict[str, Any]]:
    return [each["Properties"] for each in _template()["Resources"].values() if each["Type"] == kind]


def alarms() -> tuple[int, int]:
    """How many, and how many metrics they watch in all, by which they are billed."""
    watched = [
        sum("MetricStat" in metric for metric in each["Metrics"]) if "Metrics" in each else 1
        for each in _of("AWS::CloudWatch::Alarm")
    ]
    return len(watched), sum(watched)


def dashboards() -> int:
    return len(_of("AWS::CloudWatch::Dashboard"))


def secrets() -> tuple[int, int]:
    """How many there are at least, and at most: two keys of Stripe's are optional."""
    names = {name: each for name, each in _template()["Parameters"].items() if name.endswith("Secret")}
    return sum(each["Default"] != "" for each in names.values()), len(names)


def schedules() -> dict[str, str]:
    """The expression of each job."""
    found: dict[str, str] = {}
    for function in _of("AWS::Serverless::Function"):
        for event in function.get("Events", {}).values():
            if event["Type"] == "ScheduleV2":
                job = re.findall(r'"job": "(\w+)"', event["Properties"]["Input"])[0]
                found[job] = event["Properties"]["ScheduleExpression"]
    return found
