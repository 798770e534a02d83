"""One attempt to reach one installation."""

import msgspec

from domain.instants import Micros
from domain.notification import NoticeContent


class PushRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A record of `push.outbox.<provider>.v1`. Field names are those of `schemas/avro/PushRequest.avsc`."""

    id: str
    """The notification's."""
    tenant: str
    user: str
    installation: str
    provider: str
    platform: str
    push_token: str
    """The provider's address of the installation; of Web Push the subscription as JSON."""
    token_at: Micros
    """When the installation registered this push token: an answer about an older one does not concern it."""
    environment: str | None = None
    app: str | None = None
    model: str | None = None
    app_version: str | None = None
    attempt: int = 0
    """How often it was tried before."""
    queued_at: Micros
    content: NoticeContent

    @property
    def key(self) -> str:
        """The Kafka key: `tenant/installation`."""
        return f"{self.tenant}/{self.installation}"
