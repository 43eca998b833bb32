"""docs/events.md names what is told, as the code and the pipes tell it."""

import json
import re
from collections import defaultdict

import pytest

from billing.domain.ledger import Entry, Kind
from billing.domain.outbox import SUBSCRIPTION_CHANGED, ledger_event
from local.template.expand import expand
from tests.conftest import REPOSITORY
from tests.fakes.snapshots import ALICE, NOW

PAGE = (REPOSITORY / "docs/events.md").read_text()
ENTRIES, SUBSCRIPTIONS = (
    PAGE.partition(f"## {head}\n")[2].partition("\n## ")[0] for head in ("Entries of the ledger", "Subscriptions")
)
MEMBER = re.compile(r"^\| (`[a-z_]+`(?:, `[a-z_]+`)*) \|", re.MULTILINE)


def members(section: str) -> set[str]:
    return {name for names in MEMBER.findall(section) for name in re.findall(r"[a-z_]+", names)}


def test_each_type_stands_with_its_kinds() -> None:
    rows = re.findall(r"^\| `([a-z.]+)` \| [^|]+ \| ([^|]+) \|$", ENTRIES, re.MULTILINE)
    told: defaultdict[str, set[str]] = defaultdict(set)
    for kind in Kind:
        told[ledger_event(Entry(ALICE, 1, 0, kind, 0, 0, None, None, "api", "", NOW))["type"]].add(kind)
    assert {kind: set(re.findall(r"[A-Z_]+", kinds)) for kind, kinds in rows} == told
    assert f"`{SUBSCRIPTION_CHANGED}`" in SUBSCRIPTIONS


def test_each_member_stands_there(tmp_path_factory: pytest.TempPathFactory) -> None:
    expanded = expand(REPOSITORY / "template.yaml", tmp_path_factory.mktemp("template"))["expanded"]["Resources"]
    told = {
        name: set(json.loads(expanded[name]["Properties"]["TargetParameters"]["InputTemplate"]))
        for name in ("LedgerPipe", "SubscriptionPipe")
    }
    assert told["LedgerPipe"] - {"kind"} == members(ENTRIES)
    example = json.loads(PAGE[PAGE.index("    {") : PAGE.index("\n    }") + 6])
    assert set(example["detail"]) == told["LedgerPipe"]
    assert told["SubscriptionPipe"] == {"schema", "user", "version"} | members(SUBSCRIPTIONS)
