"""What is remembered of an asset between two fixes: the position that is shown, and what is needed to judge the next.

The structs are stored as JSON arrays: a new field goes to the end and has a default.
"""

import msgspec

from domain.asset_watch import NOT_WATCHED, AssetWatch
from domain.instants import Micros


class LastPosition(msgspec.Struct, frozen=True, array_like=True):
    """The position that is shown: the newest fix that nothing held back."""

    id: str
    time: Micros
    lat: float
    lon: float
    accuracy: float | None
    heading: float | None
    """As shown, reported or derived."""
    anchor_lat: float
    """Where the heading was last known for sure: the next one is derived from here, once far enough away."""
    anchor_lon: float


class RejectedFix(msgspec.Struct, frozen=True, array_like=True):
    """The last fix that was held back as an impossible jump, and how many in a row agreed with each other."""

    time: Micros
    lat: float
    lon: float
    accuracy: float | None
    count: int


class AssetState(msgspec.Struct, frozen=True, array_like=True):
    """All that is remembered of one asset."""

    last: LastPosition | None = None
    recent_ids: tuple[str, ...] = ()
    """Ids of the last fixes, oldest first, whatever became of them."""
    rejected: RejectedFix | None = None
    watch: AssetWatch = NOT_WATCHED


NEVER_SEEN = AssetState()
"""The state of an asset before its first fix."""
