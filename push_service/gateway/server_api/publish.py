"""`publish`: to everybody on a channel, on every gateway. Answered after Kafka's acknowledgement, with the position."""

import msgspec

from backbone.publishing import FailureReason, PublishFailed
from push_service.gateway.live_publisher import LivePublisher, NewPublication, Published
from push_service.gateway.server_api.addressing import Addressing
from push_service.gateway.server_api.errors import BAD_REQUEST, INTERNAL, NOT_AVAILABLE, ApiError
from push_service.gateway.server_api.keys import Caller
from push_service.gateway.server_api.method import ApiRequest
from push_service.gateway.server_api.payload import check_tags, payload_of

ENTITY = "backend"
"""Who publishes, in the live record."""


class PublishRequest(ApiRequest, frozen=True):
    """What to publish."""

    channel: str
    data: msgspec.Raw = msgspec.Raw()
    b64data: str = ""
    tags: dict[str, str] = msgspec.field(default_factory=dict)
    delta: bool = False
    """A hint that we do not need: who negotiated deltas gets them where they are shorter."""
    skip_history: bool = False


class PublishResult(msgspec.Struct, frozen=True):
    """Where it is in the channel's stream."""

    offset: int
    epoch: str


class Publish:
    """One channel."""

    def __init__(self, addressing: Addressing, publisher: LivePublisher, max_bytes: int) -> None:
        self._addressing = addressing
        self._publisher = publisher
        self._max_bytes = max_bytes

    async def __call__(self, caller: Caller, request: PublishRequest) -> PublishResult:
        refuse_skipping(skip_history=request.skip_history)
        channel = self._addressing.channel(caller, request.channel)
        payload = payload_of(request.data, request.b64data, self._max_bytes)
        new = NewPublication(channel, payload, ENTITY, tags=check_tags(request.tags))
        (outcome,) = await self._publisher.publish([new])
        return result_of(outcome)


def refuse_skipping(*, skip_history: bool) -> None:
    """Raises ApiError: what goes through Kafka is kept."""
    if skip_history:
        raise ApiError(NOT_AVAILABLE, "skip_history: every publication has a position and is kept")


def result_of(outcome: Published | PublishFailed | None) -> PublishResult:
    """The answer for one channel. Raises ApiError."""
    if outcome is None:
        raise ApiError(NOT_AVAILABLE, "the channel is not served")
    if isinstance(outcome, Published):
        return PublishResult(outcome.offset, outcome.epoch)
    if outcome.reason is FailureReason.TOO_LARGE:
        raise ApiError(BAD_REQUEST, "the publication is too large for Kafka")
    said = "Kafka did not acknowledge it in time, and may have it" if outcome.ambiguous else "Kafka cannot take it now"
    raise ApiError(INTERNAL, said)
