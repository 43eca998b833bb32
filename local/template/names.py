"""The names and addresses resources have on this machine."""

from dataclasses import dataclass

REGION = "us-east-1"
ACCOUNT_ID = "123456789012"
"""moto's default account: the queue URLs and ARNs it answers carry it."""
STACK_NAME = "plumbline-local"
PARTITION = "aws"
URL_SUFFIX = "amazonaws.com"


@dataclass(frozen=True)
class Addresses:
    """Where the services that resource names point to are listening."""

    sqs_url: str
    api_url: str


def function_arn(name: str) -> str:
    return f"arn:{PARTITION}:lambda:{REGION}:{ACCOUNT_ID}:function:{name}"


def unqualified(arn: str) -> str:
    """The function's ARN, of it or of an alias: here there is one version of each."""
    return ":".join(arn.split(":")[:7])


def queue_arn(name: str) -> str:
    return f"arn:{PARTITION}:sqs:{REGION}:{ACCOUNT_ID}:{name}"


def queue_url(name: str, addresses: Addresses) -> str:
    return f"{addresses.sqs_url}/{ACCOUNT_ID}/{name}"


def table_arn(name: str) -> str:
    return f"arn:{PARTITION}:dynamodb:{REGION}:{ACCOUNT_ID}:table/{name}"


def stream_arn(name: str) -> str:
    """Whatever label the stream really has: it is looked up by its table."""
    return f"{table_arn(name)}/stream/local"


def bus_arn(name: str) -> str:
    return f"arn:{PARTITION}:events:{REGION}:{ACCOUNT_ID}:event-bus/{name}"


def pipe_arn(name: str) -> str:
    return f"arn:{PARTITION}:pipes:{REGION}:{ACCOUNT_ID}:pipe/{name}"
