"""Settings of the gRPC interface: where it listens, and the bound of everything that a client can send or hold."""

from pydantic import Field

from runtime.settings import Section


class GrpcSettings(Section, section="GRPC"):
    """Where ingest listens for gRPC, and what it takes. Rates and the bounds of fields are those of INGEST."""

    host: str = Field(default="127.0.0.1", description="Address to listen on; 0.0.0.0 for all.")
    port: int = Field(
        default=50051, ge=0, le=65535, description="Port to listen on; 0 takes a free one, named in the log."
    )
    connections: int = Field(default=10_000, ge=1, description="Connections at the same time; more are closed.")
    calls: int = Field(
        default=2_000, ge=1, description="Calls at the same time, streams among them; then RESOURCE_EXHAUSTED."
    )
    calls_per_connection: int = Field(
        default=100, ge=1, description="Calls at the same time on one connection; its client waits with more."
    )
    message_bytes: int = Field(
        default=1024**2, ge=1024, le=64 * 1024**2, description="Longest message; then RESOURCE_EXHAUSTED."
    )
    bulk_items: int = Field(default=1_000, ge=1, le=100_000, description="Most requests of one SendBulk.")
    in_flight: int = Field(
        default=512, ge=1, le=100_000, description="Requests of one stream that wait for Kafka; no more are read then."
    )
    call_seconds: float = Field(
        default=30.0, gt=0, description="What a call that is no stream may take, whatever its deadline."
    )
    idle_seconds: float = Field(
        default=300.0, gt=0, description="How long a stream may bring nothing, or take no answer; then it is ended."
    )
    connection_seconds: float = Field(
        default=3_600.0,
        ge=1,
        description="How long a connection lasts, about; then its client makes another, and open calls get "
        "CALL_SECONDS to end.",
    )
    keepalive_seconds: float = Field(
        default=60.0, ge=1, description="How often a silent connection is asked whether it is alive."
    )
    keepalive_timeout_seconds: float = Field(
        default=20.0, ge=1, description="How long it has to say so; then it is closed."
    )
    ping_seconds: float = Field(
        default=10.0, ge=1, description="How often a client may ask us the same; who does so more often is cut off."
    )
    drain_seconds: float = Field(
        default=5.0, ge=0, description="What calls get to finish when the process stops; then they are cancelled."
    )
