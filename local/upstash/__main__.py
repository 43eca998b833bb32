"""`python -m local.upstash --config state/run.json`"""

from local.arguments import config_from_arguments
from local.serve import serve
from local.upstash.app import RestApi
from local.upstash.redis import RawRedis


def main() -> None:
    config = config_from_arguments()
    serve(RestApi(config.upstash_token, RawRedis(config.redis_url)).app(), config.ports.upstash)


if __name__ == "__main__":
    main()
