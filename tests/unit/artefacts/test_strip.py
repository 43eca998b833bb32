"""What is taken out of the layer: what the rules name and nothing else, each for a reason that still holds."""

import json
from pathlib import Path

import click
import pytest

from artefacts.strip import SERVICES, Rule, rules, strip, trim_endpoints


def tree(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
    return folder


def left(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def test_what_a_rule_names_goes_but_for_what_stays(tmp_path: Path) -> None:
    names = ("sdk/data/endpoints.json", "sdk/data/sqs/1/a.json", "sdk/data/s3/1/a.json", "sdk/data/s3/1/b.json")
    tree(tmp_path, *names)
    strip(tmp_path, [Rule("others", ("sdk/data/*/**",), ("sdk/data/sqs/**",))])
    assert {name for name in left(tmp_path) if name.endswith(".json")} == set(names[:2])
    assert "sdk/data/s3" not in left(tmp_path)  # emptied


def test_a_rule_that_finds_nothing_fails(tmp_path: Path) -> None:
    tree(tmp_path, "sdk/params/a.py")
    stale = Rule("moved", ("sdk/params/**", "sdk/types/**"))
    with pytest.raises(click.ClickException, match=r"sdk/types/\*\* any more"):
        strip(tmp_path, [stale])


def test_every_rule_says_why_and_no_key_is_unknown() -> None:
    assert all(rule.reason.endswith(".") and rule.goes for rule in rules())
    with pytest.raises(TypeError, match="keeps"):
        rules('[[rule]]\nreason = "A."\ngoes = ["a"]\nkeeps = ["b"]\n')


def test_endpoints_keep_our_services_in_every_partition(tmp_path: Path) -> None:
    """The file is the installed botocore's: one that has another shape must end the build, not empty the list."""
    import botocore

    whole = json.loads((Path(botocore.__file__).parent / "data/endpoints.json").read_text())
    file = tmp_path / "endpoints.json"
    file.write_text(json.dumps(whole))
    trim_endpoints(file)
    trimmed = json.loads(file.read_text())
    assert [each["partition"] for each in trimmed["partitions"]] == [each["partition"] for each in whole["partitions"]]
    for before, after in zip(whole["partitions"], trimmed["partitions"], strict=True):
        assert set(after["services"]) == SERVICES & set(before["services"])
        assert {**after, "services": None} == {**before, "services": None}
    assert set(trimmed["partitions"][0]["services"]) == SERVICES
