"""The ledger's stream: an entry that is changed or removed is a bug's work or somebody's, and raises an alarm (F64).

The condition of each put keeps our own code from doing so (money rule 30). Nothing keeps a person with the rights of an
administrator, so this looks at what was done, whoever did it. What was there before may be no entry of ours, for the
same reason: it is told by as much of it as can be read, and counts like any other.
"""

from typing import Any

from billing.observability import LambdaContext, log, metrics, observed

_SHOWN = {"user_id": "user", "version": "entry", "kind": "kind", "amount": "amount", "balance": "balance_after"}
"""The log's keys, and the attributes of an entry that stand under them."""


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Tell of each entry that stood in the ledger and does not stand there any more as it was."""
    with observed(context):
        for record in event["Records"]:
            if record.get("eventName") == "INSERT":  # the filter of the event source lets none through
                continue
            image = record.get("dynamodb", {})
            was = image.get("OldImage") or image.get("Keys") or {}
            shown = {key: _value(was.get(attribute)) for key, attribute in _SHOWN.items()}
            log().error("ledger entry rewritten", outcome=record.get("eventName"), **shown)
            metrics().count("LedgerRewritten")


def _value(told: object) -> str | int | None:
    """A text or a whole number as the stream tells it, `{"S": "alice"}`; None for anything else, and where none is.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_AttributeValue.html
    """
    match told:
        case {"S": str(text)}:
            return text
        case {"N": str(number)} if number.removeprefix("-").isdecimal():
            return int(number)
        case _:
            return None
