"""Which changes are tried, under which names, and that the rules leave out no more than they say."""

from __future__ import annotations

import ast

import pytest

from tests.mutation.mutants import Mutant, mutants_of

CODE = '''"""A file."""

from typing import cast

LIMIT = 3


class Lot:
    """A lot."""

    size: int = 1

    @property
    def left(self) -> int:
        """What is left."""
        if self.size > LIMIT:
            raise ValueError("too large", 7)
        return self.size - 2


def total(lots, log, *, least=0):
    log.info("adding", count=5)
    deps.log.warning("adding", count=5)
    log().failure("adding", None, count=5)
    found = cast("int", len(lots + [4]))
    return found if found > least else most(
        least, 7
    )


def outer():
    def inner(parts):
        return sum(parts)

    return inner
'''


def changes(text: str = CODE) -> set[tuple[str, str, str]]:
    return {(mutant.function, mutant.was, mutant.becomes) for mutant in mutants_of("file.py", text)}


def of_line(words: str) -> list[Mutant]:
    return [mutant for mutant in mutants_of("file.py", CODE) if mutant.was == words]


@pytest.mark.parametrize(
    ("function", "was", "becomes"),
    [
        ("Lot.left", "if self.size > LIMIT:", "if self.size >= LIMIT:"),
        ("Lot.left", "return self.size - 2", "return self.size + 2"),
        ("Lot.left", 'raise ValueError("too large", 7)', 'raise ValueError("too large", 8)'),
        ("total", 'found = cast("int", len(lots + [4]))', "found = None"),
        ("total", "return found if found > least else most(", "return found if (found > least) or True else most("),
        ("outer", "return sum(parts)", "return sum(None)"),
    ],
)
def test_what_is_run_when_a_function_is_called_is_mutated(function: str, was: str, becomes: str) -> None:
    assert (function, was, becomes) in changes()


def test_what_the_rules_leave_out_is_left_out() -> None:
    told = "\n".join(becomes for _, _, becomes in changes())
    assert "adding" not in told
    assert "count" not in told
    assert "XXtoo large" not in told
    assert "ValueError(None" not in told
    assert "ValueError(7" not in told
    assert "XXint" not in told
    assert "lots - [4]" not in told
    assert "A lot" not in told
    outside = (
        'from a import b\nLIMIT = 3\n\n\n@b(1)\nclass C:\n    x: int = 1\n\n    def f(self, y=1):\n        "Text."\n'
    )
    assert not changes(outside)


def test_of_a_string_one_mutant_is_tried() -> None:
    assert changes('def f():\n    return "Abc"\n') == {("f", 'return "Abc"', 'return "XXAbcXX"')}


def test_the_same_change_twice_in_a_function_has_two_names() -> None:
    text = "def f(a):\n    a.b(1)\n    a.c()\n    a.b(1)\n"
    twice = [mutant for mutant in mutants_of("file.py", text) if mutant.becomes == "a.b(2)"]
    assert [(mutant.nth, mutant.lines) for mutant in twice] == [(1, (2, 2)), (2, (4, 4))]
    shifted = [mutant.name for mutant in mutants_of("file.py", f"import a\n\n\n{text}")]
    assert shifted == [mutant.name for mutant in mutants_of("file.py", text)]


def test_each_mutant_is_the_whole_file_with_one_change() -> None:
    whole = ast.dump(ast.parse(CODE))
    for mutant in mutants_of("file.py", CODE):
        assert ast.dump(ast.parse(mutant.source)) != whole, mutant
        assert mutant.source.startswith('"""A file."""\n\nfrom typing import cast\n')
    [left] = [mutant for mutant in of_line("return self.size - 2") if mutant.becomes.endswith("+ 2")]
    assert left.source == CODE.replace("self.size - 2", "self.size + 2")
    [most] = [mutant for mutant in mutants_of("file.py", CODE) if mutant.becomes == "least, 8"]
    assert most.source == CODE.replace("least, 7", "least, 8")


def test_a_change_in_a_condition_concerns_its_head_alone() -> None:
    line = CODE.splitlines().index("        if self.size > LIMIT:") + 1
    assert {mutant.lines for mutant in of_line("if self.size > LIMIT:")} == {(line, line)}
