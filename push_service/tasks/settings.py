"""What may be set for scheduled tasks."""

from pydantic import Field

from runtime.settings import Section


class TasksSettings(Section, section="TASKS"):
    """How long things are kept, and how gently they are removed."""

    batch: int = Field(default=5_000, ge=1, le=100_000, description="Rows that one statement of a task changes.")
    pause_seconds: float = Field(default=0.1, ge=0, le=60, description="The pause between two such statements.")
    statement_seconds: float = Field(default=60.0, gt=0, description="What one statement of a task may take.")
    partition_days: int = Field(
        default=7, ge=1, le=366, description="Days, from today on, for which make-partitions makes partitions."
    )
    timeline_days: int = Field(default=30, ge=1, le=3_660, description="Days that delivery timelines are kept.")
    history_days: int = Field(default=90, ge=1, le=3_660, description="Days that notifications are kept.")
    schedule_days: int = Field(
        default=31, ge=1, le=366, description="Days that scheduled requests are kept after they were produced."
    )
    disabled_days: int = Field(
        default=30, ge=1, le=3_660, description="Days that installations are kept after they were disabled."
    )
    stale_days: int = Field(
        default=270,
        ge=1,
        le=3_660,
        description="Days after which an installation that never refreshed is disabled; FCM lets a push token expire "
        "after 270.",
    )
    interest_days: int = Field(
        default=30,
        ge=1,
        le=3_660,
        description="Days without a new follower after which the interest of an order that the reference data does "
        "not know (any more) loses its followers.",
    )
