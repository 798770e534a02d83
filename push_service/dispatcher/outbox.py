"""From a notification whose push is decided to one request for each installation of its user."""

from collections.abc import Sequence

import msgspec

from backbone.codec import AvroCodec
from backbone.headers import event_headers
from backbone.record import OutRecord
from backbone.topics import PUSH_PROVIDERS, push_outbox
from domain.ids import derived_id
from domain.installation import Installation
from domain.instants import Micros
from domain.notification import NoticeContent
from domain.push_request import PushRequest
from push_service.dispatcher.receipts import SOURCE
from storage.push_decisions import NoticeKey
from storage.push_targets import PushTargets

OUTBOXES = {provider: push_outbox(provider) for provider in PUSH_PROVIDERS}
"""The topic of each provider."""


class Push(msgspec.Struct, frozen=True, kw_only=True):
    """A notification that is to be pushed now."""

    tenant: str
    user: str
    id: str
    installation: str | None = None
    """To this one alone."""
    content: NoticeContent
    traceparent: bytes | None = None

    @property
    def key(self) -> NoticeKey:
        """The row with its push decision."""
        return NoticeKey(self.tenant, self.user, self.id)


class Addressed(msgspec.Struct, frozen=True):
    """What comes of pushes."""

    requests: list[tuple[Push, PushRequest]]
    without: list[Push]
    """Those whose users have no installation to push to."""


class Outbox:
    """Looks installations up, all users of a batch in one query, and writes the records of the outboxes."""

    def __init__(self, targets: PushTargets, codec: AvroCodec) -> None:
        self._targets = targets
        self._codec = codec

    def address(self, pushes: Sequence[Push], now: Micros) -> Addressed:
        """The requests of each push. Raises OutageError."""
        addressed = Addressed([], [])
        if not pushes:
            return addressed
        installations = self._targets.of_users(sorted({(push.tenant, push.user) for push in pushes}))
        for push in pushes:
            its = [
                each for each in installations.get((push.tenant, push.user), ()) if push.installation in (None, each.id)
            ]
            addressed.requests.extend((push, _request(push, each, now)) for each in its)
            if not its:
                addressed.without.append(push)
        return addressed

    def record(self, push: Push, request: PushRequest) -> OutRecord:
        """As it is produced to the outbox of its provider."""
        topic = OUTBOXES[request.provider]
        request_id = derived_id(f"{request.tenant}/{request.user}/{request.id}/{request.installation}", "push")
        return OutRecord(
            topic=topic.name,
            key=request.key.encode(),
            value=self._codec.encode(topic, request),
            headers=event_headers(request_id, "fleetcast.push", SOURCE, request.queued_at, push.traceparent),
        )


def _request(push: Push, installation: Installation, now: Micros) -> PushRequest:
    return PushRequest(
        id=push.id,
        tenant=push.tenant,
        user=push.user,
        installation=installation.id,
        provider=installation.provider,
        platform=installation.platform,
        push_token=installation.push_token,
        token_at=installation.token_at,
        environment=installation.environment,
        app=installation.app,
        model=installation.model,
        app_version=installation.app_version,
        queued_at=now,
        content=push.content,
    )
