"""Run by the SAM CLI's own Python: print what `sam local invoke` would give each function's container.

These are the SAM CLI's own parts (1.170), as `samcli/commands/local/lib/local_lambda.py` puts them together; only the
container, for which it needs Docker, is left out.
"""

import json
import sys

from samcli.commands.local.lib.local_lambda import LocalLambdaRunner
from samcli.lib.providers.sam_function_provider import SamFunctionProvider
from samcli.lib.providers.sam_stack_provider import SamLocalStackProvider


def main() -> None:
    template, variables, region = sys.argv[1:]
    with open(variables) as file:  # noqa: PTH123  as the CLI does
        given = json.load(file)
    stacks, _ = SamLocalStackProvider.get_stacks(template, global_parameter_overrides={"AWS::Region": region})
    runner = LocalLambdaRunner(
        local_runtime=None,
        function_provider=SamFunctionProvider(stacks),
        cwd=".",
        real_path=".",
        env_vars_values=given,
        aws_region=region,
        debug_context=None,
        container_host=None,
        container_host_interface=None,
    )
    print(json.dumps({each.name: runner._make_env_vars(each).resolve() for each in runner.provider.get_all()}))


if __name__ == "__main__":
    main()
