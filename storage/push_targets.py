"""Where pushes go: the installations of users, as those ask who push (`storage/postgres/push_targets.py`, its twin)."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from domain.installation import ApnsEnvironment, Installation
from domain.instants import Micros

UserKey = tuple[str, str]
"""(tenant, user)"""
InstallationKey = tuple[str, str]
"""(tenant, installation)"""


class PushTargets(Protocol):
    """Every method raises OutageError when the store cannot be reached in time.

    What a provider says of a push token concerns the token that was pushed to: `token_at` names it, and nothing changes
    (False) where the installation has registered another one since.
    """

    def of_users(self, users: Sequence[UserKey]) -> Mapping[UserKey, Sequence[Installation]]:
        """The installations that can be pushed to, by id; a user who has none is not in the answer."""
        ...

    def of_installations(self, installations: Sequence[InstallationKey]) -> Mapping[InstallationKey, Installation]:
        """Those of the installations that can be pushed to."""
        ...

    def disable(self, tenant: str, installation: str, *, token_at: Micros, at: Micros, reason: str) -> bool:
        """Nothing is pushed to it any more, until it registers again. `reason` is a short slug."""
        ...

    def moved(self, tenant: str, installation: str, *, token_at: Micros, at: Micros, push_token: str) -> bool:
        """The provider has given it another push token. Whoever else had that one is disabled."""
        ...

    def learn_environment(
        self, tenant: str, installation: str, *, token_at: Micros, environment: ApnsEnvironment
    ) -> bool:
        """Which of Apple's services knows the push token."""
        ...

    def count_disabled(self, before: Micros) -> int:
        """How many were disabled before that instant."""
        ...

    def remove_disabled(self, before: Micros, limit: int) -> int:
        """Forgets up to `limit` of those; how many it were."""
        ...
