"""`broadcast`: the same data on several channels. Each has an answer of its own."""

import msgspec

from backbone.publishing import PublishFailed
from domain.channels import Channel
from push_service.gateway.live_publisher import LivePublisher, NewPublication, Published
from push_service.gateway.server_api.addressing import Addressing
from push_service.gateway.server_api.errors import BAD_REQUEST, ApiError, ApiErrorBody
from push_service.gateway.server_api.keys import Caller
from push_service.gateway.server_api.method import ApiRequest
from push_service.gateway.server_api.payload import check_tags, payload_of
from push_service.gateway.server_api.publish import ENTITY, PublishResult, refuse_skipping, result_of


class BroadcastRequest(ApiRequest, frozen=True):
    """What to publish, and where."""

    channels: list[str]
    data: msgspec.Raw = msgspec.Raw()
    b64data: str = ""
    tags: dict[str, str] = msgspec.field(default_factory=dict)
    delta: bool = False
    skip_history: bool = False


class ChannelResponse(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one channel: an error or a result."""

    error: ApiErrorBody | None = None
    result: PublishResult | None = None


class BroadcastResult(msgspec.Struct, frozen=True):
    """One response for each channel, in the request's order."""

    responses: list[ChannelResponse]


class Broadcast:
    """Several channels, whose records are sent together."""

    def __init__(self, addressing: Addressing, publisher: LivePublisher, max_channels: int, max_bytes: int) -> None:
        self._addressing = addressing
        self._publisher = publisher
        self._max_channels = max_channels
        self._max_bytes = max_bytes

    async def __call__(self, caller: Caller, request: BroadcastRequest) -> BroadcastResult:
        refuse_skipping(skip_history=request.skip_history)
        if not 1 <= len(request.channels) <= self._max_channels:
            raise ApiError(BAD_REQUEST, f"channels are 1 to {self._max_channels}")
        payload = payload_of(request.data, request.b64data, self._max_bytes)
        tags = check_tags(request.tags)
        channels = [self._channel_or_error(caller, name) for name in request.channels]
        good = [each for each in channels if isinstance(each, Channel)]
        outcomes = iter(
            await self._publisher.publish([NewPublication(each, payload, ENTITY, tags=tags) for each in good])
        )
        return BroadcastResult(
            [_response(next(outcomes)) if isinstance(each, Channel) else ChannelResponse(each) for each in channels]
        )

    def _channel_or_error(self, caller: Caller, name: str) -> Channel | ApiErrorBody:
        try:
            return self._addressing.channel(caller, name)
        except ApiError as error:
            return error.body


def _response(outcome: Published | PublishFailed | None) -> ChannelResponse:
    try:
        return ChannelResponse(result=result_of(outcome))
    except ApiError as error:
        return ChannelResponse(error.body)
