"""Who watches what, by the reference data: they are told like followers."""

import threading
from collections import Counter

from backbone.codec import AvroCodec
from backbone.global_table import TableView
from backbone.record import InRecord
from domain.ids import is_id
from domain.interests import entity_interest
from domain.reference import ReferenceKind, ReferenceRecord, Watcher

Interest = tuple[str, str]
"""(tenant, interest)"""
_PREFIX = f"{ReferenceKind.WATCHER}/".encode()


class WatcherView(TableView):
    """Written by the thread that reads the reference topic, read by the one that addresses requests."""

    def __init__(self, codec: AvroCodec) -> None:
        self._codec = codec
        self._lock = threading.Lock()
        self._entries: dict[bytes, tuple[Interest, str]] = {}
        self._users: dict[Interest, Counter[str]] = {}
        """A user may watch the same thing by several entries."""

    def apply(self, record: InRecord) -> None:
        """See TableView. Entries of other kinds are passed over unread."""
        key = record.key or b""
        if not key.startswith(_PREFIX):
            return
        entry = None if record.value is None else self._codec.decode(record.value, ReferenceRecord)
        with self._lock:
            self._remove(key)
            if entry is not None and entry.watcher is not None:
                self._put(key, entry.fleet, entry.watcher)

    def of(self, tenant: str, interest: str) -> list[str]:
        """The users who watch the entity that has this interest, sorted."""
        with self._lock:
            return sorted(self._users.get((tenant, interest), ()))

    def _put(self, key: bytes, fleet: str, watcher: Watcher) -> None:
        if is_id(watcher.user):
            interest = entity_interest(fleet, watcher.entity)
            self._entries[key] = (interest, watcher.user)
            self._users.setdefault(interest, Counter())[watcher.user] += 1

    def _remove(self, key: bytes) -> None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        interest, user = entry
        users = self._users[interest]
        users[user] -= 1
        if not users[user]:
            del users[user]
        if not users:
            del self._users[interest]
