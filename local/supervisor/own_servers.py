"""The servers that `.env` names in the place of stand-ins: ask each once, before anything starts."""

from typing import TYPE_CHECKING

from local.errors import StartError
from local.supervisor.settings import Backends

if TYPE_CHECKING:
    from local.template import Model


def prepare_own_servers(backends: Backends, model: "Model") -> None:
    """Create the tables in a DynamoDB that is not ours, and greet Redis; raise StartError naming the setting."""
    if backends.dynamodb_url is not None:
        _prepare_dynamodb(backends.dynamodb_url, model)
    if backends.redis_url is not None:
        _greet_redis(backends.redis_url)


def _prepare_dynamodb(url: str, model: "Model") -> None:
    from botocore.exceptions import BotoCoreError, ClientError

    from local.aws.provision import create_tables
    from local.aws_clients import dynamodb_client

    try:
        create_tables(model, dynamodb_client(url))
    except (BotoCoreError, ClientError) as error:
        raise StartError(f"PLUMBLINE_DYNAMODB_URL: no DynamoDB can be used at {url} ({error}).") from error


def _greet_redis(url: str) -> None:
    import redis

    try:
        with redis.Redis.from_url(url, socket_connect_timeout=2, socket_timeout=5) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:  # neither repeats the address, which may hold a password
        raise StartError(f"REDIS_URL: no Redis server can be used there ({error}).") from error
