"""What may be set for the recorder."""

from pydantic import Field

from runtime.settings import Section


class RecorderSettings(Section, section="RECORDER"):
    """The recorder's bounds and periods."""

    batch_records: int = Field(default=1_000, ge=1, le=10_000, description="Most live records handled at once.")
    batch_bytes: int = Field(
        default=8 * 1024 * 1024, ge=65_536, description="Most bytes of live records handled at once."
    )
    keep_days: int = Field(
        default=30,
        ge=14,
        le=365,
        description="Days that a channel's snapshot outlives the channel's last record: longer than fleet.live.v1 "
        "keeps any record, which is 3 days and up to 7 more until a segment closes.",
    )
    history_offsets: int = Field(
        default=256,
        ge=0,
        le=1_000,
        description="How many of a channel's last records are listed, so that a client may resume by reading just "
        "those; 0 for none. Not for fleets' own channels.",
    )
