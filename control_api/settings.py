"""Settings of control_api: where it listens, and the bound of everything that people can have or send."""

from pydantic import Field, field_validator

from runtime.http.origins import checked_origins
from runtime.settings import Section

_KIB = 1024
_MIB = 1024 * _KIB
PUSH_SERVICES = [
    "fcm.googleapis.com",
    "updates.push.services.mozilla.com",
    "*.notify.windows.com",
    "*.push.apple.com",
]
"""Of the browsers there are."""


class ControlSettings(Section, section="CONTROL"):
    """Where control_api listens, and its bounds."""

    host: str = Field(default="127.0.0.1", description="Address to listen on; 0.0.0.0 for all.")
    port: int = Field(default=8081, ge=0, le=65_535, description="Port to listen on; 0 takes a free one.")
    allowed_origins: list[str] = Field(
        default_factory=list,
        description="Pages that may ask, such as https://app.example.com; * for all. Pages of its own host and port "
        "always may, and so do programs, which send no Origin.",
    )
    connections: int = Field(default=10_000, ge=1, description="Connections at the same time; then 503.")
    requests: int = Field(default=256, ge=1, description="Requests worked on at the same time; then 503.")
    body_bytes: int = Field(default=64 * _KIB, ge=_KIB, description="Longest body as sent; then 413.")
    inflated_bytes: int = Field(default=256 * _KIB, ge=_KIB, description="Longest body once inflated; then 413.")
    body_seconds: float = Field(default=10.0, gt=0, description="What a body may take to arrive; then 408.")
    bodies_bytes: int = Field(
        default=32 * _MIB, ge=_MIB, description="Bytes of all bodies held at the same time; then 503."
    )
    user_rate: float = Field(default=20.0, gt=0, description="Requests per second of a user, in the long run.")
    user_burst: int = Field(default=100, ge=1, description="Requests of a user at once.")
    backend_rate: float = Field(default=50.0, gt=0, description="Requests per second of a back end's credential.")
    backend_burst: int = Field(default=200, ge=1, description="Requests of a back end's credential at once.")
    typing_rate: float = Field(default=0.5, gt=0, description="How often a second a user may say to be writing.")
    typing_burst: int = Field(default=5, ge=1, description="The same at once.")
    limited_callers: int = Field(default=100_000, ge=1, description="Callers whose use of their rate is remembered.")
    page_items: int = Field(default=200, ge=1, le=1_000, description="Most items of a page.")
    unread_counted: int = Field(default=1_000, ge=1, description="Unread notifications are counted up to so many.")
    changed_ids: int = Field(default=500, ge=1, le=5_000, description="Most ids in a change of the inbox.")
    changed_at_once: int = Field(
        default=5_000, ge=1, description="Most notifications that one request marks; then it says that there are more."
    )
    installations: int = Field(default=10, ge=1, le=100, description="Installations of a user; then 409.")
    interests: int = Field(default=1_000, ge=1, description="Interests that a user may follow; then 409.")
    webpush_hosts: list[str] = Field(
        default=PUSH_SERVICES,
        description="Hosts of Web Push services that subscriptions may name, for we send to where they say; *.name for "
        "all below a name. One of this machine (127.0.0.1, localhost) may be asked over http: for development.",
    )

    @field_validator("allowed_origins")
    @classmethod
    def _origins(cls, origins: list[str]) -> list[str]:
        return checked_origins(origins)
