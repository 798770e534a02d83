"""What is told of a change: to the user's other devices, and to the delivery timeline. Both go through Kafka."""

from collections.abc import Callable, Iterable
from typing import Protocol

import msgspec
import structlog

from backbone.channel_address import channel_address
from backbone.headers import channels_header, event_headers
from backbone.publishing import AsyncPublishing, PublishFailed
from backbone.receipts import receipt_record
from backbone.record import OutRecord
from backbone.topics import Topic
from control_api.problems import NOT_TOLD
from control_api.serving import RETRY_SECONDS
from domain.channels import parse_channel, user_channel
from domain.delivery_step import PushReceipt
from domain.instants import Micros
from domain.live_update import LiveUpdate
from runtime.http.problem import Problem
from runtime.trace import new_trace

log = structlog.get_logger(__name__)

SOURCE = "/control_api"


class Encoder(Protocol):
    """The part of `backbone.codec.AvroCodec` that writing needs; its schemas are prepared before."""

    def encode(self, topic: Topic, value: msgspec.Struct) -> bytes: ...


class UserNews:
    """Publishes; answers come after Kafka's."""

    def __init__(self, publisher: AsyncPublishing, encoder: Encoder, now: Callable[[], Micros]) -> None:
        self._publisher = publisher
        self._encoder = encoder
        self.now = now

    def live(self, tenant: str, user: str, *, update_id: str, kind: str, entity: str, payload: bytes) -> OutRecord:
        """What is shown on the user's own channel."""
        at = self.now()
        channel = user_channel(tenant, user)
        update = LiveUpdate(
            id=update_id,
            fleet=tenant,
            channels=[channel],
            kind=kind,
            entity=entity,
            event_time=at,
            version=at,
            received_at=at,
            payload=payload,
        )
        address = channel_address(parse_channel(channel))
        headers = event_headers(update.id, f"fleetcast.{kind}", SOURCE, at, str(new_trace()).encode())
        headers.append(channels_header(update.channels))
        return OutRecord(address.topic.name, address.key, self._encoder.encode(address.topic, update), headers)

    def receipt(self, receipt: PushReceipt) -> OutRecord:
        """A step of a notification's delivery."""
        return receipt_record(self._encoder, receipt, SOURCE)

    async def tell(self, records: Iterable[OutRecord]) -> None:
        """Returns when Kafka has all of them. Raises Problem: 503."""
        told = await self._publisher.publish(list(records))
        failed = next((each for each in told if isinstance(each, PublishFailed)), None)
        if failed is not None:
            log.warning("a change was not told", reason=failed.reason, detail=failed.detail)
            raise Problem(NOT_TOLD, "Kafka did not confirm it in time", headers={"Retry-After": str(RETRY_SECONDS)})
