"""What `enrich` needs of the reference data: highest speeds, geofences, who carries which order when, and promises."""

import threading

from backbone.codec import AvroCodec
from backbone.global_table import TableView
from backbone.record import InRecord
from domain.assignments import AssignmentIndex, Carried
from domain.errors import PermanentError
from domain.geofences import GeofenceIndex
from domain.instants import Micros
from domain.promises import PromiseIndex
from domain.reference import ReferenceKind, ReferenceRecord


class ReferenceView(TableView):
    """Written by the thread that reads the reference topic, read by the one that judges pings."""

    def __init__(self, codec: AvroCodec) -> None:
        self.geofences = GeofenceIndex()
        self.promises = PromiseIndex()
        self._codec = codec
        self._lock = threading.Lock()
        self._assignments = AssignmentIndex()
        self._max_speeds: dict[tuple[str, str], float] = {}

    def apply(self, record: InRecord) -> None:
        """See TableView."""
        if record.value is None:
            self._remove(record.key or b"")
        else:
            self._put(self._codec.decode(record.value, ReferenceRecord))

    def _put(self, record: ReferenceRecord) -> None:
        with self._lock:
            if record.assignment is not None:
                self._assignments.put(record.fleet, record.id, record.assignment)
            elif record.asset is not None:
                self._put_max_speed(record.fleet, record.id, record.asset.max_speed)
            elif record.geofence is not None:
                self.geofences.put(record.fleet, record.id, record.geofence)
            elif record.order is not None:
                self.promises.put(record.fleet, record.id, record.order.promised_at)

    def _remove(self, key: bytes) -> None:
        kind, fleet, entry_id = _parts(key)
        with self._lock:
            if kind == ReferenceKind.ASSIGNMENT:
                self._assignments.remove(fleet, entry_id)
            elif kind == ReferenceKind.ASSET:
                self._put_max_speed(fleet, entry_id, None)
            elif kind == ReferenceKind.GEOFENCE:
                self.geofences.remove(fleet, entry_id)
            elif kind == ReferenceKind.ORDER:
                self.promises.put(fleet, entry_id, None)

    def max_speed(self, fleet: str, asset: str) -> float | None:
        """Metres per second; None when nothing is known."""
        return self._max_speeds.get((fleet, asset))

    def carried(self, fleet: str, asset: str, time: Micros) -> Carried:
        """The orders of an asset at an instant."""
        with self._lock:
            return self._assignments.carried(fleet, asset, time)

    def _put_max_speed(self, fleet: str, asset: str, speed: float | None) -> None:
        if speed is None:
            self._max_speeds.pop((fleet, asset), None)
        else:
            self._max_speeds[fleet, asset] = speed


def _parts(key: bytes) -> tuple[str, str, str]:
    """The kind, fleet and id of a tombstone, which has nothing but its key."""
    try:
        kind, fleet, entry_id = key.decode().split("/")
    except ValueError as error:
        raise PermanentError("malformed_key", "the key is not kind/fleet/id") from error
    return kind, fleet, entry_id
