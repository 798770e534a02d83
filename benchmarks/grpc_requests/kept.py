"""What Kafka has of the notification requests of one tenant."""

import time
from collections import Counter

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from backbone.codec import AvroCodec
from backbone.registry import SchemaRegistry
from backbone.topics import NOTIFICATION_REQUESTS
from domain.notification import NotificationRequest

READ_WITHIN = 60.0


def kept_requests(bootstrap: str, registry_url: str, tenant: str) -> Counter[str]:
    """How often each id is there now. Raises TimeoutError, and ValueError for a repeat that says something else."""
    registry = SchemaRegistry(registry_url)
    codec = AvroCodec(registry)
    kept: dict[str, list[NotificationRequest]] = {}
    places: dict[str, set[int]] = {}
    for partition, key, value in _records(bootstrap):
        if key.startswith(f"{tenant}/"):
            request = codec.decode(value, NotificationRequest)
            kept.setdefault(request.id, []).append(request)
            places.setdefault(request.id, set()).add(partition)
    registry.close()
    for request_id, requests in kept.items():
        said = {(tuple(each.users), each.content.title, each.content.data) for each in requests}
        if len(said) > 1 or len(places[request_id]) > 1:
            raise ValueError(f"{request_id} was kept in different words or places")
    return Counter({request_id: len(requests) for request_id, requests in kept.items()})


def _records(bootstrap: str) -> list[tuple[int, str, bytes]]:
    """Partition, key and value of all that is in the topic now."""
    topic = NOTIFICATION_REQUESTS.name
    options: dict[str, str | bool] = {"bootstrap.servers": bootstrap, "group.id": "looks-only"}
    consumer = Consumer({**options, "enable.auto.commit": False, "auto.offset.reset": "earliest"})
    ends: dict[int, int] = {}
    for number in consumer.list_topics(topic, timeout=10).topics[topic].partitions:
        low, high = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=10)
        if low < high:
            ends[number] = high
    consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in ends])
    found: list[tuple[int, str, bytes]] = []
    deadline = time.monotonic() + READ_WITHIN
    while ends:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{topic} was not read to its end")
        for message in consumer.consume(1_000, 0.1):
            number, offset = message.partition() or 0, message.offset() or 0
            found.append((number, (message.key() or b"").decode(), message.value() or b""))
            if offset + 1 >= ends.get(number, offset + 2):
                del ends[number]
    consumer.close()
    return found
