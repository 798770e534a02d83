"""Preferences as the dispatcher reads them: the documents of many users at once."""

from collections.abc import Collection
from typing import Protocol


class PreferenceDocuments(Protocol):
    """For the dispatcher's thread."""

    def of(self, owners: Collection[tuple[str, str]]) -> dict[tuple[str, str], bytes]:
        """The documents (`domain/preferences.py`) of users, each (tenant, user); empty for one who has none.

        Raises OutageError.
        """
