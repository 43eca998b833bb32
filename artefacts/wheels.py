"""Fetch the locked wheels for the functions' machine, each held to its hash.

`sam build` asks pip twice: for wheels of the machine that it runs on, with the lock's hashes, and then by name and
version alone for those of the functions' machine (aws-lambda-builders, `python_pip/packager.py`,
`download_manylinux_wheels`). Nothing would hold the ones that are deployed to the lock. So both kinds are fetched here,
with hashes, and `sam build` gets no other place to look.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from pathlib import Path

import click

# The tags that Lambda's python3.13 takes: Amazon Linux 2023, glibc 2.34. pip takes each tag as it is named, and no
# older one along with it. https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
_GLIBC = ("manylinux_2_34", "manylinux_2_28", "manylinux_2_17", "manylinux2014")
_MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}
_COMMON = ("download", "--quiet", "--require-hashes", "--only-binary", ":all:", "--no-deps")


def fetch_wheels(pip: Path, lock: Path, arch: str, into: Path) -> Path:
    """Return a folder that holds the lock's wheels for `arch` and for this machine; fetch them once for each lock.

    What was fetched before is hashed again, for the folder is open to whatever runs here: one file that is not of the
    lock, and all are fetched anew. `sam build` itself asks for no hash.

    `pip` is a Python that has pip. Raises ClickException with pip's words when a wheel is missing or is not the one
    that was locked.
    """
    folder = into / f"{arch}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:16]}"
    if folder.exists() and _is_locked(folder, lock):
        return folder
    unfinished = into / f"unfinished-{arch}"
    shutil.rmtree(unfinished, ignore_errors=True)
    _download(pip, lock, unfinished)
    platforms = [part for glibc in _GLIBC for part in ("--platform", f"{glibc}_{_MACHINES[arch]}")]
    abis = ("--abi", "cp313", "--abi", "abi3", "--abi", "none")
    _download(pip, lock, unfinished, "--python-version", "3.13", "--implementation", "cp", *abis, *platforms)
    for former in into.glob(f"{arch}-*"):
        shutil.rmtree(former)  # of an older lock, or not as it was fetched
    unfinished.rename(folder)
    return folder


def _is_locked(folder: Path, lock: Path) -> bool:
    locked = set(re.findall(r"--hash=sha256:([0-9a-f]{64})", lock.read_text()))
    return all(path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() in locked for path in folder.iterdir())


def _download(pip: Path, lock: Path, into: Path, *which: str) -> None:
    command = [str(pip), "-m", "pip", *_COMMON, *which, "-r", str(lock), "--dest", str(into)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        raise click.ClickException(f"pip could not fetch the locked wheels:\n{ran.stderr}")
