"""`python -m local.gateway --config state/run.json`"""

from local.arguments import config_from_arguments
from local.gateway.app import build_app
from local.serve import serve


def main() -> None:
    config = config_from_arguments()
    serve(build_app(config), config.ports.api)


if __name__ == "__main__":
    main()
