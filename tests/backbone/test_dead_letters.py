"""Dead letters: bytes unchanged, with the reason."""

import pytest
from prometheus_client import CollectorRegistry

from backbone.dead_letters import DeadLetters
from backbone.errors import KafkaUnavailable
from backbone.memory.cluster import MemoryCluster
from backbone.memory.publishers import MemoryBatchPublisher
from backbone.record import InRecord, header
from domain.errors import PermanentError
from domain.instants import parse_rfc3339

RECORD = InRecord("fleet.pings.v1", 3, 41, b"acme/truck-7", b"\x00\xff garbage", [("ce_id", b"e1"), ("x", b"\xfe")], 5)
ERROR = PermanentError("undecodable", "byte 5: not a schema id ☃" + "x" * 2000)


def test_a_buried_record_keeps_its_bytes_and_headers_and_says_why_and_whence() -> None:
    cluster, registry = MemoryCluster(), CollectorRegistry()
    cluster.create_topic("fleet.pings.v1.enrich.dlq")

    letter = DeadLetters(MemoryBatchPublisher(cluster), "enrich", registry).bury(RECORD, ERROR)

    (buried,) = cluster.records("fleet.pings.v1.enrich.dlq")
    assert (buried.key, buried.value, buried.headers) == (RECORD.key, RECORD.value, letter.headers)
    assert buried.headers[:2] == RECORD.headers
    said = {name: header(buried.headers, name) for name, _ in buried.headers if name.startswith("dlq-")}
    assert parse_rfc3339((said.pop("dlq-time") or b"").decode()) > 0
    assert said == {
        "dlq-reason": b"undecodable",
        "dlq-detail": ERROR.detail[:1000].encode(),
        "dlq-topic": b"fleet.pings.v1",
        "dlq-partition": b"3",
        "dlq-offset": b"41",
        "dlq-group": b"enrich",
    }
    labels = {"group": "enrich", "topic": "fleet.pings.v1", "reason": "undecodable"}
    assert registry.get_sample_value("fleetcast_dead_letters_total", labels) == 1


def test_a_record_that_cannot_be_buried_is_an_outage_not_a_loss() -> None:
    cluster, registry = MemoryCluster(), CollectorRegistry()
    cluster.create_topic("fleet.pings.v1.enrich.dlq")
    cluster.down()
    with pytest.raises(KafkaUnavailable):
        DeadLetters(MemoryBatchPublisher(cluster), "enrich", registry).bury(RECORD, ERROR)
