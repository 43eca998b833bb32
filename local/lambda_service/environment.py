"""The environment of a worker: the template's variables, what Lambda sets, where the local AWS is. No more."""

import os
import sys
from collections.abc import Mapping

from local.run_config import RunConfig, local_aws_environment
from local.template import Function

MEASURING = "COVERAGE_PROCESS_CONFIG"
"""By this, coverage reaches the processes below the one that it measures; `runtime.py` hides it from handlers.

https://coverage.readthedocs.io/en/latest/subprocess.html
"""


def worker_environment(function: Function, config: RunConfig) -> dict[str, str]:
    """Reserved names win over the template's, as on Lambda.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
    """
    lambda_sets: Mapping[str, str] = {
        "_HANDLER": function.handler,
        "LAMBDA_TASK_ROOT": str(function.code_dir),
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "local",
        "PYTHONPATH": os.pathsep.join(map(str, function.layer_dirs)),
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        **local_aws_environment(config),
    }
    measured = {MEASURING: os.environ[MEASURING]} if MEASURING in os.environ else {}
    return {**function.environment, **lambda_sets, **measured}
