"""The events that EventBridge hands on, whichever of its parts makes them.

https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from local.template import ACCOUNT_ID, REGION


def event(source: str, detail_type: str, detail: object, at: datetime, resources: Sequence[str] = ()) -> dict[str, Any]:
    """An event as its targets get it. Its id is another one each time."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": ACCOUNT_ID,
        "time": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "region": REGION,
        "resources": [*resources],
        "detail": detail,
    }
