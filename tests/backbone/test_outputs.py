"""One record that can never be published does not stop the others."""

from collections.abc import Sequence

import pytest

from backbone.errors import RecordTooLarge
from backbone.outputs import Output, publish_all
from backbone.record import Ack, InRecord, OutRecord
from domain.errors import PermanentError


class Broker:
    """Takes no value over `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self.taken: list[bytes] = []
        self._limit = limit

    def publish(self, records: Sequence[OutRecord]) -> list[Ack]:
        for index, record in enumerate(records):
            if len(record.value or b"") > self._limit:
                raise RecordTooLarge(index, record.topic)
            self.taken.append(record.value or b"")
        return []


class Letters:
    def __init__(self) -> None:
        self.told: list[int] = []

    def letter(self, record: InRecord, error: PermanentError) -> OutRecord:
        return OutRecord("dlq", None, b"L" + (record.value or b""))

    def buried(self, record: InRecord, error: PermanentError) -> None:
        self.told.append(record.offset)


def output(offset: int, value: bytes, source: bytes = b"") -> Output:
    return Output(OutRecord("t", None, value), InRecord("s", 0, offset, None, source, [], 0))


def test_in_the_place_of_what_is_too_large_goes_the_dead_letter_of_its_source() -> None:
    broker, letters = Broker(3), Letters()
    publish_all(broker, [output(0, b"a"), output(1, b"toolong"), output(2, b"longer"), output(3, b"b")], letters)
    assert broker.taken == [b"a", b"L", b"L", b"b"]
    assert letters.told == [1, 2]


def test_a_dead_letter_that_is_too_large_itself_ends_the_process_rather_than_being_lost() -> None:
    with pytest.raises(RecordTooLarge):
        publish_all(Broker(3), [output(0, b"toolong", source=b"toolong")], Letters())


def test_nothing_to_publish_asks_nobody() -> None:
    broker = Broker(3)
    publish_all(broker, [], Letters())
    assert broker.taken == []
