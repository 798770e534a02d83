"""Notifications in memory: the twin of `NotificationLog` and `PushDecisions`, over the same rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from domain.errors import OutageError
from domain.push_state import ENDS, LEADS_TO, OPEN, PushState
from storage.notification_log import NewNotice, Outcome, Stored
from storage.push_decisions import (
    Acked,
    Attempt,
    Decided,
    Finished,
    NoticeKey,
    Sendable,
    best_outcomes,
    granted,
    refusal,
)


@dataclass
class Row:
    """A stored notification."""

    notice: NewNotice
    seq: int
    state: PushState
    acked: bool = False
    replaced_by: str | None = None
    pushed_to: set[str] = field(default_factory=set)

    @property
    def match(self) -> tuple[str, str, str] | None:
        """What rows of one match key have in common."""
        told = self.notice.notification
        key = told.content.match_key
        return None if key is None else (told.tenant, told.user, key)

    @property
    def rank(self) -> tuple[int, int]:
        """The highest of a match key is shown."""
        return (self.notice.notification.content.match_version or 0, -self.seq)


class MemoryNotifications:
    """A `NotificationStore` and `PushDecisionStore` that can be away for a time. Acknowledge with `ack`."""

    def __init__(self) -> None:
        self.away = False
        """While True every call raises OutageError."""
        self.rows: dict[NoticeKey, Row] = {}
        self._seq = 0

    def store(self, batch: Sequence[NewNotice]) -> list[Stored]:
        """See NotificationStore."""
        self._answer()
        outcomes = [(notice, self._insert(notice)) for notice in batch]
        return [self._stored(notice, outcome) for notice, outcome in outcomes]

    def queue(self, keys: Iterable[NoticeKey]) -> Decided:
        """See PushDecisionStore."""
        return self._move(keys, PushState.QUEUED)

    def hold(self, keys: Iterable[NoticeKey]) -> Decided:
        """See PushDecisionStore."""
        return self._move(keys, PushState.HELD)

    def release(self, keys: Iterable[NoticeKey]) -> Decided:
        """See PushDecisionStore."""
        return self._move(keys, PushState.PENDING)

    def cancel(self, keys: Iterable[NoticeKey]) -> Decided:
        """See PushDecisionStore."""
        return self._move(keys, PushState.CANCELLED)

    def none(self, keys: Iterable[NoticeKey]) -> Decided:
        """See PushDecisionStore."""
        return self._move(keys, PushState.NONE)

    def expire(self, keys: Iterable[NoticeKey]) -> Decided:
        """See PushDecisionStore."""
        return self._move(keys, PushState.EXPIRED)

    def ack(self, keys: Iterable[NoticeKey]) -> Acked:
        """What the gateway does through `AsyncPushDecisions`."""
        decided = self._move(keys, PushState.ACKED)
        for key in (*decided.changed, *decided.others):
            self.rows[key].acked = True
        before = {key for key, state in decided.others.items() if state is PushState.ACKED}
        return Acked(
            decided.changed | before, {key: state for key, state in decided.others.items() if key not in before}
        )

    def sending(self, attempts: Sequence[Attempt]) -> Sendable:
        """See PushDecisionStore."""
        self._answer()
        may, refused = set(), {}
        for attempt in attempts:
            row = self.rows.get(attempt.notice)
            if row is None:
                continue
            replaced, finished = row.replaced_by is not None, attempt.installation in row.pushed_to
            if granted(row.state, acked=row.acked, replaced=replaced, finished=finished):
                may.add(attempt)
                row.state = PushState.SENDING if row.state is PushState.QUEUED else row.state
            else:
                refused[attempt] = refusal(row.state, acked=row.acked, replaced=replaced)
        return Sendable(frozenset(may), refused)

    def finish(self, outcomes: Sequence[Finished]) -> Decided:
        """See PushDecisionStore."""
        self._answer()
        changed, others = set(), {}
        for key, (state, installations) in best_outcomes(outcomes).items():
            row = self.rows.get(key)
            if row is None:
                continue
            row.pushed_to.update(installations)
            if row.state in ENDS[state]:
                row.state = state
                changed.add(key)
            else:
                others[key] = row.state
        return Decided(frozenset(changed), others)

    def _answer(self) -> None:
        if self.away:
            raise OutageError("the store is away")

    def _move(self, keys: Iterable[NoticeKey], state: PushState) -> Decided:
        self._answer()
        changed, others = set(), {}
        for key in dict.fromkeys(keys):
            row = self.rows.get(key)
            if row is None:
                continue
            if row.state in LEADS_TO[state]:
                row.state = state
                changed.add(key)
            else:
                others[key] = row.state
        return Decided(frozenset(changed), others)

    def _insert(self, notice: NewNotice) -> Outcome:
        row = self.rows.get(_key(notice))
        if row is not None:
            return Outcome.AGAIN if row.notice.source == notice.source else Outcome.DUPLICATE
        self._seq += 1
        self.rows[_key(notice)] = Row(notice, self._seq, notice.state)
        return Outcome.STORED

    def _stored(self, notice: NewNotice, outcome: Outcome) -> Stored:
        row = self.rows[_key(notice)]
        if row.match is None or outcome is Outcome.DUPLICATE:
            return Stored(outcome, row.seq, row.state)
        of_key = [each for each in self.rows.values() if each.match == row.match]
        best = max(of_key, key=lambda each: each.rank)
        for each in of_key:
            if each is not best and each.replaced_by is None:
                each.replaced_by = best.notice.notification.id
                each.state = PushState.CANCELLED if each.state in OPEN else each.state
        earlier = max((each for each in of_key if each.seq < row.seq), key=lambda each: each.rank, default=None)
        if earlier is None:
            return Stored(outcome, row.seq, row.state)
        told = earlier.notice.notification.id
        if earlier.rank[0] >= row.rank[0]:
            return Stored(outcome, row.seq, row.state, outdated_by=told)
        return Stored(outcome, row.seq, row.state, replaces=told)


def _key(notice: NewNotice) -> NoticeKey:
    return NoticeKey(notice.notification.tenant, notice.notification.user, notice.notification.id)
