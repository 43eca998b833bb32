"""Finding the system that runs here: one, none, several, or the file of one that was killed."""

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from plumb.errors import PlumbError
from plumb.stages.local import running_system


@pytest.fixture
def gateway() -> Iterator[str]:
    """Something that listens, as the gateway does."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def leave(state: Path, name: str, url: str, **changed: object) -> Path:
    told = {"version": 3, "pid": os.getpid(), "apiUrl": url, "functions": {"F": {}}, "resources": {}, "aws": {}}
    told |= {"realStripe": False, "clockUrl": None}
    file = state / f"run-{name}" / "system.json"
    file.parent.mkdir()
    file.write_text(json.dumps({**told, **changed}))
    return file


def test_a_running_system_is_found_by_its_state(tmp_path: Path, gateway: str) -> None:
    leave(tmp_path, "1", gateway)
    site = running_system(state=tmp_path)
    assert (site.api_url, site.local, site.real_stripe) == (gateway, True, False)


def test_without_a_running_system_it_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(PlumbError, match="No system is running here: start it with `make run`"):
        running_system(state=tmp_path)


def test_several_are_told_apart_by_their_file(tmp_path: Path, gateway: str) -> None:
    first, second = leave(tmp_path, "1", gateway), leave(tmp_path, "2", gateway)
    with pytest.raises(PlumbError, match=f"--run-file with one of {first}, {second}"):
        running_system(state=tmp_path)
    assert running_system(second).api_url == gateway


def test_a_killed_one_is_not_believed(tmp_path: Path, gateway: str) -> None:
    """Its process is gone, or its pid is another's by now and nothing listens."""
    leave(tmp_path, "1", gateway, pid=2**22 + 1)
    leave(tmp_path, "2", "http://127.0.0.1:1")
    with pytest.raises(PlumbError, match="is not running any more: start it with `make run`"):
        running_system(state=tmp_path)


def test_a_killed_one_beside_one_that_runs(tmp_path: Path, gateway: str) -> None:
    leave(tmp_path, "1", "http://127.0.0.1:1")
    leave(tmp_path, "2", gateway)
    assert running_system(state=tmp_path).api_url == gateway


def test_what_another_release_left_behind_stands_in_nobodys_way(tmp_path: Path, gateway: str) -> None:
    """A killed system of the release before, on other ports: no restart would ever write over its file."""
    leave(tmp_path, "1", "http://127.0.0.1:1", version=1)
    leave(tmp_path, "2", gateway, version=1).write_text('{"version": 4}')
    leave(tmp_path, "3", gateway)
    assert running_system(state=tmp_path).api_url == gateway


def test_one_of_another_release_that_runs(tmp_path: Path, gateway: str) -> None:
    leave(tmp_path, "1", gateway, version=1)
    with pytest.raises(PlumbError, match="was written by another release: restart `make run`"):
        running_system(state=tmp_path)


@pytest.mark.parametrize(("content", "sentence"), [("", "can't be read"), ('{"version": 1}', "another release")])
def test_a_file_that_is_not_ours(tmp_path: Path, content: str, sentence: str) -> None:
    file = tmp_path / "system.json"
    file.write_text(content)
    with pytest.raises(PlumbError, match=sentence):
        running_system(file)
