"""The ledger's stream: an entry that is changed or removed is a bug's work or somebody's, and raises an alarm (F64).

The condition of each put keeps our own code from doing so (money rule 30). Nothing keeps a person with the rights of an
administrator, so this looks at what was done, whoever did it.
"""

from typing import Any

from billing.observability import LambdaContext, log, metrics, observed


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Tell of each entry that stood in the ledger and does not stand there any more as it was."""
    with observed(context):
        for record in event["Records"]:
            if record["eventName"] == "INSERT":  # the filter of the event source lets none through
                continue
            was = record["dynamodb"]["OldImage"]
            log().error(
                "ledger entry rewritten",
                outcome=record["eventName"],
                user_id=was["user"]["S"],
                version=was["entry"]["S"],
                kind=was["kind"]["S"],
                amount=int(was["amount"]["N"]),
                balance=int(was["balance_after"]["N"]),
            )
            metrics().count("LedgerRewritten")
