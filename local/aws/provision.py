"""Create what the template describes: tables, queues, secrets. Safe to repeat: what exists is left alone."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from local.template import Model, Queue, Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient


def create_tables(model: Model, client: "DynamoDBClient") -> None:
    existing = set(client.list_tables()["TableNames"])
    for table in model.tables.values():
        if table.name not in existing:
            _create_table(table, client)


def _create_table(table: Table, client: "DynamoDBClient") -> None:
    definition: dict[str, Any] = dict(table.definition)
    if "ProvisionedThroughput" not in definition:
        definition["BillingMode"] = "PAY_PER_REQUEST"
    client.create_table(**definition)
    client.get_waiter("table_exists").wait(TableName=table.name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    if table.ttl_attribute is not None:
        client.update_time_to_live(
            TableName=table.name,
            TimeToLiveSpecification={"Enabled": True, "AttributeName": table.ttl_attribute},
        )


def create_queues(model: Model, client: "SQSClient") -> None:
    """Queues that others redrive to come first: SQS refuses a redrive policy to a queue that is not there."""
    existing = {url.rsplit("/", 1)[1] for url in client.list_queues().get("QueueUrls", [])}
    for queue in sorted(model.queues.values(), key=lambda queue: "RedrivePolicy" in queue.attributes):
        if queue.name in existing:
            client.set_queue_attributes(QueueUrl=queue.url, Attributes=_attributes(queue, without="FifoQueue"))
        else:
            client.create_queue(QueueName=queue.name, Attributes=_attributes(queue))


def _attributes(queue: Queue, without: str = "") -> dict[Any, str]:
    return {key: value for key, value in queue.attributes.items() if key != without}


def create_secrets(secrets: Mapping[str, str], client: "SecretsManagerClient") -> None:
    for name, content in secrets.items():
        try:
            client.create_secret(Name=name, SecretString=content)
        except ClientError as exc:
            if exc.response["Error"]["Code"] != "ResourceExistsException":
                raise
            client.put_secret_value(SecretId=name, SecretString=content)
