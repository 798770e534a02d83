"""What `enrich` needs of the reference data: the assets' highest speeds, and who carries which order when."""

import threading

from domain.assignments import AssignmentIndex, Carried
from domain.instants import Micros
from domain.reference import ReferenceKind, ReferenceRecord


class ReferenceView:
    """Written by the thread that reads the reference topic, read by the one that judges pings."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._assignments = AssignmentIndex()
        self._max_speeds: dict[tuple[str, str], float] = {}

    def put(self, record: ReferenceRecord) -> None:
        """Takes the newest word on an entry."""
        with self._lock:
            if record.assignment is not None:
                self._assignments.put(record.fleet, record.id, record.assignment)
            elif record.asset is not None:
                self._put_max_speed(record.fleet, record.id, record.asset.max_speed)

    def remove(self, kind: ReferenceKind, fleet: str, entry_id: str) -> None:
        """Takes that an entry is gone."""
        with self._lock:
            if kind is ReferenceKind.ASSIGNMENT:
                self._assignments.remove(fleet, entry_id)
            elif kind is ReferenceKind.ASSET:
                self._put_max_speed(fleet, entry_id, None)

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
