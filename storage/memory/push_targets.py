"""The in-memory twin of the installations in PostgreSQL, held to the same contract tests."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from domain.errors import OutageError
from domain.installation import ApnsEnvironment, Installation
from domain.instants import Micros
from storage.push_targets import InstallationKey, UserKey

MOVED = "token-moved"


class MemoryPushTargets:
    """A PushTargets in a dict. `away = True` makes every call fail as if PostgreSQL were down."""

    def __init__(self, *installations: Installation) -> None:
        self.away = False
        self.rows: dict[InstallationKey, Installation] = {}
        for each in installations:
            self.put(each)

    def put(self, installation: Installation) -> None:
        """Registers it, over what was there."""
        self.rows[installation.tenant, installation.id] = installation

    def of_users(self, users: Sequence[UserKey]) -> Mapping[UserKey, Sequence[Installation]]:
        self._reach()
        found: dict[UserKey, list[Installation]] = {}
        for _, each in sorted(self.rows.items()):
            if (each.tenant, each.user) in users and each.disabled_at is None:
                found.setdefault((each.tenant, each.user), []).append(each)
        return found

    def of_installations(self, installations: Sequence[InstallationKey]) -> Mapping[InstallationKey, Installation]:
        self._reach()
        found = {key: self.rows[key] for key in installations if key in self.rows}
        return {key: each for key, each in found.items() if each.disabled_at is None}

    def disable(self, tenant: str, installation: str, *, token_at: Micros, at: Micros, reason: str) -> bool:
        return self._change(tenant, installation, token_at, {"disabled_at": at, "disabled_reason": reason})

    def moved(self, tenant: str, installation: str, *, token_at: Micros, at: Micros, push_token: str) -> bool:
        if not self._change(tenant, installation, token_at, {"push_token": push_token, "token_at": at}):
            return False
        moved = self.rows[tenant, installation]
        for key, each in list(self.rows.items()):
            same = (each.provider, each.push_token) == (moved.provider, push_token)
            if each is not moved and same and each.disabled_at is None:
                self.rows[key] = msgspec.structs.replace(each, disabled_at=at, disabled_reason=MOVED)
        return True

    def learn_environment(
        self, tenant: str, installation: str, *, token_at: Micros, environment: ApnsEnvironment
    ) -> bool:
        return self._change(tenant, installation, token_at, {"environment": environment})

    def count_disabled(self, before: Micros) -> int:
        self._reach()
        return len(self._disabled(before))

    def remove_disabled(self, before: Micros, limit: int) -> int:
        self._reach()
        removed = self._disabled(before)[:limit]
        for key in removed:
            del self.rows[key]
        return len(removed)

    def _disabled(self, before: Micros) -> list[InstallationKey]:
        disabled = [(each.disabled_at, key) for key, each in self.rows.items() if each.disabled_at is not None]
        return [key for at, key in sorted(disabled) if at < before]

    def _change(self, tenant: str, installation: str, token_at: Micros, values: dict[str, Any]) -> bool:
        self._reach()
        found = self.rows.get((tenant, installation))
        if found is None or found.token_at != token_at or found.disabled_at is not None:
            return False
        self.rows[tenant, installation] = msgspec.structs.replace(found, **values)
        return True

    def _reach(self) -> None:
        if self.away:
            raise OutageError("the twin was told to be away")
