"""Followers in memory, for tests."""

from domain.errors import OutageError


class MemoryFollowerPages:
    """The twin of `storage/postgres/follower_pages.py`."""

    def __init__(self) -> None:
        self.users: dict[tuple[str, str], set[str]] = {}
        self.away = False

    def follow(self, tenant: str, interest: str, *users: str) -> None:
        """These users follow the interest."""
        self.users.setdefault((tenant, interest), set()).update(users)

    def page(self, tenant: str, interest: str, after: str | None, limit: int) -> list[str]:
        """See FollowerPages."""
        if self.away:
            raise OutageError("the followers are away")
        users = sorted(self.users.get((tenant, interest), ()))
        return [user for user in users if after is None or user > after][:limit]
