"""One of the team's own services: it has a machine's token, and uses the credits of the shop's users."""

import json
from typing import Any

import httpx

from tests.integration.purchase.shop import Shop


class Service:
    def __init__(self, shop: Shop, scope: str = "billing:spend") -> None:
        self._shop = shop
        self._token = {"authorization": f"Bearer {shop.stack.token(scope=scope)}"}

    def post(self, path: str, key: str | None, body: dict[str, Any]) -> httpx.Response:
        headers = {**self._token, **({"idempotency-key": key} if key is not None else {})}
        return self._shop.http.post(self._shop.stack.api_url + path, json=body, headers=headers)

    def get(self, path: str, **query: str) -> httpx.Response:
        return self._shop.http.get(self._shop.stack.api_url + path, params=query, headers=self._token)

    def spend(self, user: str, amount: int, key: str, **given: str) -> httpx.Response:
        return self.post("/credits/spend", key, {"userId": user, "amount": amount, **given})

    def reverse(self, user: str, transaction: str, key: str) -> httpx.Response:
        return self.post("/credits/reversals", key, {"userId": user, "transactionId": transaction})

    def reserve(self, user: str, amount: int, seconds: int = 900, key: str = "reserve-1") -> str:
        body = {"userId": user, "amount": amount, "expiresInSeconds": seconds}
        answer = self.post("/credits/reservations", key, body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["reservation"]["reservationId"])

    def capture(self, user: str, reservation: str, key: str, amount: int | None = None) -> httpx.Response:
        body = {"userId": user, **({"amount": amount} if amount is not None else {})}
        return self.post(f"/credits/reservations/{reservation}/capture", key, body)

    def release(self, user: str, reservation: str, key: str) -> httpx.Response:
        return self.post(f"/credits/reservations/{reservation}/release", key, {"userId": user})

    def run(self, job: str) -> dict[str, Any]:
        """What the schedule does, now."""
        client = self._shop.stack.lambda_client()
        try:
            answer = client.invoke(FunctionName="ReconcileFunction", Payload=json.dumps({"job": job}))
            found: dict[str, Any] = json.loads(answer["Payload"].read())
        finally:
            client.close()
        assert "FunctionError" not in answer, found
        return found
