"""Who is asking: only from the claims that the gateway's authorizer has verified."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from billing import errors
from billing.domain.ids import USER_ID, UserId, fits
from billing.http.request import HttpEvent, query

MACHINE_SCOPES = frozenset({"billing:spend", "billing:read"})
_WITH_SLASH = {scope.replace(":", "/"): scope for scope in MACHINE_SCOPES}
"""As Amazon Cognito writes them: it has a slash in every scope, and takes no other name (https://docs.aws.amazon.com/
cognito-user-identity-pools/latest/APIReference/API_ResourceServerScopeType.html).
"""
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
"""Less than an address may be, and what Stripe is known to ask of one: it makes no customer whose address has a space
in it or no dot in its domain (https://github.com/fjordllc/bootcamp/issues/3927 ,
https://github.com/fjordllc/bootcamp/issues/4134).
"""
_LONGEST_EMAIL = 320


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, from the token that the gateway's authorizer has verified."""

    user_id: UserId
    email: str | None
    email_verified: bool
    scopes: frozenset[str]

    @property
    def is_machine(self) -> bool:
        """Whether another service of the team asks: its token has one of our scopes, which users' never have."""
        return bool(self.scopes & MACHINE_SCOPES)

    @property
    def usable_email(self) -> str | None:
        """The e-mail address, unless the issuer says that it was not verified; it comes from nowhere else."""
        return self.email if self.email_verified else None

    def as_user(self) -> Caller:
        """Return this caller where only a user may ask, or raise `Forbidden`."""
        if self.is_machine:
            raise errors.Forbidden("a user's token is needed here")
        return self


def caller(event: HttpEvent) -> Caller:
    """Return who asks, or raise `Unauthenticated`.

    Only from the authorizer's claims: a header can be set by anybody (failure-modes.md S08). API Gateway turns every
    claim into text, so a boolean arrives as "true"; the local gateway does the same.
    """
    claims = _claims(event)
    user = fits(claims.get("sub"), USER_ID)
    if user is None:
        raise errors.Unauthenticated("a token with a usable subject is needed")
    email = fits(claims.get("email"), _EMAIL)
    return Caller(
        user_id=UserId(user),
        email=email if email is not None and len(email) <= _LONGEST_EMAIL else None,
        email_verified=claims.get("email_verified") in (True, "true"),
        scopes=frozenset(_scopes(claims)),
    )


def reader(event: HttpEvent) -> UserId:
    """Return whose account is read: the user's own, or the one that a machine with `billing:read` names.

    Raises `Forbidden` when a user names anybody, or a machine lacks the scope, and `InvalidRequest` when a machine
    names nobody.
    """
    asking = caller(event)
    named = query(event, "userId")
    if not asking.is_machine:
        if named is not None:
            raise errors.Forbidden("a user's token reads that user's account only")
        return asking.user_id
    if "billing:read" not in asking.scopes:
        raise errors.Forbidden("the scope billing:read is needed")
    if fits(named, USER_ID) is None:
        raise errors.InvalidRequest("userId must name a user")
    return UserId(named or "")


def spender(event: HttpEvent) -> Caller:
    """Return the machine that asks, or raise `Forbidden` unless its token has `billing:spend`.

    API Gateway asks for the scope as well. This is for the day when somebody edits the template.
    """
    asking = caller(event)
    if "billing:spend" not in asking.scopes:
        raise errors.Forbidden("the scope billing:spend is needed")
    return asking


def _scopes(claims: Mapping[str, Any]) -> Iterator[str]:
    """What a token may do. API Gateway looks for a route's scopes in `scope` or `scp` (https://docs.aws.amazon.com/
    apigateway/latest/developerguide/http-api-jwt-authorizer.html), so what counts there must count here: else a service
    would be let in as a user. A list reaches a function as the text `[a b]`.
    """
    for name in ("scope", "scp"):
        listed = claims.get(name)
        if isinstance(listed, str):
            for scope in listed.removeprefix("[").removesuffix("]").split():
                yield _WITH_SLASH.get(scope, scope)


def _claims(event: HttpEvent) -> Mapping[str, Any]:
    found: object = event.get("requestContext")
    for step in ("authorizer", "jwt", "claims"):
        found = found.get(step) if isinstance(found, Mapping) else None
    return cast("Mapping[str, Any]", found) if isinstance(found, Mapping) else {}
