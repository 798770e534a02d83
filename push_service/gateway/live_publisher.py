"""What clients and back ends publish: it goes through Kafka like everything else, so that every gateway sees it."""

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

from backbone.channel_address import channel_address
from backbone.headers import channels_header, event_headers
from backbone.partition_ref import PartitionRef
from backbone.publishing import AsyncPublishing, PublishFailed
from backbone.record import Ack, OutRecord
from backbone.topics import Topic
from domain.channels import Channel
from domain.instants import Micros
from domain.live_update import LiveUpdate
from runtime.trace import new_trace

PUBLICATION = "publication"
"""The `kind` of what clients and back ends publish. It never becomes state: it names no source."""


class Encoder(Protocol):
    """The part of `backbone.codec.AvroCodec` that writing needs; its schema is prepared before."""

    def encode(self, topic: Topic, value: msgspec.Struct) -> bytes: ...


class NewPublication(msgspec.Struct, frozen=True):
    """What is to be published on one channel."""

    channel: Channel
    payload: bytes
    """UTF-8 JSON, handed to subscribers byte for byte."""
    entity: str
    """Who publishes: `client/<id>` or `backend`."""
    info: bytes | None = None
    """UTF-8 JSON about the client that publishes."""
    tags: Mapping[str, str] = {}
    kind: str = PUBLICATION


class Published(NamedTuple):
    """Where Kafka has put it, as the protocol has positions."""

    offset: int
    epoch: str


class LivePublisher:
    """Publishes on channels. `place` says where a channel is read; None: its topic is not served."""

    def __init__(
        self,
        publisher: AsyncPublishing,
        encoder: Encoder,
        place: Callable[[Channel], PartitionRef | None],
        clock: Callable[[], Micros] = lambda: time.time_ns() // 1_000,
    ) -> None:
        self._publisher = publisher
        self._encoder = encoder
        self._place = place
        self._clock = clock

    async def publish(self, publications: Sequence[NewPublication]) -> list[Published | PublishFailed | None]:
        """One answer for each, in their order, after Kafka's acknowledgement. None: the channel is not served."""
        places = [self._place(each.channel) for each in publications]
        served = [each for each, place in zip(publications, places, strict=True) if place is not None]
        acks = iter(await self._publisher.publish([self._record(each) for each in served]))
        return [None if place is None else _published(place, next(acks)) for place in places]

    def _record(self, publication: NewPublication) -> OutRecord:
        now = self._clock()
        address = channel_address(publication.channel)
        update = LiveUpdate(
            id=str(uuid.uuid4()),
            fleet=publication.channel.owner,
            channels=[str(publication.channel)],
            kind=publication.kind,
            entity=publication.entity,
            event_time=now,
            version=now,
            received_at=now,
            payload=publication.payload,
            info=publication.info,
            tags=dict(publication.tags),
        )
        headers = event_headers(update.id, "fleetcast.publication", "/gateway", now, str(new_trace()).encode())
        headers.append(channels_header(update.channels))
        value = self._encoder.encode(address.topic, update)
        return OutRecord(address.topic.name, address.key, value, headers)


def _published(place: PartitionRef, ack: Ack | PublishFailed) -> Published | PublishFailed:
    if isinstance(ack, PublishFailed):
        return ack
    return Published(ack.offset + 1, f"{place.topic_id}.{ack.partition}")
