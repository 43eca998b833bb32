"""`python -m local.storefront_server --config state/run.json`"""

from local.arguments import config_from_arguments
from local.serve import serve
from local.storefront_server.app import build_app


def main() -> None:
    config = config_from_arguments()
    serve(build_app(config), config.ports.storefront)


if __name__ == "__main__":
    main()
