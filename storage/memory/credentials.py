"""The in-memory twin of the credentials in PostgreSQL, held to the same contract tests."""

from collections.abc import Callable, Sequence

import msgspec

from domain.errors import OutageError
from domain.instants import SECOND, Micros
from storage.credentials import Credential, DuplicateCredential


class MemoryCredentials:
    """A CredentialStore in a dict. `away = True` makes every call fail as if PostgreSQL were down."""

    def __init__(self, now: Callable[[], Micros]) -> None:
        self.away = False
        self.finds = 0
        """How often `find` was called."""
        self._now = now
        self._rows: dict[str, Credential] = {}
        self._changed_at: dict[str, Micros] = {}

    async def add(self, credential: Credential) -> None:
        self._reach()
        if credential.id in self._rows:
            raise DuplicateCredential(credential.id)
        self._rows[credential.id] = credential

    async def find(self, credential_id: str) -> Credential | None:
        self.finds += 1
        self._reach()
        return self._rows.get(credential_id)

    async def list(
        self, *, tenant: str | None, fleet: str | None, after: str | None, limit: int
    ) -> Sequence[Credential]:
        self._reach()
        found = [
            each
            for _, each in sorted(self._rows.items())
            if (tenant is None or each.tenant == tenant)
            and (fleet is None or each.fleet == fleet)
            and (after is None or each.id > after)
        ]
        return found[:limit]

    async def revoke(self, credential_id: str) -> Credential | None:
        found = await self.find(credential_id)
        if found is None:
            return None
        at = self._now() if found.revoked_at is None else found.revoked_at
        return self._change(msgspec.structs.replace(found, revoked_at=at))

    async def set_limits(self, credential_id: str, *, rate: float | None, burst: int | None) -> Credential | None:
        found = await self.find(credential_id)
        return None if found is None else self._change(msgspec.structs.replace(found, rate=rate, burst=burst))

    async def changes(self, seconds: float, limit: int) -> Sequence[str]:
        self._reach()
        since = self._now() - seconds * SECOND
        return [each for each, at in self._changed_at.items() if at >= since][:limit]

    def _change(self, credential: Credential) -> Credential:
        self._rows[credential.id] = credential
        self._changed_at[credential.id] = self._now()
        return credential

    def _reach(self) -> None:
        if self.away:
            raise OutageError("the twin was told to be away")
