"""`python -m local.aws.external --config state/run.json`: create the tables in a DynamoDB that is not ours, once."""

from local.arguments import config_from_arguments
from local.aws.provision import create_tables
from local.aws_clients import dynamodb_client


def main() -> None:
    config = config_from_arguments()
    create_tables(config.model(), dynamodb_client(config.dynamodb_url))


if __name__ == "__main__":
    main()
