"""The status that an entity shows, and which changes move it."""

import enum

import msgspec

from domain.instants import Micros
from domain.status_change import FINAL_ORDER_STATUSES, StatusChange


class EntityStatus(msgspec.Struct, frozen=True, array_like=True):
    """The change with the highest version. Stored as a JSON array: a new field goes to the end, with a default."""

    id: str
    status: str
    version: int
    time: Micros

    @property
    def final(self) -> bool:
        """Whether it ends an order."""
        return self.status in FINAL_ORDER_STATUSES


class StatusFault(enum.StrEnum):
    """Why a change does not move the status that is shown."""

    DUPLICATE = "duplicate"
    """The very event that is shown."""
    SAME_VERSION = "same_version"
    """Another event of the version that is shown: the first one stays."""
    LOWER_VERSION = "lower_version"
    """Older than what is shown."""


def status_fault(shown: EntityStatus | None, change: StatusChange) -> StatusFault | None:
    """Why `change` is held back; None: it is shown. A version only rises."""
    if shown is None or change.version > shown.version:
        return None
    if change.version < shown.version:
        return StatusFault.LOWER_VERSION
    return StatusFault.DUPLICATE if change.id == shown.id else StatusFault.SAME_VERSION


def status_after(change: StatusChange) -> EntityStatus:
    """The status that a change shows."""
    return EntityStatus(change.id, change.status, change.version, change.time)
