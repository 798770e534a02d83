"""The thresholds by which a fix is judged and completed, as one value."""

import msgspec

from domain.instants import DAY, MINUTE, SECOND, Micros


class QualityLimits(msgspec.Struct, frozen=True):
    """Thresholds of the rules in `domain/quality_rules.py` and `domain/motion.py`."""

    future: Micros = 30 * SECOND
    """A fix further than this ahead of its receipt is in the future."""
    too_old: Micros = 7 * DAY
    """A fix further than this before its receipt is too old: what Kafka keeps."""
    late: Micros = MINUTE
    """A fix further than this before its receipt is late."""
    max_speed: float = 100.0
    """Metres per second, for assets whose reference data says nothing else: faster than a high-speed train."""
    jump_allowance: float = 100.0
    """Metres that a fix may be off before a jump is judged; GPS noise and coarse timestamps must not flag."""
    jump_confirmations: int = 3
    """So many impossible fixes in a row that agree with each other prove that the position shown was the wrong one."""
    recent_ids: int = 32
    """How many ids of each asset are remembered to recognise duplicates."""
    heading_distance: float = 10.0
    """Metres that an asset must have moved before a heading is derived."""
    derive_within: Micros = 60 * MINUTE
    """No speed or heading is derived across a longer gap."""
