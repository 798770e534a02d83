"""What may be set for the dispatcher."""

from pydantic import Field

from runtime.settings import Section
from storage.notices import MAX_BATCH


class DispatcherSettings(Section, section="DISPATCHER"):
    """Batches and times."""

    batch_records: int = Field(500, ge=1, le=MAX_BATCH, description="Most notifications handled at once.")
    ack_seconds: float = Field(
        3.0,
        ge=0.1,
        le=600,
        description="How long a notification that was shown on a socket waits for its acknowledgement before it is "
        "pushed.",
    )
    timeline_records: int = Field(
        2_000, ge=1, le=10_000, description="Most receipts written to the delivery timelines at once."
    )
    timer_seconds: float = Field(
        1.0,
        ge=0.05,
        le=60,
        description="How often it is looked for what waits for hours (send-at, quiet hours, digests) and is due.",
    )
