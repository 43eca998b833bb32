"""`python -m local.lambda_service --config state/run.json`"""

from local.arguments import config_from_arguments
from local.lambda_service.app import build_app
from local.lambda_service.service import LambdaService
from local.serve import serve


def main() -> None:
    config = config_from_arguments()
    serve(build_app(LambdaService(config)), config.ports.lambda_service)


if __name__ == "__main__":
    main()
