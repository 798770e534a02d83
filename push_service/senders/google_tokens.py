"""Google's access tokens: one for all calls, renewed by google-auth in a thread, since it blocks."""

import asyncio
import time
from collections.abc import Callable

import structlog
import urllib3
from google.auth import exceptions
from google.auth.transport.urllib3 import Request
from google.oauth2 import service_account

log = structlog.get_logger(__name__)

SECONDS = 5.0
"""What a request for a token may take."""
LOOKS = 1.0
"""Seconds from one look at the token's end to the next: it costs a third of building a message."""


class CredentialsRefused(Exception):
    """Google does not take the credentials, or what answers is not Google."""


class TokenUnavailable(Exception):
    """Google could not be asked now."""


class AccessTokens:
    """The tokens of one service account. Whoever comes while a new one is fetched waits for the same one."""

    def __init__(self, credentials: service_account.Credentials) -> None:
        self._credentials = credentials
        self._http = urllib3.PoolManager(maxsize=1, retries=False, timeout=SECONDS)
        make_request: Callable[..., Request] = Request  # which has no types
        self._request = make_request(self._http)
        self._fetching: asyncio.Task[None] | None = None
        self._looked_at = -LOOKS

    async def token(self) -> str:
        """One that holds for some minutes at least. Raises CredentialsRefused, TokenUnavailable."""
        now = time.monotonic()
        if now - self._looked_at >= LOOKS:
            if not self._credentials.valid:  # google-auth calls it invalid some minutes before its end
                await self._fetch()
            self._looked_at = now
        return str(self._credentials.token)

    async def renewed(self, refused: str) -> str:
        """Another one than `refused`. Raises as `token`."""
        if self._credentials.token == refused:
            await self._fetch()
        return str(self._credentials.token)

    async def close(self) -> None:
        """Let go of the connection."""
        if self._fetching is not None:
            await asyncio.wait({self._fetching})
        self._http.clear()

    async def _fetch(self) -> None:
        if self._fetching is None or self._fetching.done():
            self._fetching = asyncio.create_task(self._refresh())
            self._fetching.add_done_callback(_seen)
        await asyncio.shield(self._fetching)  # who gives up waiting does not end it for the others

    async def _refresh(self) -> None:
        try:
            await asyncio.to_thread(self._credentials.refresh, self._request)
        except exceptions.TransportError as error:
            raise TokenUnavailable(f"the token service cannot be reached: {type(error).__name__}") from error
        except exceptions.GoogleAuthError as error:
            if error.retryable:
                raise TokenUnavailable("the token service fails") from error
            raise CredentialsRefused(_brief(error)) from error
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            # Anything that answers 200 without a token, such as a proxy's page.
            raise CredentialsRefused("the token service's answer holds no token") from error
        log.info("access token renewed", account=self._credentials.service_account_email)


def _seen(task: asyncio.Task[None]) -> None:
    """Whoever waited for it has its error."""
    if not task.cancelled():
        task.exception()


def _brief(error: exceptions.GoogleAuthError) -> str:
    text = str(error.args[0]) if error.args else type(error).__name__
    return " ".join(text.split())[:200]
