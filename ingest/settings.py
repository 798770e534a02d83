"""Settings of ingest: where it listens, and the bound of everything that a client can send."""

from pydantic import Field

from runtime.settings import Section


class IngestSettings(Section, section="INGEST"):
    """Where ingest listens, and what it takes."""

    host: str = Field(default="127.0.0.1", description="Address to listen on; 0.0.0.0 for all.")
    port: int = Field(default=8080, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    connections: int = Field(default=10_000, ge=1, description="Connections at the same time; then 503.")
    body_bytes: int = Field(default=1024**2, ge=1024, description="Longest body as sent; then 413.")
    inflated_bytes: int = Field(default=10 * 1024**2, ge=1024, description="Longest body once inflated; then 413.")
    body_seconds: float = Field(default=10.0, gt=0, description="What a body may take to arrive; then 408.")
    bodies_bytes: int = Field(
        default=256 * 1024**2, ge=1024**2, description="Bytes of all bodies held at the same time; then 503."
    )
    batch_items: int = Field(default=1_000, ge=1, le=100_000, description="Most items of one list; then 413.")
    notification_users: int = Field(
        default=1_000, ge=1, le=5_000, description="Users that one notification may name; more follow an interest."
    )
    notification_data_bytes: int = Field(
        default=4_096, ge=256, le=65_536, description="Most bytes of a notification's data, as JSON."
    )
    notification_days: int = Field(
        default=365, ge=1, le=3650, description="How far ahead a notification may be put off; then it is refused."
    )
    future_seconds: int = Field(
        default=300, ge=0, description="How far ahead of our clock the time of an event may be; then it is refused."
    )
    past_days: int = Field(
        default=30, ge=1, le=3650, description="How long ago the time of an event may be; then it is refused."
    )
    device_rate: float = Field(default=10.0, gt=0, description="Items per second of a device's credential.")
    device_burst: int = Field(default=1_000, ge=1, description="Items at once of a device's credential.")
    backend_rate: float = Field(default=10_000.0, gt=0, description="Items per second of a back end's credential.")
    backend_burst: int = Field(default=10_000, ge=1, description="Items at once of a back end's credential.")
    limited_credentials: int = Field(
        default=100_000, ge=1, description="Credentials whose use of their rate is remembered."
    )
