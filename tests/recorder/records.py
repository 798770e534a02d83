"""Live records for the recorder's tests."""

from backbone.record import InRecord
from backbone.topics import LIVE
from domain.live_update import LiveUpdate
from domain.source_position import SourcePosition


def live_update(
    version: int, *, kind: str = "position", entity: str = "asset/a", source: SourcePosition | None = None
) -> LiveUpdate:
    return LiveUpdate(
        id=f"{kind}-{version}",
        fleet="acme",
        channels=["fleet:acme", f"asset:acme/{entity.rpartition('/')[2]}"],
        kind=kind,
        entity=entity,
        event_time=version,
        version=version,
        received_at=version,
        payload=b'{"v":%d}' % version,
        source=source or SourcePosition("fleet.positions.v1", "positions-1", 0, version),
    )


def live_record(offset: int, *, at_ms: int = 0, value: bytes | None = b"raw", partition: int = 0) -> InRecord:
    return InRecord(LIVE.name, partition, offset, b"acme", value, [], at_ms)
