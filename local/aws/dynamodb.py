"""`python -m local.aws.dynamodb --config state/run.json`: the tables, one request at a time."""

import threading

from local.arguments import config_from_arguments
from local.aws import answers, streams, transactions
from local.aws.follow import follow
from local.aws.provision import create_tables
from local.aws.server import moto_application, one_at_a_time, start_server, with_health
from local.aws_clients import dynamodb_client


def main() -> None:
    config = config_from_arguments()
    answers.install()
    transactions.install()
    streams.install()
    ready = threading.Event()
    start_server(with_health(one_at_a_time(moto_application()), ready), config.ports.dynamodb)
    client = dynamodb_client(config.dynamodb_url)
    follow(config, lambda model: create_tables(model, client), ready)


if __name__ == "__main__":
    main()
