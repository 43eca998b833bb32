"""DynamoDB's refusals and failures, turned into ours; and what every request has in common."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import (
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)
from botocore.stub import ANY, Stubber

from billing.adapters.dynamodb.account_store import DynamoAccounts
from billing.adapters.dynamodb.checkout_store import DynamoCheckouts
from billing.adapters.dynamodb.event_store import DynamoEvents
from billing.adapters.dynamodb.items import to_item
from billing.adapters.dynamodb.ledger_store import DynamoLedger
from billing.config import Tables
from billing.domain.ids import CustomerId, EventId
from billing.domain.records import Commit, CommitOutcome, Committed, Outcome, Recording, Unparked
from billing.errors import Contention, MalformedObject, StoreUnavailable
from tests.unit.billing.adapters.dynamo_tables import (
    CUSTOMER,
    INTENT,
    SESSION,
    USER,
    World,
    account,
    claim,
    commit,
    entry,
    event,
    order,
    payment,
    purchase,
    stored,
)

TABLES = Tables("events", "accounts", "ledger")
ENDPOINT = "http://127.0.0.1:1"


class Stubbed:
    """The stores over a client that answers what a test has put in."""

    def __init__(self) -> None:
        self.client = boto3.client("dynamodb", config=Config(retries={"total_max_attempts": 1}))
        self.stub = Stubber(self.client)
        self.accounts = DynamoAccounts(self.client, TABLES)
        self.checkouts = DynamoCheckouts(self.client, TABLES)
        self.events = DynamoEvents(self.client, TABLES)
        self.ledger = DynamoLedger(self.client, TABLES)

    def cancels(self, *reasons: str) -> None:
        given = {"CancellationReasons": [{"Code": reason, "Message": "m"} for reason in reasons]}
        self.stub.add_client_error(
            "transact_write_items",
            "TransactionCanceledException",
            modeled_fields=given if reasons else None,
            http_status_code=400,
        )


@pytest.fixture(scope="module")
def one_client() -> Stubbed:
    return Stubbed()


@pytest.fixture
def stubbed(one_client: Stubbed) -> Iterator[Stubbed]:
    with one_client.stub:
        yield one_client
        one_client.stub.assert_no_pending_responses()


READS: dict[str, Callable[[Stubbed], object]] = {
    "batch_get_item": lambda at: at.accounts.load(USER, [purchase().key]),
    "get_item": lambda at: at.checkouts.claim(USER, "slot"),
    "query": lambda at: at.ledger.page(USER, 10, None),
}
WRITES: dict[str, Callable[[Stubbed], object]] = {
    "commit": lambda at: at.accounts.commit(commit(account(version=1), events=(event(),))),
    "open_account": lambda at: at.accounts.open_account(account()),
    "own_customers": lambda at: at.accounts.own_customers(account(version=1), [CUSTOMER]),
    "record": lambda at: at.events.record(event()),
    "take": lambda at: at.checkouts.take(claim(), order()),
    "attach": lambda at: at.checkouts.attach(claim(session=SESSION), purchase()),
}


CALLS = [pytest.param(name, call, id=name) for name, call in READS.items()]
CALLS += [pytest.param("transact_write_items", call, id=name) for name, call in WRITES.items()]


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ProvisionedThroughputExceededException", 400),
        ("ThrottlingException", 400),
        ("RequestLimitExceeded", 400),
        ("InternalServerError", 500),
        ("ServiceUnavailable", 503),
        ("TransactionInProgressException", 400),
        ("ExpiredTokenException", 400),
        ("AccessDeniedException", 400),
        ("ResourceNotFoundException", 400),
    ],
)
@pytest.mark.parametrize(("operation", "call"), CALLS)
def test_what_may_pass_is_retryable(
    stubbed: Stubbed, operation: str, call: Callable[[Stubbed], object], code: str, status: int
) -> None:
    """F15. A missing right or table is of this kind too: events wait in the queue while a person mends it."""
    stubbed.stub.add_client_error(operation, code, http_status_code=status)
    with pytest.raises(StoreUnavailable) as raised:
        call(stubbed)
    assert raised.value.ids == {"reason": code}


@pytest.mark.parametrize(("operation", "call"), CALLS)
def test_what_dynamodb_calls_invalid_is_permanent(
    stubbed: Stubbed, operation: str, call: Callable[[Stubbed], object]
) -> None:
    stubbed.stub.add_client_error(operation, "ValidationException", "Item size has exceeded", http_status_code=400)
    with pytest.raises(MalformedObject):
        call(stubbed)


@pytest.mark.parametrize("call", WRITES.values(), ids=WRITES)
@pytest.mark.parametrize("reasons", [("ValidationError", "None"), ("None", "ItemCollectionSizeLimitExceeded")])
def test_a_transaction_canceled_for_an_item_that_can_not_be_written_is_permanent(
    stubbed: Stubbed, call: Callable[[Stubbed], object], reasons: tuple[str, ...]
) -> None:
    """An item of over 400 KB comes back as a reason of the transaction, not as a ValidationException."""
    stubbed.cancels(*reasons)
    with pytest.raises(MalformedObject):
        call(stubbed)


@pytest.mark.parametrize("call", WRITES.values(), ids=WRITES)
@pytest.mark.parametrize("reasons", [("ThrottlingError",), ("None", "ProvisionedThroughputExceeded"), ()])
def test_a_throttled_transaction_is_retryable(
    stubbed: Stubbed, call: Callable[[Stubbed], object], reasons: tuple[str, ...]
) -> None:
    """F15: delay, and nothing else."""
    stubbed.cancels(*reasons)
    with pytest.raises(StoreUnavailable):
        call(stubbed)


@contextmanager
def raising(stubbed: Stubbed, error: Exception) -> Iterator[None]:
    """Let the client raise before anything goes out: what the network does to it."""

    def fail(**_: object) -> None:
        raise error

    stubbed.client.meta.events.register("provide-client-params.dynamodb", fail)
    try:
        yield
    finally:
        stubbed.client.meta.events.unregister("provide-client-params.dynamodb", fail)


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url=ENDPOINT),
        ConnectTimeoutError(endpoint_url=ENDPOINT),
        ReadTimeoutError(endpoint_url=ENDPOINT),
        NoCredentialsError(),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize(("operation", "call"), CALLS)
def test_no_answer_is_retryable(
    stubbed: Stubbed, operation: str, call: Callable[[Stubbed], object], error: Exception
) -> None:
    with raising(stubbed, error), pytest.raises(StoreUnavailable) as raised:
        call(stubbed)
    assert raised.value.ids == {"reason": type(error).__name__}


@pytest.mark.parametrize(("operation", "call"), CALLS)
def test_a_request_that_the_sdk_refuses_is_permanent(
    stubbed: Stubbed, operation: str, call: Callable[[Stubbed], object]
) -> None:
    with raising(stubbed, ParamValidationError(report="Invalid type")), pytest.raises(MalformedObject):
        call(stubbed)


def test_a_conflict_of_transactions_is_a_lost_race(stubbed: Stubbed) -> None:
    """F16: nobody knows whether the other one will succeed, so read anew."""
    stubbed.cancels("None", "TransactionConflict")
    assert WRITES["commit"](stubbed) == Committed(CommitOutcome.CONFLICT)


def test_a_conflict_on_the_event_is_not_a_recorded_event(stubbed: Stubbed) -> None:
    """Two consumers with one event at once: the other may still fail, so the event must not be dropped."""
    stubbed.cancels("TransactionConflict", "None")
    assert WRITES["commit"](stubbed) == Committed(CommitOutcome.CONFLICT)


def test_an_event_that_is_there_beside_a_conflict_is_named(stubbed: Stubbed) -> None:
    stubbed.cancels("ConditionalCheckFailed", "TransactionConflict")
    assert WRITES["commit"](stubbed) == Committed(CommitOutcome.RECORDED, frozenset({EventId("evt_1")}))


@pytest.mark.parametrize("name", ["take", "attach"])
@pytest.mark.parametrize("reasons", [("TransactionConflict", "None"), ("None", "TransactionConflict")])
def test_a_claim_that_meets_another_transaction_is_neither_won_nor_lost(
    stubbed: Stubbed, name: str, reasons: tuple[str, ...]
) -> None:
    """Taken for lost, a session that is ours would be ended."""
    stubbed.cancels(*reasons)
    with pytest.raises(Contention):
        WRITES[name](stubbed)


@pytest.mark.parametrize("name", ["take", "attach"])
def test_a_claim_whose_condition_does_not_hold_is_lost_beside_any_conflict(stubbed: Stubbed, name: str) -> None:
    stubbed.cancels("ConditionalCheckFailed", "TransactionConflict")
    assert WRITES[name](stubbed) is False


def test_a_customer_that_meets_another_transaction_is_not_owned(stubbed: Stubbed) -> None:
    stubbed.cancels("None", "TransactionConflict")
    assert WRITES["own_customers"](stubbed) is None


def test_an_account_that_meets_another_transaction_is_not_there_yet(stubbed: Stubbed) -> None:
    """F45: with what was asked for here, Stripe would be told of an address that the other one may not freeze."""
    stubbed.cancels("TransactionConflict")
    stubbed.stub.add_response("batch_get_item", {"Responses": {"accounts": []}})
    assert stubbed.accounts.open_account(account(email="alice@example.com")) == account()


def test_a_record_that_meets_another_transaction_is_tried_later(stubbed: Stubbed) -> None:
    """It is neither recorded nor owned: either answer would end what nobody has ended."""
    stubbed.cancels("TransactionConflict")
    with pytest.raises(StoreUnavailable):
        stubbed.events.record(event())
    stubbed.cancels("None", "TransactionConflict")
    with pytest.raises(StoreUnavailable):
        stubbed.events.record(event(outcome=Outcome.PARKED))


def test_a_parked_record_reads_its_reasons_by_index(stubbed: Stubbed) -> None:
    stubbed.cancels("None", "ConditionalCheckFailed")
    assert stubbed.events.record(event(outcome=Outcome.PARKED)) is Recording.OWNED
    stubbed.cancels("ConditionalCheckFailed", "ConditionalCheckFailed")
    assert stubbed.events.record(event(outcome=Outcome.PARKED)) is Recording.RECORDED


# -------------------------------------------------------------------------------------------------- unprocessed keys


def keys_of(*names: str) -> dict[str, Any]:
    return {"accounts": {"Keys": [{"pk": {"S": name}} for name in names], "ConsistentRead": True}}


def test_keys_left_unprocessed_are_asked_for_again(stubbed: Stubbed) -> None:
    alice, first = to_item(account(version=1), pk="ACCOUNT#alice"), to_item(purchase(), pk="PURCHASE#cs_test_1")
    left = keys_of("PURCHASE#cs_test_1")
    stubbed.stub.add_response(
        "batch_get_item",
        {"Responses": {"accounts": [alice]}, "UnprocessedKeys": left},
        {"RequestItems": keys_of("ACCOUNT#alice", "PURCHASE#cs_test_1")},
    )
    stubbed.stub.add_response("batch_get_item", {"Responses": {"accounts": [first]}}, {"RequestItems": left})
    found = stubbed.accounts.load(USER, [purchase().key])
    assert (found.account, found.purchases) == (account(version=1), {purchase().key: purchase()})


def test_an_account_left_unprocessed_for_too_long_is_not_a_new_account(stubbed: Stubbed) -> None:
    """A key that was never read must not look like one that does not exist."""
    for _ in range(5):
        stubbed.stub.add_response(
            "batch_get_item",
            {"Responses": {}, "UnprocessedKeys": keys_of("ACCOUNT#alice")},
            {"RequestItems": ANY},
        )
    with pytest.raises(StoreUnavailable):
        stubbed.accounts.load(USER, [])


# --------------------------------------------------------------------------------------------- names and placeholders

WORDS = re.compile(r"[#:]?[A-Za-z_]+")
LANGUAGE = {"attribute_not_exists", "size", "AND", "OR", "IN", "SET", "REMOVE", "ADD", "DELETE"}


def expressions(request: Any) -> Iterator[tuple[str, Any]]:
    """The expressions of each part of a request together, with the part, which declares their placeholders."""
    if isinstance(request, dict):
        told = [value for key, value in request.items() if key.endswith("Expression")]
        if told:
            yield " ".join(told), request
        for value in request.values():
            yield from expressions(value)
    elif isinstance(request, list):
        for part in request:
            yield from expressions(part)


def test_every_attribute_name_is_behind_a_placeholder(world: World) -> None:
    """DynamoDB reserves hundreds of words, and moto does not know all of them."""
    before = stored(world)
    world.requests.clear()
    world.checkouts.take(claim(), order())
    world.checkouts.take(claim(generation=2, order="ord_2"), order(id="ord_2"))
    world.checkouts.attach(claim(generation=2, order="ord_2", session=SESSION), purchase())
    world.accounts.own_customers(before, [CUSTOMER])
    world.accounts.open_account(account())
    everything = commit(before, events=(event(),), purchases=(purchase(version=1, payment=payment()),))
    world.accounts.commit(everything)
    world.accounts.commit(commit(account(), purchases=(purchase(),), entries=(entry(),)))
    parked = CustomerId("cus_parked")
    world.events.record(event(outcome=Outcome.PARKED, customer=parked))
    taken = Unparked(parked, frozenset({event().id}), last=False)
    world.accounts.commit(Commit(before, before, changed=False, unparked=(taken,)))
    world.ledger.page(USER, 1, None)
    seen = [found for request in world.requests for found in expressions(request)]
    assert len(seen) >= 16
    for expression, part in seen:
        used = set(WORDS.findall(expression)) - LANGUAGE
        declared = set(part.get("ExpressionAttributeNames", {})) | set(part.get("ExpressionAttributeValues", {}))
        assert used == declared, expression


def test_every_put_is_conditioned_but_the_pointer_of_a_payment(world: World) -> None:
    before = stored(world)
    world.requests.clear()
    world.accounts.commit(
        commit(before, events=(event(),), purchases=(purchase(payment=payment()),), entries=(entry(version=3),))
    )
    puts = [item["Put"] for request in world.requests for item in request["TransactItems"]]
    bare = [put["Item"]["pk"]["S"] for put in puts if "ConditionExpression" not in put]
    assert (len(puts), bare) == (5, [f"PAYMENT#{INTENT}"])
