"""What can be wrong with a fix, and which of these faults keep it from the screens."""

import enum


class QualityFlag(enum.StrEnum):
    """A fault of a fix. Symbols are those of the enum in `schemas/avro/Position.avsc`."""

    NO_FIX = "no_fix"
    """Latitude and longitude are both 0: receivers report that when they have no fix."""
    FUTURE = "future"
    """The device's clock is ahead of ours by more than the tolerance."""
    TOO_OLD = "too_old"
    """Older than what we keep."""
    DUPLICATE = "duplicate"
    """An event id that was seen before."""
    OUT_OF_ORDER = "out_of_order"
    """Older than the position that is shown."""
    SAME_TIME = "same_time"
    """As old as the position that is shown, with another id."""
    IMPOSSIBLE_JUMP = "impossible_jump"
    """Further from the last position than the asset can have moved since."""
    LATE = "late"
    """Received long after it was measured. It is shown all the same when it is the newest."""
    UNKNOWN = "unknown"
    """A flag of a newer version of the schema than the reader's."""
