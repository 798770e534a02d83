"""Where the push decisions of notifications stand, and what changes them: see `domain/push_state.py`.

Kept by `storage/postgres/push_decisions.py`: `PushDecisions` for threads, `AsyncPushDecisions` for event loops.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

import msgspec

from domain.push_state import OPEN, TAKEN, PushState


class NoticeKey(NamedTuple):
    """One notification of one user."""

    tenant: str
    user: str
    id: str


class Attempt(NamedTuple):
    """Pushing one notification to one installation of its user."""

    tenant: str
    user: str
    id: str
    installation: str

    @property
    def notice(self) -> NoticeKey:
        """The notification."""
        return NoticeKey(self.tenant, self.user, self.id)


class Finished(NamedTuple):
    """What became of an attempt: `state` is one of `domain.push_state.ENDS`."""

    attempt: Attempt
    state: PushState


class Decided(msgspec.Struct, frozen=True):
    """What a change did. A notification that there is not (any more) is in neither."""

    changed: frozenset[NoticeKey]
    """Those that made the step, now."""
    others: dict[NoticeKey, PushState]
    """The present state of those that did not: perhaps they had made it before."""


class Acked(msgspec.Struct, frozen=True):
    """What acknowledgements did. Both are answered as acknowledged; unknown ones are in neither."""

    prevented: frozenset[NoticeKey]
    """They will not be pushed any more, since now or since an earlier acknowledgement."""
    others: dict[NoticeKey, PushState]
    """It is noted that they were acknowledged, but it was too late or there was no push to prevent."""


class Sendable(msgspec.Struct, frozen=True):
    """Which attempts may be made."""

    granted: frozenset[Attempt]
    refused: dict[Attempt, PushState]
    """ACKED, CANCELLED, NONE, ...; a final state of an attempt that was finished before: SENT, FAILED or EXPIRED."""


class PushDecisionStore(Protocol):
    """For threads. Every method is one transaction of one statement, and raises OutageError.

    Asked again after a crash or an outage the answer is in `others`: `queue` then says QUEUED, and whoever asked goes
    on as if it had changed.
    """

    def queue(self, keys: Iterable[NoticeKey]) -> Decided:
        """PENDING -> QUEUED: it goes to phones now."""

    def hold(self, keys: Iterable[NoticeKey]) -> Decided:
        """PENDING -> HELD: a timer will bring it back."""

    def release(self, keys: Iterable[NoticeKey]) -> Decided:
        """HELD -> PENDING: the timer has brought it back."""

    def cancel(self, keys: Iterable[NoticeKey]) -> Decided:
        """PENDING, HELD, QUEUED -> CANCELLED."""

    def none(self, keys: Iterable[NoticeKey]) -> Decided:
        """PENDING, QUEUED -> NONE: there is nothing to push to."""

    def expire(self, keys: Iterable[NoticeKey]) -> Decided:
        """PENDING, HELD, QUEUED -> EXPIRED: its time ended before anybody pushed it. Also from SENDING."""

    def sending(self, attempts: Sequence[Attempt]) -> Sendable:
        """To be asked just before the provider is called: QUEUED -> SENDING.

        Granted as long as nobody acknowledged, no correction took its place, and this attempt was not finished before,
        whatever became of the user's other installations; also when it was granted before, for who asked may have died
        before the call.
        """

    def finish(self, outcomes: Sequence[Finished]) -> Decided:
        """SENDING -> SENT, FAILED, EXPIRED or ACKED, and the attempt is not granted again. SENT stays in any case."""


def granted(state: PushState, *, acked: bool, replaced: bool, finished: bool) -> bool:
    """The rule of `sending`."""
    return not acked and not replaced and not finished and (state is PushState.QUEUED or state in TAKEN)


def refusal(state: PushState, *, acked: bool, replaced: bool) -> PushState:
    """Why `sending` refuses an attempt: an acknowledgement, or a correction, that came after another installation was
    reached or while this one was put off, too.
    """
    if acked and (state in TAKEN or state in OPEN):
        return PushState.ACKED
    return PushState.CANCELLED if replaced and state is PushState.SENDING else state


def best_outcomes(outcomes: Sequence[Finished]) -> dict[NoticeKey, tuple[PushState, list[str]]]:
    """The outcome that counts for each notification, and the installations whose attempts are finished."""
    found: dict[NoticeKey, tuple[PushState, list[str]]] = {}
    for attempt, state in outcomes:
        known, installations = found.get(attempt.notice, (state, []))
        best = known if known is PushState.SENT else state
        found[attempt.notice] = (best, [*installations, attempt.installation])
    return found
