"""What the team's own backend calls of the billing API: the routes that use credits, and the level of a user.

A machine's token opens them, and no browser ever sees it. What takes credits carries an Idempotency-Key, so that a
request whose answer was lost is sent again as it was, and done once (docs/api.md, "Using credits").
"""

from dataclasses import dataclass
from typing import Any

import httpx

from local.issuer.tokens import Issuer

READ, SPEND = "billing:read", "billing:spend"
TRIES = 3


class Refused(Exception):
    """The billing API's no: its status and its body, whose `error` has a code."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(f"{status} {body}")
        self.status = status
        self.body = body


class Unreachable(Exception):
    """No answer, or a 5xx, to the last try. Whether it was done is not known; the same key may ask again."""


@dataclass(frozen=True)
class Answer:
    body: dict[str, Any]
    replayed: bool
    """Whether this is the first answer once more: nothing was done now."""


class BillingApi:
    def __init__(self, api_url: str, issuer: Issuer, client: httpx.AsyncClient) -> None:
        self._api_url = api_url
        self._issuer = issuer
        self._client = client

    async def spend(self, user: str, amount: int, reason: str, key: str) -> Answer:
        return await self._post("/credits/spend", {"userId": user, "amount": amount, "reason": reason}, key)

    async def reserve(self, user: str, amount: int, seconds: int, key: str) -> Answer:
        body = {"userId": user, "amount": amount, "expiresInSeconds": seconds}
        return await self._post("/credits/reservations", body, key)

    async def capture(self, user: str, reservation: str, amount: int, reason: str, key: str) -> Answer:
        body = {"userId": user, "amount": amount, "reason": reason}
        return await self._post(f"/credits/reservations/{reservation}/capture", body, key)

    async def level(self, user: str) -> str:
        answer = await self._ask("GET", "/entitlements", READ, params={"userId": user})
        return str(answer.body["level"])

    async def _post(self, path: str, body: dict[str, Any], key: str) -> Answer:
        return await self._ask("POST", path, SPEND, json=body, headers={"idempotency-key": key})

    async def _ask(self, method: str, path: str, scope: str, **request: Any) -> Answer:
        """Raise Refused or Unreachable."""
        token = self._issuer.machine_token(scope)
        headers = {**request.pop("headers", {}), "authorization": f"Bearer {token}"}
        last = ""
        for _ in range(TRIES):
            try:
                reply = await self._client.request(method, self._api_url + path, headers=headers, **request)
            except httpx.TransportError as exc:
                last = repr(exc)
                continue
            if reply.is_success:
                return Answer(reply.json(), reply.headers.get("idempotent-replayed") == "true")
            if reply.status_code < 500:
                raise Refused(reply.status_code, reply.json())
            last = str(reply.status_code)
        raise Unreachable(f"{path}: {last}")
