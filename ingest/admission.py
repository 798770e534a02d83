"""Who is at the door, for which fleet, and how much they may bring."""

import math
import time
from collections.abc import Callable

import msgspec
from aiohttp import web

from access.authenticator import Authenticator
from access.grants import granted_fleet, require_backend
from ingest.problems import BATCH_TOO_LONG, RATE_LIMITED
from ingest.settings import IngestSettings
from runtime.http.problem import Problem
from runtime.token_bucket import KeyedBuckets
from storage.credentials import Credential, CredentialKind


class Caller(msgspec.Struct, frozen=True):
    """Who sent a request, and for which fleet."""

    credential: Credential
    fleet: str

    @property
    def device(self) -> str | None:
        """The device; None for a back end."""
        return self.credential.device

    @property
    def tenant(self) -> str:
        """The fleet's tenant."""
        return self.credential.tenant

    @property
    def source(self) -> str:
        """Names the sender in the CloudEvents `source` of what it sends."""
        return f"/fleets/{self.fleet}/credentials/{self.credential.id}"


class Admission:
    """Checks credentials and rate limits. The limits are those of this process: each of several grants them."""

    def __init__(
        self, authenticator: Authenticator, settings: IngestSettings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._authenticator = authenticator
        self._defaults = {
            CredentialKind.DEVICE: (settings.device_rate, settings.device_burst),
            CredentialKind.BACKEND: (settings.backend_rate, settings.backend_burst),
        }
        self._buckets = KeyedBuckets(settings.limited_credentials)
        self._clock = clock

    async def admit(self, request: web.Request) -> Caller:
        """The caller. Raises Problem: 400, 401, 403 or 503."""
        credential = await self._authenticator.authenticate(request.headers.get("Authorization"))
        asked = request.query.getall("fleet", ()) if request.query_string else ()
        return Caller(credential, granted_fleet(credential, asked))

    async def admit_backend(self, authorization: str | None) -> Caller:
        """A caller who speaks for the tenant's people, whatever their fleet. Raises Problem: 401, 403 or 503."""
        credential = await self._authenticator.authenticate(authorization)
        require_backend(credential)
        return Caller(credential, credential.fleet or credential.tenant)

    def spend(self, caller: Caller, items: int) -> None:
        """Count items against the caller's rate limit: all of them or none. Raises Problem: 429, or 413."""
        rate, burst = self._limits(caller.credential)
        seconds = self._take(caller.credential, items)
        if seconds == math.inf:
            raise Problem(BATCH_TOO_LONG, f"the credential may send {burst} items at once, not {items}")
        if seconds > 0:
            detail = f"the credential may send {rate:g} items per second, and {burst} at once"
            raise Problem(RATE_LIMITED, detail, headers={"Retry-After": str(math.ceil(seconds))})

    def spend_one(self, caller: Caller) -> float:
        """Count one item against the caller's rate limit (0.0), or say how many seconds to wait for it."""
        return self._take(caller.credential, 1)

    def _take(self, credential: Credential, items: int) -> float:
        rate, burst = self._limits(credential)
        return self._buckets.take(credential.id, items, self._clock(), rate=rate, burst=burst)

    def _limits(self, credential: Credential) -> tuple[float, int]:
        rate, burst = self._defaults[credential.kind]
        return credential.rate or rate, credential.burst or burst
