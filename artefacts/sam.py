"""Run the real `sam build`, for the architecture of the template or for this machine's."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import click

DEPLOYED = "arm64"
"""The architecture in template.yaml, by Lambda's name for it."""


def sam_build(repository: Path, tools: Path, wheels: Path, arch: str, into: Path) -> None:
    """Build every function and layer into `into`; raise ClickException when `sam build` fails.

    `tools` is the folder of programs that holds `sam`, and a `python3.13` that has pip: `sam build` takes the one it
    finds first on PATH.
    """
    environment = os.environ | {
        "PATH": f"{tools}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PIP_CONFIG_FILE": os.devnull,  # a constraint or an index of this machine has no say in what is deployed
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheels),
        "SAM_CLI_TELEMETRY": "0",
        "AWS_DEFAULT_REGION": os.environ.get("AWS_DEFAULT_REGION", "us-east-1"),  # nothing is asked of it
    }
    template = repository / "template.yaml" if arch == DEPLOYED else _template_for(repository, arch, into.parent)
    # Without a cache: it would be of another architecture, or of another lock's wheels.
    where = ("--template-file", str(template), "--base-dir", str(repository), "--build-dir", str(into))
    command = [str(tools / "sam"), "build", "--no-cached", "--parallel", *where]
    ran = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        raise click.ClickException(f"sam build failed:\n{ran.stdout}{ran.stderr}")


def _template_for(repository: Path, arch: str, folder: Path) -> Path:
    """Write the template for another machine: the same, but for the name of the architecture."""
    template = folder / f"template-{arch}.yaml"
    template.parent.mkdir(parents=True, exist_ok=True)
    template.write_text((repository / "template.yaml").read_text().replace(DEPLOYED, arch))
    return template
