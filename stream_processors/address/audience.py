"""Who is told by a request: users by name, whoever has an installation, or the followers of an interest."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from domain.errors import PermanentError
from domain.installation import Installation
from domain.notification import NotificationRequest
from storage.follower_pages import FollowerPages
from storage.push_targets import InstallationKey
from stream_processors.address.metrics import INSTALLATION, INTEREST, USERS
from stream_processors.address.watchers import WatcherView


class UnknownInstallation(PermanentError):
    """Nobody has it, or it is disabled."""

    def __init__(self, installation: str) -> None:
        super().__init__("unknown_installation", f"there is no active installation {installation}")


class Installations(Protocol):
    """Whose installation it is: `storage.push_targets.PushTargets`."""

    def of_installations(self, installations: Sequence[InstallationKey]) -> Mapping[InstallationKey, Installation]:
        """Those that are active. Raises OutageError."""
        ...


class Told(msgspec.Struct, frozen=True):
    """Whom a request tells in this turn."""

    how: str
    """One of the outcomes that are counted."""
    users: Sequence[str]
    go_on_after: str | None = None
    """There may be more followers behind this one."""


class Audience:
    """Looks up users. Holds one chunk of followers at most, beside the watchers of all interests."""

    def __init__(
        self, followers: FollowerPages, watchers: WatcherView, installations: Installations, chunk: int
    ) -> None:
        self._followers = followers
        self._watchers = watchers
        self._installations = installations
        self._chunk = chunk

    def owners(self, requests: Sequence[NotificationRequest]) -> dict[InstallationKey, str]:
        """The users of the installations that these requests name, in one query. Raises OutageError."""
        wanted = {(each.tenant, each.installation): None for each in requests if each.installation is not None}
        if not wanted:
            return {}
        return {key: each.user for key, each in self._installations.of_installations(list(wanted)).items()}

    def of(self, request: NotificationRequest, owners: Mapping[InstallationKey, str]) -> Told:
        """Raises UnknownInstallation and OutageError."""
        if request.interest is not None:
            return self._of_interest(request.tenant, request.interest, request.after)
        if request.installation is None:
            return Told(USERS, list(dict.fromkeys(request.users)))
        user = owners.get((request.tenant, request.installation))
        if user is None:
            raise UnknownInstallation(request.installation)
        return Told(INSTALLATION, [user])

    def _of_interest(self, tenant: str, interest: str, after: str | None) -> Told:
        """Watchers are told in the first turn; one who also follows may be told again in a later one, under the same
        id. To leave those out would lose somebody who begins to watch between two turns.
        """
        page = self._followers.page(tenant, interest, after, self._chunk)
        go_on_after = page[-1] if len(page) >= self._chunk else None
        watchers = self._watchers.of(tenant, interest) if after is None else []
        if watchers:
            return Told(INTEREST, list(dict.fromkeys((*watchers, *page))), go_on_after)
        return Told(INTEREST, page, go_on_after)
