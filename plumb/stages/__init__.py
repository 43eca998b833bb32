"""Where an installation is found: running on this machine, or deployed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from plumb.errors import PlumbError

if TYPE_CHECKING:
    from plumb.site import Site


def find_site(stage: str, *, run_file: Path | None, stack: str | None, region: str | None) -> Site:
    """Find the installation of a stage, and turn this process to its AWS.

    `run_file` says which of several local systems, `stack` and `region` where a deployed one is; None is the usual one.
    Raises PlumbError.
    """
    if stage == "local":
        from plumb.stages.local import running_system

        site = running_system(run_file)
    else:
        from plumb.stages.deployed import deployed_stack

        site = deployed_stack(stage, stack, region)
    named = site.environment.get("STAGE")
    if named != stage:
        raise PlumbError(f"The functions found say that their stage is {named}, not {stage}.")
    os.environ.update(site.aws)
    return site
