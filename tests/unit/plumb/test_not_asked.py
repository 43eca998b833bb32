"""A change that nobody agreed to: 2 where nobody could be asked, so that no pipeline is green without its --yes."""

from pathlib import Path

from tests.fakes.operator import Operator
from tests.unit.plumb.conftest import Deployed


def file_of_grants(deployed: Deployed, tmp_path: Path) -> tuple[str, ...]:
    deployed.deploy()
    deployed.store_secrets()
    file = tmp_path / "grants.csv"
    file.write_text("user,amount,reason\nalice,5,welcome\n")
    return ("grant", "--csv", str(file), "--stage", "staging")


def test_without_a_terminal(deployed: Deployed, plumb: Operator, tmp_path: Path) -> None:
    call = file_of_grants(deployed, tmp_path)
    told = plumb(*call)
    assert (told.code, told.err) == (2, "Nothing was changed: pass --yes to do it.\n")
    assert plumb(*call, "--dry-run").code == 0


def test_a_program_is_never_asked(deployed: Deployed, plumb: Operator, tmp_path: Path) -> None:
    """What would be done is told all the same."""
    told = plumb(*file_of_grants(deployed, tmp_path), "--json", terminal=True)
    assert (told.code, [line["state"] for line in told.lines]) == (2, ["new"])


def test_a_no_at_a_terminal_is_an_answer(deployed: Deployed, plumb: Operator, tmp_path: Path) -> None:
    told = plumb(*file_of_grants(deployed, tmp_path), stdin="n\n", terminal=True)
    assert told.code == 0
    assert told.err.endswith("Nothing was changed.\n")
