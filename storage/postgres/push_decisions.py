"""Push decisions in PostgreSQL: each change is one statement over a batch, that locks its rows in one order.

So two changes of the same rows follow each other, never deadlock, and the second one sees what the first did.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Engine, Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.push_state import LEADS_TO, OPEN, PushState
from storage.postgres.engine import sync_transaction, transaction
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

_LOCKED = """
locked AS (
    SELECT tenant, user_id, id, push_state, acked_at, replaced_by, pushed_to FROM notifications
    WHERE (tenant, user_id, id) IN (SELECT * FROM
        unnest(CAST(:tenants AS text[]), CAST(:users AS text[]), CAST(:ids AS text[])))
    ORDER BY tenant, user_id, id FOR UPDATE
)"""

_MOVE = text(f"""
WITH {_LOCKED}, changed AS (
    UPDATE notifications AS n SET push_state = :state, push_changed_at = clock_timestamp()
    FROM locked AS l
    WHERE (n.tenant, n.user_id, n.id) = (l.tenant, l.user_id, l.id) AND l.push_state = ANY(CAST(:sources AS text[]))
    RETURNING n.tenant, n.user_id, n.id
)
SELECT l.tenant, l.user_id, l.id, l.push_state, c.id IS NOT NULL AS changed
FROM locked AS l LEFT JOIN changed AS c ON (c.tenant, c.user_id, c.id) = (l.tenant, l.user_id, l.id)
""")  # noqa: S608 constants alone

_ACK = text(f"""
WITH {_LOCKED}, changed AS (
    UPDATE notifications AS n SET
        acked_at = clock_timestamp(),
        push_state = CASE WHEN l.push_state = ANY(CAST(:sources AS text[])) THEN :state ELSE l.push_state END,
        push_changed_at = CASE WHEN l.push_state = ANY(CAST(:sources AS text[])) THEN clock_timestamp()
            ELSE n.push_changed_at END
    FROM locked AS l
    WHERE (n.tenant, n.user_id, n.id) = (l.tenant, l.user_id, l.id) AND l.acked_at IS NULL
)
SELECT tenant, user_id, id, push_state, acked_at IS NOT NULL AS acked FROM locked
""")  # noqa: S608 constants alone

_SEND = text(f"""
WITH {_LOCKED}, changed AS (
    UPDATE notifications AS n SET push_state = :state, push_changed_at = clock_timestamp()
    FROM locked AS l
    WHERE (n.tenant, n.user_id, n.id) = (l.tenant, l.user_id, l.id)
        AND l.push_state = ANY(CAST(:sources AS text[])) AND l.acked_at IS NULL AND l.replaced_by IS NULL
)
SELECT tenant, user_id, id, push_state, acked_at IS NOT NULL AS acked, replaced_by IS NOT NULL AS replaced, pushed_to
FROM locked
""")  # noqa: S608 constants alone

# `outcomes` and `installations` go with the keys; of the latter each is a list joined by commas, which no id holds.
_FINISH = text(f"""
WITH {_LOCKED}, told AS (
    SELECT * FROM unnest(CAST(:tenants AS text[]), CAST(:users AS text[]), CAST(:ids AS text[]),
        CAST(:outcomes AS text[]), CAST(:installations AS text[])) AS t (tenant, user_id, id, outcome, installations)
), judged AS (
    SELECT l.*, t.outcome, t.installations,
        l.push_state = 'sending' OR (t.outcome = 'sent' AND l.push_state IN ('failed', 'expired', 'acked', 'cancelled'))
            OR (t.outcome = 'expired' AND l.push_state = 'queued') AS moves
    FROM locked AS l JOIN told AS t ON (t.tenant, t.user_id, t.id) = (l.tenant, l.user_id, l.id)
), changed AS (
    UPDATE notifications AS n SET
        push_state = CASE WHEN j.moves THEN j.outcome ELSE j.push_state END,
        push_changed_at = CASE WHEN j.moves THEN clock_timestamp() ELSE n.push_changed_at END,
        pushed_to = ARRAY(SELECT unnest(j.pushed_to) UNION SELECT unnest(string_to_array(j.installations, ',')))
    FROM judged AS j WHERE (n.tenant, n.user_id, n.id) = (j.tenant, j.user_id, j.id)
)
SELECT tenant, user_id, id, push_state, moves AS changed FROM judged
""")  # noqa: S608 constants alone


class PushDecisions:
    """A `PushDecisionStore`, for threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

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

    def sending(self, attempts: Sequence[Attempt]) -> Sendable:
        """See PushDecisionStore."""
        keys = dict.fromkeys(attempt.notice for attempt in attempts)
        return _sendable(attempts, self._rows(_SEND, keys, _to(PushState.SENDING)))

    def finish(self, outcomes: Sequence[Finished]) -> Decided:
        """See PushDecisionStore."""
        best = best_outcomes(outcomes)
        told = {
            "outcomes": [state.value for state, _ in best.values()],
            "installations": [",".join(installations) for _, installations in best.values()],
        }
        return _decided(self._rows(_FINISH, best, told))

    def _move(self, keys: Iterable[NoticeKey], state: PushState) -> Decided:
        return _decided(self._rows(_MOVE, keys, _to(state)))

    def _rows(self, statement: TextClause, keys: Iterable[NoticeKey], told: dict[str, Any]) -> Sequence[Row[Any]]:
        asked = _columns(keys)
        if not asked["ids"]:
            return []
        with sync_transaction(self._engine) as connection:
            return connection.execute(statement, asked | told).all()


class AsyncPushDecisions:
    """What people and their apps decide, for event loops. Every method raises OutageError."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def ack(self, tenant: str, user: str, ids: Iterable[str]) -> Acked:
        """The user's app acknowledged these, or the user has read them: PENDING, HELD, QUEUED -> ACKED.

        That it did is noted in any case. Answer the app only after it.
        """
        return await self.ack_all(NoticeKey(tenant, user, each) for each in ids)

    async def ack_all(self, keys: Iterable[NoticeKey]) -> Acked:
        """The same for several users at once."""
        rows = await self._rows(_ACK, keys, _to(PushState.ACKED))
        prevents = OPEN | {PushState.ACKED}
        states = {_key(row): PushState(row.push_state) for row in rows}
        return Acked(
            frozenset(key for key, state in states.items() if state in prevents),
            {key: state for key, state in states.items() if state not in prevents},
        )

    async def cancel(self, keys: Iterable[NoticeKey]) -> Decided:
        """PENDING, HELD, QUEUED -> CANCELLED: archived."""
        return _decided(await self._rows(_MOVE, keys, _to(PushState.CANCELLED)))

    async def _rows(self, statement: TextClause, keys: Iterable[NoticeKey], told: dict[str, Any]) -> Sequence[Row[Any]]:
        asked = _columns(keys)
        if not asked["ids"]:
            return []
        async with transaction(self._engine) as connection:
            return (await connection.execute(statement, asked | told)).all()


def _to(state: PushState) -> dict[str, Any]:
    return {"state": state.value, "sources": [each.value for each in LEADS_TO[state]]}


def _columns(keys: Iterable[NoticeKey]) -> dict[str, Any]:
    tenants, users, ids = [], [], []
    for tenant, user, notice in keys:
        tenants.append(tenant)
        users.append(user)
        ids.append(notice)
    return {"tenants": tenants, "users": users, "ids": ids}


def _decided(rows: Iterable[Row[Any]]) -> Decided:
    changed, others = set(), {}
    for row in rows:
        if row.changed:
            changed.add(_key(row))
        else:
            others[_key(row)] = PushState(row.push_state)
    return Decided(frozenset(changed), others)


def _sendable(attempts: Sequence[Attempt], rows: Iterable[Row[Any]]) -> Sendable:
    found = {_key(row): row for row in rows}
    may, refused = set(), {}
    for attempt in attempts:
        row = found.get(attempt.notice)
        if row is None:
            continue
        state = PushState(row.push_state)
        if granted(state, acked=row.acked, replaced=row.replaced, finished=attempt.installation in row.pushed_to):
            may.add(attempt)
        else:
            refused[attempt] = refusal(state, acked=row.acked, replaced=row.replaced)
    return Sendable(frozenset(may), refused)


def _key(row: Row[Any]) -> NoticeKey:
    return NoticeKey(row.tenant, row.user_id, row.id)
