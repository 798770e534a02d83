"""Digests in PostgreSQL: see `storage/digests.py`."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Engine, Row, text

from domain.instants import Micros
from domain.notification import NoticeContent
from domain.push_state import PushState
from storage.digests import Digest, DigestKey, Taken
from storage.postgres.engine import sync_transaction
from storage.postgres.tables import from_timestamp, to_timestamp
from storage.push_decisions import NoticeKey

_ASKED = """
json_to_recordset(CAST(:keys AS json)) AS k (tenant text, "user" text, type text, at bigint)"""

# What is held goes to one digest, the earliest of its type, and there may give way to one of those that are held since.
# The conditions on reading are those of the partial index. Rows are locked in one order, as in push_decisions.py.
_TAKE = text(f"""
WITH earliest AS (
    SELECT k.tenant, k."user", k.type, min(k.at) AS at FROM {_ASKED} GROUP BY k.tenant, k."user", k.type
), locked AS (
    SELECT n.tenant, n.user_id, n.id, n.seq, n.type, k.at, n.expires_at > :now AS timely
    FROM earliest AS k JOIN notifications AS n ON (n.tenant, n.user_id, n.type) = (k.tenant, k."user", k.type)
    WHERE (n.push_state = 'held' OR (n.push_state = 'queued' AND n.push_changed_at = to_timestamp(k.at / 1000000.0)))
        AND n.installation IS NULL AND n.read_at IS NULL AND n.archived_at IS NULL AND n.replaced_by IS NULL
    ORDER BY n.tenant, n.user_id, n.id FOR UPDATE OF n
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY tenant, user_id, type ORDER BY timely DESC, seq DESC) AS place
    FROM locked
)
UPDATE notifications AS n SET
    push_state = CASE WHEN NOT r.timely THEN 'expired' WHEN r.place = 1 THEN 'queued' ELSE 'cancelled' END,
    push_changed_at = to_timestamp(r.at / 1000000.0)
FROM ranked AS r WHERE (n.tenant, n.user_id, n.id) = (r.tenant, r.user_id, r.id)
""")  # noqa: S608 a constant

# What a digest has taken carries its instant until something else becomes of it.
_TAKEN = text(f"""
SELECT n.*, k.at FROM {_ASKED} JOIN notifications AS n ON (n.tenant, n.user_id, n.type) = (k.tenant, k."user", k.type)
WHERE n.push_changed_at = to_timestamp(k.at / 1000000.0) AND n.push_state IN ('queued', 'cancelled', 'expired')
ORDER BY n.tenant, n.user_id, n.type, n.push_state = 'queued' DESC, n.seq DESC
""")  # noqa: S608 a constant


class Digests:
    """A `DigestStore`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def take(self, keys: Sequence[DigestKey], now: Micros) -> Taken:
        """See DigestStore."""
        if not keys:
            return Taken([], [])
        asked = {"keys": msgspec.json.encode([key._asdict() for key in dict.fromkeys(keys)]).decode()}
        with sync_transaction(self._engine) as connection:
            connection.execute(_TAKE, asked | {"now": to_timestamp(now)})
            rows = connection.execute(_TAKEN, asked).all()
        expired = [NoticeKey(row.tenant, row.user_id, row.id) for row in rows if row.push_state == PushState.EXPIRED]
        return Taken(_digests(row for row in rows if row.push_state != PushState.EXPIRED), expired)


def _digests(rows: Iterable[Row[Any]]) -> list[Digest]:
    taken: dict[DigestKey, list[Row[Any]]] = {}
    for row in rows:
        taken.setdefault(DigestKey(row.tenant, row.user_id, row.type, row.at), []).append(row)
    return [
        Digest(
            key=key,
            newest=its[0].id,
            content=_content(its[0]),
            open=its[0].push_state == PushState.QUEUED,
            others=[row.id for row in its[1:]],
        )
        for key, its in taken.items()
    ]


def _content(row: Row[Any]) -> NoticeContent:
    return NoticeContent(
        type=row.type,
        title=row.title,
        body=row.body,
        data=None if row.data is None else bytes(row.data),
        priority=row.priority,
        created_at=from_timestamp(row.created_at),
        accepted_at=from_timestamp(row.accepted_at),
        expires_at=from_timestamp(row.expires_at),
        interest=row.interest,
        collapse_key=row.collapse_key,
        match_key=row.match_key,
        match_version=row.match_version,
        about=row.about,
    )
