"""The queues and tables, as SQS's and DynamoDB's own calls make them."""

import json
from typing import Any

from local.template import names
from local.template.model import Queue, Table
from local.template.names import Addresses
from local.template.resources import Resources

_QUEUE_ATTRIBUTES = (
    "VisibilityTimeout",
    "MessageRetentionPeriod",
    "DelaySeconds",
    "MaximumMessageSize",
    "ReceiveMessageWaitTimeSeconds",
    "FifoQueue",
    "ContentBasedDeduplication",
)
_TABLE_ARGUMENTS = (
    "AttributeDefinitions",
    "KeySchema",
    "BillingMode",
    "ProvisionedThroughput",
    "GlobalSecondaryIndexes",
    "LocalSecondaryIndexes",
)


def read_queues(resources: Resources, addresses: Addresses) -> dict[str, Queue]:
    """By their logical ids."""
    return {each: _queue(resources, addresses, each) for each in resources.of("AWS::SQS::Queue")}


def read_tables(resources: Resources) -> dict[str, Table]:
    """By their logical ids."""
    return {each: _table(resources, each) for each in resources.of("AWS::DynamoDB::Table")}


def _queue(resources: Resources, addresses: Addresses, logical_id: str) -> Queue:
    properties = resources.properties(logical_id)
    name = resources.name(logical_id)
    attributes = {key: _attribute(properties[key]) for key in _QUEUE_ATTRIBUTES if key in properties}
    if "RedrivePolicy" in properties:
        attributes["RedrivePolicy"] = _attribute(properties["RedrivePolicy"])
    return Queue(logical_id, name, names.queue_arn(name), names.queue_url(name, addresses), attributes)


def _table(resources: Resources, logical_id: str) -> Table:
    properties = resources.properties(logical_id)
    name = resources.name(logical_id)
    definition = {key: properties[key] for key in _TABLE_ARGUMENTS if key in properties}
    if "StreamSpecification" in properties:  # CloudFormation leaves out what CreateTable asks for
        definition["StreamSpecification"] = {"StreamEnabled": True, **properties["StreamSpecification"]}
    ttl = properties.get("TimeToLiveSpecification", {})
    enabled = str(ttl.get("Enabled", "false")).lower() == "true"
    return Table(logical_id, name, {"TableName": name, **definition}, ttl["AttributeName"] if enabled else None)


def _attribute(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, dict) else str(value)
