"""Tests that share a running system run in one process."""

import pytest

from tests.side_by_side import kept_together


@pytest.mark.parametrize("folder", ["browser", "integration/local", "integration/plumb", "integration/purchase"])
def test_a_folder_with_one_system_stays_together(folder: str) -> None:
    assert kept_together(f"tests/{folder}/test_any.py::test_any[::]") == f"tests/{folder}"


def test_all_others_go_by_file() -> None:
    file = "tests/integration/stripe/test_delivery.py"
    assert kept_together(f"{file}::test_any") == file
