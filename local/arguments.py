"""The one argument every part takes."""

import argparse
from pathlib import Path

from local.run_config import RunConfig


def config_from_arguments() -> RunConfig:
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path, required=True, help="run.json, written by the supervisor")
    return RunConfig.load(parser.parse_args().config)
