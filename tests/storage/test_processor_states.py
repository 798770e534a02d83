"""The contract of processors' states, held by Redis and by the in-memory twin alike."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from domain.entity_status import EntityStatus
from domain.errors import OutageError
from domain.last_position import AssetState, LastPosition, RejectedFix
from storage.memory.processor_states import MemoryProcessorStates
from storage.processor_states import ProcessorStates, StateRead, StateWrite
from storage.redis.asset_states import redis_asset_states
from storage.redis.connection import connect_sync
from storage.redis.entity_statuses import KEEP_SECONDS, redis_entity_statuses
from storage.redis.keys import PartitionTag, status_mark, status_of
from storage.redis.settings import RedisSettings

TAG, OTHER = PartitionTag("topic-1", 3), PartitionTag("topic-1", 4)
NAME = "acme/order/A-1"

Statuses = ProcessorStates[EntityStatus]


@pytest.fixture(params=["memory", "single", "clustered"])
def statuses(request: pytest.FixtureRequest) -> Iterator[Statuses]:
    if request.param == "memory":
        yield MemoryProcessorStates()
        return
    client = connect_sync(request.getfixturevalue(request.param))
    yield redis_entity_statuses(client)
    client.close()


def status(version: int) -> EntityStatus:
    return EntityStatus(f"s{version}", "packed", version, 5)


def write(
    expected: int | None, mark: int | None, *, tag: PartitionTag = TAG, **values: int
) -> StateWrite[EntityStatus]:
    return StateWrite(tag, expected, mark, {f"acme/order/{name}": status(version) for name, version in values.items()})


def read(statuses: Statuses, *names: str, tag: PartitionTag = TAG) -> StateRead[EntityStatus]:
    return statuses.read({tag: [f"acme/order/{name}" for name in names]})[tag]


def test_a_partition_that_was_never_written_has_no_mark(statuses: Statuses) -> None:
    assert read(statuses, "a") == StateRead(None, {})
    assert statuses.read({}) == {}
    assert statuses.write([]) == []


def test_values_and_mark_are_written_and_read_as_one(statuses: Statuses) -> None:
    assert statuses.write([write(None, 7, a=1, b=2)]) == []
    assert read(statuses, "a", "b", "c") == StateRead(7, {"acme/order/a": status(1), "acme/order/b": status(2)})
    assert statuses.write([write(7, 9, b=3)]) == []
    assert read(statuses, "a", "b") == StateRead(9, {"acme/order/a": status(1), "acme/order/b": status(3)})


@pytest.mark.parametrize("expected", [None, 6, 8, 70])
def test_who_expects_another_mark_writes_nothing(statuses: Statuses, expected: int | None) -> None:
    statuses.write([write(None, 7, a=1)])
    assert statuses.write([write(expected, 8, a=2)]) == [TAG]
    assert read(statuses, "a") == StateRead(7, {"acme/order/a": status(1)})


def test_who_expects_a_mark_where_there_is_none_writes_nothing(statuses: Statuses) -> None:
    assert statuses.write([write(7, 8, a=2)]) == [TAG]
    assert read(statuses, "a") == StateRead(None, {})


def test_partitions_are_refused_one_by_one(statuses: Statuses) -> None:
    statuses.write([write(None, 7), write(None, 70, tag=OTHER)])
    assert statuses.write([write(8, 9, a=1), write(70, 71, a=2, tag=OTHER)]) == [TAG]
    assert statuses.read({TAG: ["acme/order/a"], OTHER: ["acme/order/a"]}) == {
        TAG: StateRead(7, {}),
        OTHER: StateRead(71, {"acme/order/a": status(2)}),
    }


def test_the_parts_of_a_rebuild_show_no_mark_until_the_last(statuses: Statuses) -> None:
    assert statuses.write([write(None, None, a=1)]) == []
    assert read(statuses, "a").mark is None
    assert statuses.write([write(None, 5)]) == []
    assert read(statuses, "a") == StateRead(5, {"acme/order/a": status(1)})
    assert statuses.write([write(None, None, a=0)]) == [TAG]  # a second rebuilder that is late


def test_the_same_partition_number_of_another_topic_is_another_partition(statuses: Statuses) -> None:
    statuses.write([write(None, 7, a=1)])
    assert read(statuses, "a", tag=PartitionTag("topic-2", 3)) == StateRead(None, {})


def test_the_state_of_an_asset_comes_back_as_it_was(redis_settings: RedisSettings) -> None:
    client = connect_sync(redis_settings)
    states = redis_asset_states(client)
    full = AssetState(
        LastPosition("p1", 5, 53.4, -2.9, None, 359.9, 53.3, -2.8), ("p0", "p1"), RejectedFix(6, 1.0, 2.0, 3.0, 2)
    )
    states.write([StateWrite(TAG, None, 1, {"acme.eu/bus-1": full, "acme.eu/bus-2": AssetState()})])
    assert states.read({TAG: ["acme.eu/bus-1", "acme.eu/bus-2"]})[TAG].values == {
        "acme.eu/bus-1": full,
        "acme.eu/bus-2": AssetState(),
    }
    client.close()


def test_a_server_that_forgot_its_scripts_is_told_again(redis_settings: RedisSettings) -> None:
    client = connect_sync(redis_settings)
    statuses = redis_entity_statuses(client)
    for mark in range(3):
        client.script_flush()
        assert statuses.write([write(mark or None, mark + 1, a=mark), write(mark or None, mark + 1, tag=OTHER)]) == []
        client.script_flush()
        assert statuses.write([write(99, 100)]) == [TAG]
    assert read(statuses, "a") == StateRead(3, {"acme/order/a": status(2)})
    client.close()


def test_values_end_when_nobody_writes_them_and_marks_do_not(redis_settings: RedisSettings) -> None:
    client = connect_sync(redis_settings)
    redis_entity_statuses(client).write([write(None, 1, a=1)])
    assert client.ttl(status_mark(TAG)) == -1
    assert client.ttl(status_of(TAG, "acme", "order/a")) == KEEP_SECONDS
    client.close()


def test_a_redis_that_does_not_answer_is_an_outage() -> None:
    client = connect_sync(RedisSettings(url=SecretStr("redis://127.0.0.1:1"), timeout=0.2))
    statuses = redis_entity_statuses(client)
    with pytest.raises(OutageError):
        read(statuses, "a")
    with pytest.raises(OutageError):
        statuses.write([write(None, 1)])
    client.close()


def test_a_memory_store_that_is_away_is_an_outage() -> None:
    statuses: MemoryProcessorStates[EntityStatus] = MemoryProcessorStates()
    statuses.away = True
    with pytest.raises(OutageError):
        statuses.read({TAG: [NAME]})
