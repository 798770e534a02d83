"""Notifications as far as acknowledging them goes: a twin of `AsyncPushDecisions` in memory."""

from collections.abc import Iterable

from domain.errors import OutageError
from domain.push_state import OPEN, PushState
from storage.push_decisions import Acked, NoticeKey


class NoticeBoard:
    """`states` has those that there are. `away = True` makes every call fail as if PostgreSQL were down."""

    def __init__(self) -> None:
        self.away = False
        self.states: dict[NoticeKey, PushState] = {}
        self.calls: list[list[NoticeKey]] = []
        """The keys of every call."""

    async def ack_all(self, keys: Iterable[NoticeKey]) -> Acked:
        """See AsyncPushDecisions."""
        self.calls.append(list(keys))
        if self.away:
            raise OutageError("the twin was told to be away")
        known = {key: self.states[key] for key in self.calls[-1] if key in self.states}
        prevented = frozenset(key for key, state in known.items() if state in OPEN | {PushState.ACKED})
        self.states.update(dict.fromkeys(prevented, PushState.ACKED))
        return Acked(prevented, {key: state for key, state in known.items() if key not in prevented})
