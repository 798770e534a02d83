"""The followers of an interest, page by page: a million of them are never held at once."""

from typing import Protocol


class FollowerPages(Protocol):
    """For a processor's thread. Raises OutageError when the store cannot be reached in time."""

    def page(self, tenant: str, interest: str, after: str | None, limit: int) -> list[str]:
        """Up to `limit` users in the store's own order, beginning behind `after` (None: with the first).

        Fewer than `limit`: there are no more. Who begins to follow meanwhile may be passed over or not.
        """
        ...
