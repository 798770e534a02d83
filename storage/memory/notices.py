"""What is known of users' notifications, in memory: the twin of `storage.redis.notices`."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from domain.errors import OutageError
from domain.instants import SECOND, Micros
from storage.notices import (
    KEEP_IDS_SECONDS,
    KEEP_MATCHES_SECONDS,
    KEEP_PREFERENCES_SECONDS,
    MAX_KEPT,
    Answer,
    Asked,
    Verdict,
)


@dataclass
class _Seen:
    at: int
    source: str
    recent: int
    window_end: int


@dataclass
class _Match:
    at: int
    version: int
    id: str
    before: str


@dataclass
class _User:
    seen: dict[str, _Seen] = field(default_factory=dict)
    matches: dict[str, _Match] = field(default_factory=dict)
    windows: dict[str, tuple[int, int]] = field(default_factory=dict)
    preferences: tuple[int, bytes] | None = None


class MemoryNotices:
    """A `NoticeStore` and `PreferencesCache` that can be emptied, and be away for a time."""

    def __init__(self) -> None:
        self.away = False
        """While True every call raises OutageError."""
        self.connected: set[tuple[str, str]] = set()
        """The (tenant, user) who have an open connection."""
        self._users: defaultdict[tuple[str, str], _User] = defaultdict(_User)

    def empty(self) -> None:
        """Forgets everything, as Redis does when it is flushed."""
        self._users.clear()
        self.connected.clear()

    def classify(self, asked: Sequence[Asked], now: Micros) -> Iterator[Answer]:
        """See NoticeStore."""
        self._answer()
        return iter([self._classify(each, now // SECOND) for each in asked])

    def remember(self, documents: Mapping[tuple[str, str], bytes], now: Micros) -> None:
        """See NoticeStore."""
        self._answer()
        for owner, document in documents.items():
            if self._preferences(self._users[owner], now // SECOND) is None:
                self._users[owner].preferences = (now // SECOND, document)

    async def set(self, tenant: str, user: str, document: bytes, now: Micros) -> None:
        """See PreferencesCache."""
        self._answer()
        self._users[tenant, user].preferences = (now // SECOND, document)

    def _answer(self) -> None:
        if self.away:
            raise OutageError("the store is away")

    def _classify(self, asked: Asked, now: int) -> Answer:
        owner = (asked.tenant, asked.user)
        user = self._users[owner]
        seen = user.seen.get(asked.id)
        if seen is not None and now - seen.at >= KEEP_IDS_SECONDS:
            seen = None
        verdict, other = Verdict.NEW, ""
        if seen is not None and seen.source != asked.source:
            verdict = Verdict.DUPLICATE
        elif asked.match_key is not None and asked.match_version is not None:
            verdict, other = self._match(user, asked, now)
        if seen is None:
            seen = _Seen(now, asked.source, *self._count(user, asked, verdict, now))
            user.seen[asked.id] = seen
            while len(user.seen) > MAX_KEPT:
                del user.seen[next(iter(user.seen))]
        recent, ends = (0, 0) if verdict is Verdict.DUPLICATE else (seen.recent, seen.window_end)
        return Answer(verdict, other, owner in self.connected, recent, ends, self._preferences(user, now))

    def _match(self, user: _User, asked: Asked, now: int) -> tuple[Verdict, str]:
        assert asked.match_key is not None
        assert asked.match_version is not None
        match = user.matches.get(asked.match_key)
        if match is None or now - match.at >= KEEP_MATCHES_SECONDS:
            match = None
        elif match.id == asked.id:
            return (Verdict.CORRECTION if match.before else Verdict.NEW), match.before
        elif match.version >= asked.match_version:
            return Verdict.OUTDATED, match.id
        before = "" if match is None else match.id
        user.matches[asked.match_key] = _Match(now, asked.match_version, asked.id, before)
        return (Verdict.CORRECTION if before else Verdict.NEW), before

    def _count(self, user: _User, asked: Asked, verdict: Verdict, now: int) -> tuple[int, int]:
        if not asked.window or verdict is Verdict.OUTDATED:
            return 0, 0
        end, count = user.windows.get(asked.type, (0, 0))
        if now >= end:
            end, count = now + asked.window, 0
        user.windows[asked.type] = (end, count + 1)
        return count, end

    def _preferences(self, user: _User, now: int) -> str | None:
        if user.preferences is None or now - user.preferences[0] >= KEEP_PREFERENCES_SECONDS:
            return None
        return user.preferences[1].decode()
