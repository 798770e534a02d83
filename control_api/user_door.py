"""Lets in users, by the token that they show the gateway too."""

from collections.abc import Callable

from aiohttp import web

from access.revocations import Revocations, Standing
from access.token_error import TokenError, TokenFault
from access.tokens import TokenVerifier
from access.viewer import Viewer
from control_api.problems import (
    TOKEN_BAD,
    TOKEN_EXPIRED,
    TOKEN_MISSING,
    TOKEN_REVOKED,
    TOKEN_WITHOUT_USER,
)
from control_api.rates import Rate
from domain.errors import OutageError
from runtime.http.problem import Problem, ProblemType

_CHALLENGE = 'Bearer realm="fleetcast users"'


class UserDoor:
    """A Door. Whom it lets in is a Viewer with a user and a tenant."""

    scheme = "token"
    problems = (TOKEN_MISSING, TOKEN_BAD, TOKEN_EXPIRED, TOKEN_REVOKED, TOKEN_WITHOUT_USER)

    def __init__(
        self, tokens: TokenVerifier, revocations: Revocations, rate: Rate, revocations_known: Callable[[], bool]
    ) -> None:
        """`revocations_known`: whether all that were made so far are there: before, nobody is let in."""
        self._tokens = tokens
        self._revocations = revocations
        self._rate = rate
        self._revocations_known = revocations_known

    async def admit(self, request: web.Request) -> Viewer:
        """See Door. Raises OutageError when it cannot be told now whether the token is good."""
        if not self._revocations_known():
            raise OutageError("what was revoked is not known yet")
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            detail = "send `Authorization: Bearer` and a user's token"
            raise Problem(TOKEN_MISSING, detail, headers={"WWW-Authenticate": _CHALLENGE})
        try:
            viewer = await self._verified(token.strip())
        except TokenError as error:
            expired = error.reason is TokenFault.EXPIRED
            raise _refused(TOKEN_EXPIRED if expired else TOKEN_BAD, error.detail) from None
        standing = self._revocations.standing(viewer)
        if standing is Standing.REVOKED:
            raise _refused(TOKEN_REVOKED, "it was revoked")
        if standing is Standing.OUTDATED:
            raise _refused(TOKEN_EXPIRED, "a newer token is needed")
        if not viewer.user or not viewer.tenant:
            raise Problem(TOKEN_WITHOUT_USER, "the token names no user")
        self._rate.spend(f"{viewer.tenant}/{viewer.user}")
        return viewer

    async def _verified(self, token: str) -> Viewer:
        try:
            return self._tokens.verify(token)
        except TokenError as error:
            if error.reason is not TokenFault.UNKNOWN_KEY:
                raise
            await self._tokens.learn(token)
            return self._tokens.verify(token)


def _refused(kind: ProblemType, detail: str) -> Problem:
    """RFC 6750 section 3: the challenge names the error."""
    challenge = f'{_CHALLENGE}, error="invalid_token", error_description="{kind.title}"'
    return Problem(kind, detail, headers={"WWW-Authenticate": challenge})
