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
        default=30, ge=1, le=365, description="Days that a channel's snapshot outlives the channel's last record."
    )
