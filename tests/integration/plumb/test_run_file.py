"""The file that a running system leaves: there while it runs, gone afterwards, and without a secret."""

import json
import stat
from pathlib import Path

from local.stack import Stack
from plumb.stages.local import running_system


def test_it_lives_as_long_as_the_system(tmp_path: Path) -> None:
    """S18: names of secrets only."""
    state = tmp_path / "run-1"
    with Stack(state_dir=state, seed=False, warm=()) as stack:
        file = state / "system.json"
        site = running_system(state=tmp_path)
        assert (site.api_url, site.local, site.real_stripe) == (stack.api_url, True, False)
        assert site.environment["LEDGER_TABLE"] == stack.table_name("LedgerTable")
        text = file.read_text()
        for hidden in (stack.stripe_key, stack.webhook_secret, stack.upstash_token):
            assert hidden not in text
        assert json.loads(text)["version"] == 3
        assert not stat.S_IMODE(file.stat().st_mode) & stat.S_IWOTH
    assert not file.exists()
