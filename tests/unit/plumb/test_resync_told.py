"""What `plumb resync` says in words: sessions and invoices, not payments, and no `1 accounts`."""

from dataclasses import replace

import pytest

from billing.domain.account import Account
from billing.domain.ids import UserId
from billing.services.resync import Resynced
from plumb.commands.resync import summary, tell
from plumb.invocation import Invocation

ALICE = UserId("alice")
RESULT = Resynced(Account(user=ALICE, balance=500, version=2), (), 4, (), whole=True)


@pytest.mark.parametrize(
    ("payments", "sentence"),
    [
        (1, "alice: 1 checkout session or invoice looked at, 0 ledger entries written, balance 500.\n"),
        (4, "alice: 4 checkout sessions and invoices looked at, 0 ledger entries written, balance 500.\n"),
    ],
)
def test_a_resync_of_one_account_is_told_in_a_sentence(
    capsys: pytest.CaptureFixture[str], payments: int, sentence: str
) -> None:
    assert tell(Invocation(), ALICE, replace(RESULT, payments=payments)) is False
    assert capsys.readouterr().out == sentence


def test_a_resync_that_is_not_whole_says_what_it_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert tell(Invocation(), ALICE, replace(RESULT, failed=("in_1",), whole=False), quiet=True) is True
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "alice: in_1 can't be read; the rest was brought up to date.",
        "alice: there is more than was looked at.",
    ]


@pytest.mark.parametrize(
    ("done", "failed", "sentence"),
    [
        (0, 0, "There is no account yet."),
        (1, 0, "1 account looked at, and it is whole."),
        (2, 0, "2 accounts looked at, all whole."),
        (1, 1, "1 account looked at, and it is not whole (standard error says why)."),
        (3, 1, "3 accounts looked at, 1 of them not whole (standard error says which, and why)."),
    ],
)
def test_a_resync_of_all_accounts_is_summed_up(done: int, failed: int, sentence: str) -> None:
    assert summary(done, failed) == sentence
