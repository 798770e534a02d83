"""Settings of the gateway."""

from pydantic import Field, field_validator

from push_service.gateway.channels.channel_kinds import read_channel_kinds
from runtime.http.origins import checked_origins
from runtime.settings import Section

_KIB = 1024
_MIB = 1024 * _KIB


class GatewaySettings(Section, section="GATEWAY"):
    """Where the gateway listens, and its bounds."""

    host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 for all.")
    port: int = Field(0, ge=0, le=65_535, description="Port to listen on; 0 takes a free one, named in the log.")
    allowed_origins: list[str] = Field(
        default_factory=list,
        description="Pages that may connect, such as https://app.example.com; * for all. Pages of the gateway's own "
        "host and port always may, and so do programs, which send no Origin.",
    )
    max_sockets: int = Field(20_000, ge=1, description="Open WebSockets; one more is answered 503.")
    connect_seconds: float = Field(
        10.0, gt=0, le=300, description="From opening a socket to a good token; then it is closed."
    )
    ping_seconds: float = Field(25.0, ge=0.2, le=600, description="Between our pings of a client.")
    pong_seconds: float = Field(8.0, gt=0, description="How long a client may take to answer a ping.")
    max_frame_bytes: int = Field(64 * _KIB, ge=1_024, description="Largest message of a client.")
    max_frame_commands: int = Field(512, ge=1, description="Most commands in a message.")
    commands_per_second: float = Field(50.0, gt=0, description="Commands of a connection, in the long run.")
    commands_burst: int = Field(1_000, ge=1, description="Commands of a connection at once.")
    channel_kinds: str = Field(
        "{}",
        description="Kinds of channels of this deployment's own, as a JSON object (docs/live-protocol.md); in a file "
        "with GATEWAY_CHANNEL_KINDS_FILE.",
    )
    own_channel: str = Field(
        "user:{tenant}/{user}",
        description="The channel that every user's connection follows unasked: a name with {tenant} and {user}; "
        "none for no such channel.",
    )
    publish_bytes: int = Field(16 * _KIB, ge=1, description="Longest data of a client's publish.")
    publishes_per_second: float = Field(10.0, gt=0, description="Publishes of a connection, in the long run.")
    publishes_burst: int = Field(50, ge=1, description="Publishes of a connection at once.")
    publish_seconds: float = Field(
        4.0, gt=0, le=60, description="What a publish may wait for Kafka; then a temporary error."
    )
    ack_seconds: float = Field(
        4.0, gt=0, le=60, description="What an acknowledgement may wait for PostgreSQL; then a temporary error."
    )
    lease_seconds: float = Field(
        30.0,
        ge=1,
        description="For how long others take this gateway's connections for alive when it says nothing more; it says "
        "so three times as often.",
    )
    presence_clients: int = Field(
        1_000, ge=1, description="Most connections that an answer about presence names; more are counted only."
    )
    max_subscriptions: int = Field(128, ge=1, description="Channels that a connection may follow.")
    subscribe_seconds: float = Field(
        4.0, gt=0, le=60, description="What a subscribe may wait for; then a temporary error. SDKs give up after 5 s."
    )
    queue_conflate_bytes: int = Field(
        128 * _KIB, ge=1, description="What may wait for a slow client before older positions give way to newer ones."
    )
    queue_max_bytes: int = Field(
        _MIB, ge=1, description="What may wait for a slow client before it is closed as slow, to come back and recover."
    )
    queue_max_frames: int = Field(4_096, ge=1, description="The same as a number of messages.")
    stalled_seconds: float = Field(30.0, gt=0, description="How long a client may take nothing at all of what waits.")
    send_buffer_bytes: int = Field(
        128 * _KIB,
        ge=4_096,
        description="The system's buffer of a socket (SO_SNDBUF): memory that queues do not count.",
    )
    history_seconds: float = Field(
        60.0, ge=0, description="How far in the past a partition is opened, so that clients can resume at once."
    )
    history_max_records: int = Field(
        20_000,
        ge=1,
        description="Most records to go back, be it to that time or to where the snapshots end. What is before is "
        "looked for in Kafka when a client needs it.",
    )
    scan_records: int = Field(
        200_000,
        ge=0,
        description="Most records to read through for what a client missed before that; a client that would need more "
        "gets `recovered: false` and a snapshot.",
    )
    scan_seconds: float = Field(2.5, gt=0, le=60, description="What that may take: less than a subscribe may wait.")
    scan_bytes: int = Field(64 * _MIB, ge=_MIB, description="Memory for what is found by one such reading.")
    backlog_records: int = Field(
        20_000,
        ge=1,
        description="Records of a partition that may wait for the schema registry; then its reading pauses.",
    )
    log_bytes: int = Field(64 * _MIB, ge=_MIB, description="Memory for one partition's last records.")
    log_publications: int = Field(100_000, ge=1, description="The same as a number of records.")
    log_seconds: float = Field(900.0, gt=0, description="How long records stay in that memory.")
    linger_seconds: float = Field(
        60.0, ge=0, description="How long a partition is still read after its last subscriber has gone."
    )
    reply_bytes: int = Field(512 * _KIB, ge=16 * _KIB, description="Largest reply: snapshot and publications.")
    reply_publications: int = Field(1_000, ge=1, description="Most publications in a reply.")
    snapshot_seconds: float = Field(
        1.0, ge=0, description="How long a snapshot read from Redis serves further subscribers of its channel."
    )
    snapshot_cache_bytes: int = Field(64 * _MIB, ge=_MIB, description="Memory for such snapshots.")
    drain_seconds: float = Field(
        5.0,
        ge=0,
        description="On SIGTERM: over how long the sockets are closed, to reconnect elsewhere. "
        "PROCESS_SERVICE_STOP_SECONDS is at least 4 s more.",
    )

    @field_validator("channel_kinds")
    @classmethod
    def _kinds(cls, text: str) -> str:
        read_channel_kinds(text)
        return text

    @field_validator("own_channel")
    @classmethod
    def _own_channel(cls, text: str) -> str:
        if text != "none" and "{user}" not in text:
            raise ValueError("names no {user}: it would be the same channel for all; none for no such channel")
        return text

    @field_validator("allowed_origins")
    @classmethod
    def _origins(cls, origins: list[str]) -> list[str]:
        return checked_origins(origins)
