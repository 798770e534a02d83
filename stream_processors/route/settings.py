"""What operators decide about `route`."""

from pydantic import Field

from runtime.settings import Section


class RouteSettings(Section, section="ROUTE"):
    """Batches and memory."""

    batch_records: int = Field(500, ge=1, le=10_000, description="Most positions and status changes in one batch.")
    cached_statuses: int = Field(
        50_000,
        ge=0,
        le=5_000_000,
        description="Statuses kept in memory, for each partition that this process owns; more are read from Redis.",
    )
