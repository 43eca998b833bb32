"""Credits: one account with what was asked of it before, and the one transaction of a spend."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from billing.adapters.dynamodb import calls
from billing.adapters.dynamodb.items import account_key, from_item, lot_key, request_key, to_item
from billing.adapters.dynamodb.ledger_store import entry_get, entry_put
from billing.adapters.dynamodb.puts import DUE_INDEX, DUE_SHARDS, account_put, due_text, lot_put, undone_put
from billing.config import Tables
from billing.domain.account import Account
from billing.domain.credits import Lot, LotKey
from billing.domain.ids import UserId
from billing.domain.ledger import Entry
from billing.domain.receipt import KEPT, Remembered
from billing.domain.spending import Holdings
from billing.ports.credits import CreditOutcome, CreditWrite, Found

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_NEW = "attribute_not_exists( #pk )"
_LOST = "ConditionalCheckFailed"


class DynamoCredits:
    """The CreditStore port over DynamoDB."""

    def __init__(self, client: DynamoDBClient, tables: Tables) -> None:
        self._client = client
        self._tables = tables

    def find(self, user: UserId, key: str | None = None, lots: Collection[LotKey] = ()) -> Found:
        """See CreditStore. One read, and one more for lots that the account does not hold.

        After it, since a batch is read in any order, and a part of it later
        (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html): a lot that is read first
        may leave the account before that is read. The other way round the write, which holds to the account's counters,
        is refused: who writes a lot writes the account.
        """
        asked = [request_key(user, key)] if key is not None else []
        found = self._read([account_key(user), *asked])
        item = found.get(account_key(user))
        account = from_item(Account, item) if item is not None else Account(user=user)
        here = {lot.key for lot in account.lots}
        absent = self._read([lot_key(user, lot) for lot in lots if lot not in here])
        moved = [from_item(Lot, each) for each in absent.values()]
        request = found.get(asked[0]) if asked else None
        return Found(
            Holdings(account, {lot.key: lot for lot in moved}),
            from_item(Remembered, request) if request is not None else None,
        )

    def entry(self, user: UserId, key: str) -> Entry | None:
        """See CreditStore."""
        return entry_get(self._client, self._tables.ledger, user, key)

    def write(self, write: CreditWrite) -> CreditOutcome:
        """See CreditStore. Request and mark come first, so that their reasons are read by index."""
        act, table = write.act, self._tables.accounts
        guards = {
            CreditOutcome.REPEATED: _request_put(table, write.remembered) if write.remembered else None,
            CreditOutcome.UNDONE: _undone_put(table, write) if write.undone else None,
        }
        asked = [(outcome, put) for outcome, put in guards.items() if put is not None]
        items = [put for _, put in asked]
        items.append(account_put(table, write.before, act.account))
        items += [lot_put(table, act.account.user, lot) for lot in act.moved]
        items += [entry_put(self._tables.ledger, entry) for entry in act.entries]
        try:
            calls.write(self._client, items)
        except calls.Refused as refused:
            for (outcome, _), reason in zip(asked, refused.reasons, strict=False):
                if reason == _LOST:
                    return outcome
            return CreditOutcome.CONFLICT
        return CreditOutcome.DONE

    def _read(self, keys: Collection[str]) -> dict[str, Any]:
        return calls.get_all(self._client, self._tables.accounts, keys)


class DynamoDue:
    """The DueReader port over DynamoDB: the one reader of an index, which is never on the money path."""

    def __init__(self, client: DynamoDBClient, tables: Tables) -> None:
        self._client = client
        self._table = tables.accounts

    def due(self, until: datetime) -> Iterator[UserId]:
        """See DueReader."""
        for shard in DUE_SHARDS:
            more: Any = {}
            while True:
                answer = self._page(shard, until, more)
                yield from (UserId(item["pk"]["S"].removeprefix("ACCOUNT#")) for item in answer["Items"])
                if "LastEvaluatedKey" not in answer:
                    break
                more = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def _page(self, shard: str, until: datetime, more: Any) -> Any:
        values = {"shard": shard, "until": due_text(until)}
        condition = "#due_shard = :shard AND #due_at <= :until"
        return calls.query(self._client, self._table, condition, values, IndexName=DUE_INDEX, **more)


def _request_put(table: str, remembered: Remembered) -> dict[str, Any]:
    """The put of a request: what makes it happen once (money rule 20). `forget_at` is the table's time to live."""
    ends = {} if remembered.lasting else {"forget_at": int((remembered.at + KEPT).timestamp())}
    return calls.put(table, to_item(remembered, pk=request_key(remembered.user, remembered.key), **ends), _NEW)


def _undone_put(table: str, write: CreditWrite) -> dict[str, Any]:
    by = write.act.entry.key if write.act.entry else None
    return undone_put(table, write.act.account.user, write.undone or "", by)
