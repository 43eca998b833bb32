"""Sizes against Lambda's limit."""

import random
from pathlib import Path

import click
import pytest

from artefacts import __main__ as command
from artefacts.sizes import Size, largest, size_of, table


def test_a_folder_is_all_its_files(tmp_path: Path) -> None:
    (tmp_path / "python").mkdir()
    (tmp_path / "python/noise").write_bytes(random.Random(1).randbytes(3000))
    (tmp_path / "zeros").write_bytes(bytes(5000))
    size = size_of(tmp_path)
    assert size.unzipped == 8000
    assert 3000 < size.zipped < 3100  # noise as it is, zeros as nearly nothing


def test_the_largest_function_has_every_layer() -> None:
    layers, functions = [Size("a", 1000, 0), Size("b", 200, 0)], [Size("f", 1, 0), Size("g", 30, 0)]
    assert largest(layers, functions) == 1230


def test_the_table_is_in_lambdas_units() -> None:
    assert table([Size("Layer", 3 * 2**20, 1536)]).splitlines()[1].split() == ["Layer", "3.0", "MB", "1.5", "KB"]


def test_what_lambda_would_refuse_fails_the_build(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "Layer/python").mkdir(parents=True)
    (tmp_path / "Function").mkdir()
    (tmp_path / "Function/app.py").write_bytes(bytes(10))
    (tmp_path / "Layer/python/module.py").write_bytes(bytes(90))
    command.weigh(tmp_path)
    assert "Lambda takes 250.0 MB" in capsys.readouterr().out
    command.weigh(tmp_path, limit=100)
    with pytest.raises(click.ClickException, match="refuse"):
        command.weigh(tmp_path, limit=99)
