"""`python -m local.aws.sqs --config state/run.json`: queues and secrets.

A process of its own with threads, since a long poll would block the tables' one-request-at-a-time server.
"""

import threading

from local.arguments import config_from_arguments
from local.aws import answers, queues
from local.aws.follow import follow
from local.aws.provision import create_queues, create_secrets
from local.aws.server import moto_application, start_server, with_health
from local.aws_clients import secrets_client, sqs_client


def main() -> None:
    config = config_from_arguments()
    answers.install()
    queues.install()
    ready = threading.Event()
    start_server(with_health(moto_application(), ready), config.ports.sqs)
    create_secrets(config.secrets, secrets_client(config.sqs_url))
    client = sqs_client(config.sqs_url)
    follow(config, lambda model: create_queues(model, client), ready)


if __name__ == "__main__":
    main()
