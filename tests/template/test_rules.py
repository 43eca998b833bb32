"""What holds of the template, rule by rule, and that each rule speaks when it is broken, and no other with it."""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

import pytest

from tests.template.rule import Rule, Template
from tests.template.rules import alarms, api, functions, parameters, pipes, queues, roles, rollout, tables

RULES = (
    *roles.RULES,
    *functions.RULES,
    *rollout.RULES,
    *queues.RULES,
    *tables.RULES,
    *api.RULES,
    *alarms.RULES,
    *pipes.RULES,
    *parameters.RULES,
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.says)
def test_it_holds(rule: Rule, expanded: dict[str, Any]) -> None:
    assert list(rule.check(Template(expanded))) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.says)
def test_it_speaks_when_it_is_broken_and_no_other_does(rule: Rule, expanded: dict[str, Any]) -> None:
    spoiled = Template(copy.deepcopy(expanded))
    rule.broken(spoiled)
    assert {other.says for other in RULES if list(other.check(spoiled))} == {rule.says, *rule.also}


def test_each_rule_says_something_else() -> None:
    assert [says for says, times in Counter(rule.says for rule in RULES).items() if times > 1] == []
    assert len(RULES) >= 40
