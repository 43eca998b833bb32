"""Which messages of a batch are done."""

import json
from collections.abc import Collection


def succeeded(message_ids: Collection[str], payload: str, function_error: bool, partial_failures: bool) -> set[str]:
    """Return the ids to delete; the others stay for the next receive.

    With ReportBatchItemFailures, an empty or null answer is a success of the whole batch; an answer of another shape,
    or one that names an empty, null or unknown id, fails the whole batch.
    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
    """
    everything = set(message_ids)
    if function_error:
        return set()
    if not partial_failures:
        return everything
    try:
        answer = json.loads(payload) if payload else None
    except ValueError:
        return set()
    if answer is None or answer == {}:
        return everything
    failures = answer.get("batchItemFailures", "missing") if isinstance(answer, dict) else "missing"
    if failures is None:
        return everything
    if not isinstance(failures, list):
        return set()
    failed = {item.get("itemIdentifier") if isinstance(item, dict) else None for item in failures}
    if not failed <= everything:
        return set()
    return everything - failed
