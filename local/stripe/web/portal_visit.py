"""A visit to the customer portal: one request of a customer's browser, and the session that it is for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from local.stripe.engine.subscriptions import portal, portal_sessions
from local.stripe.engine.world import Obj, World
from local.stripe.web.rendering import render
from local.stripe.web.shell import Shell, shell_of

DONE = "/done"
"""Whether the flow of a session has been completed is kept hidden under its id with this ending."""


class Visit:
    """One request of a customer's browser for one session."""

    def __init__(self, request: Request) -> None:
        self.shell: Shell = shell_of(request)
        self.shell.flush()
        self.world: World = self.shell.engine.world
        self.secret: str = request.path_params["secret"]
        found = portal_sessions.visit(self.world, self.secret)
        if found is None:
            raise Gone
        self.session: Obj = found
        self.base = f"/p/session/{self.secret}"

    def render(self, name: str, status: int = 200, **values: Any) -> Response:
        """Fill a template of the portal."""
        flow = self.session["flow"]
        back = self.session["return_url"] if flow is None or self.finished else _onward(flow, self.session)
        profile = portal_sessions.configuration_of(self.world, self.session)["business_profile"]
        more = {"base": self.base, "session": self.session, "back": back, "profile": profile, "error": "", **values}
        return render(name, "en", status, embedded=False, day=day, **more)

    @property
    def finished(self) -> bool:
        """Whether the session's flow has been gone through."""
        return bool(self.world.hidden.get(self.session["id"] + DONE))

    def subscription(self, request: Request) -> Obj:
        """The subscription that the address names."""
        return portal.subscription_of(self.world, self.session, request.path_params["id"])

    def on(self) -> Response:
        """Go on after something was done: home, or where the flow leads when it is complete."""
        self.shell.deliveries.send_pending()
        flow = self.session["flow"]
        if flow is None or self.finished:
            return RedirectResponse(self.base, status_code=303)
        self.world.hidden[self.session["id"] + DONE] = True
        after = flow["after_completion"]
        if after["type"] == "redirect":
            return RedirectResponse(after["redirect"]["return_url"], status_code=303)
        if after["type"] == "hosted_confirmation":
            return RedirectResponse(self.base + "/done", status_code=303)
        return RedirectResponse(self.base, status_code=303)


class Gone(Exception):
    """The session has expired, or never was."""


def day(moment: int) -> str:
    """Write a day for people."""
    return datetime.fromtimestamp(moment, UTC).strftime("%d %b %Y").lstrip("0")


def _onward(flow: Obj, session: Obj) -> str | None:
    redirect = flow["after_completion"]["redirect"]
    found: str | None = redirect["return_url"] if redirect else session["return_url"]
    return found
