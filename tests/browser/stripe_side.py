"""What happens at Stripe while a buyer looks at our pages: the control API, and the real API where that has a call."""

from typing import Any, Literal

import httpx

CREDITS_IN_EUROS = "credits_500_eur"
"""The price that can be paid by SEPA debit, which takes euros only."""


class StripeSide:
    def __init__(self, stripe_url: str) -> None:
        key = {"Authorization": "Bearer sk_test_plumbline"}
        self._http = httpx.Client(base_url=stripe_url, headers=key, timeout=10, trust_env=False)

    def close(self) -> None:
        self._http.close()

    def expire(self, session_id: str) -> None:
        self._post(f"/v1/checkout/sessions/{session_id}/expire", {})

    def settle(self, session_id: str, outcome: Literal["succeeded", "failed"]) -> None:
        """Let the bank answer a pending debit now; it would take minutes here, and days at a real bank."""
        self._control("async_payment", {"session": session_id, "outcome": outcome})

    def break_card(self, subscription: str) -> None:
        """Refuse the saved card from now on."""
        self._control("break_card", {"subscription": subscription})

    def refund(self, session_id: str, amount: int | None = None) -> None:
        """In the dashboard: all of it, or so many cents."""
        self._control("refund", {"session": session_id} | ({} if amount is None else {"amount": amount}))

    def dispute(self, session_id: str) -> str:
        """The buyer's bank asks for the money back; the dispute's id."""
        return str(self._control("dispute", {"session": session_id})["id"])

    def win(self, dispute: str) -> None:
        self._control("dispute", {"dispute": dispute, "status": "won"})

    def stop_answering(self) -> None:
        """Answer every API call with 503, from now on. The hosted page goes on working: it is not the API."""
        self._control("faults", {"fail": 10_000, "status": 503})

    def be_well(self) -> None:
        self._control("faults", {"fail": 0})

    def _control(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = self._http.post(f"/_control/{name}", json=body).raise_for_status().json()
        return answer

    def _post(self, path: str, form: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = self._http.post(path, data=form).raise_for_status().json()
        return answer
