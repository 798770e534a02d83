"""Apple's provider token: one for all connections. Source: Apple, "Establishing a token-based connection to APNs".

Apple refuses tokens over an hour old, and new ones more often than every 20 minutes.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

import jwt
from aioapns.connection import AuthorizationHeaderProvider

RENEW_AFTER = 40 * 60.0
YOUNGEST = 20 * 60.0
OLDEST = 60 * 60.0


class _Token(NamedTuple):
    header: str
    made_at: float


class ProviderToken(AuthorizationHeaderProvider):
    """Signs anew every 40 minutes, and never before 20 are over."""

    def __init__(self, key: str, key_id: str, team_id: str, clock: Callable[[], float] = time.time) -> None:
        self._key, self._key_id, self._team_id = key, key_id, team_id
        self._clock = clock
        self._token: _Token | None = None
        self._before: _Token | None = None

    def get_header(self) -> str:
        """The `authorization` header of the present token."""
        if self._token is None or self._clock() - self._token.made_at >= RENEW_AFTER:
            self._make()
        assert self._token is not None
        return self._token.header

    def expired(self, header: str) -> bool:
        """Apple says that the token of `header` has expired: whether there is another one now."""
        if self._token is not None and self._token.header != header:
            return True
        if self._token is not None and self._clock() - self._token.made_at < YOUNGEST:
            return False
        self._make()
        return True

    def too_many(self) -> None:
        """Apple has seen too many tokens: keep to the one before, as long as it holds."""
        if self._before is not None and self._clock() - self._before.made_at < OLDEST:
            self._token, self._before = self._before._replace(made_at=self._clock() - YOUNGEST), None

    def _make(self) -> None:
        now = self._clock()
        claims = {"iss": self._team_id, "iat": int(now)}
        signed = jwt.encode(claims, self._key, algorithm="ES256", headers={"kid": self._key_id})
        self._token, self._before = _Token(f"bearer {signed}", now), self._token
