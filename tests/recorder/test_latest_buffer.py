"""What reaches `fleet.latest.v1`, and when."""

from backbone.headers import LATEST_OF_OFFSET, LATEST_OF_TIME
from backbone.record import OutRecord, header
from push_service.recorder.latest_buffer import FLUSH_EVERY_MS, LatestBuffer
from tests.recorder.records import live_record, live_update

KEY = b"fleet:acme/position/asset/a"


def offsets(taken: list[OutRecord]) -> set[int]:
    return {int(header(record.headers, LATEST_OF_OFFSET) or b"-1") for record in taken}


def take_due(buffer: LatestBuffer, *, whole: bool = False) -> list[OutRecord]:
    due = buffer.due(whole=whole)
    buffer.written()
    return due


def test_a_position_waits_ten_seconds_of_stream_time_and_then_only_the_newest_is_written() -> None:
    buffer = LatestBuffer("live-1")
    for offset, second in enumerate((0, 3, 6, 9.999)):
        buffer.offer(live_record(offset, at_ms=int(second * 1000)), live_update(offset))
        assert take_due(buffer) == []
    assert buffer.waits_from == 0
    buffer.offer(live_record(4, at_ms=FLUSH_EVERY_MS), live_update(4))
    taken = take_due(buffer)
    assert {record.key for record in taken} == {KEY, b"asset:acme/a/position/asset/a"}
    assert offsets(taken) == {4}
    assert buffer.waits_from is None


def test_a_status_is_written_at_once_and_takes_no_position_with_it() -> None:
    buffer = LatestBuffer("live-1")
    buffer.offer(live_record(0), live_update(1))
    buffer.offer(live_record(1), live_update(2, kind="status"))
    taken = take_due(buffer)
    assert {record.key for record in taken} == {b"fleet:acme/status/asset/a", b"asset:acme/a/status/asset/a"}
    assert buffer.waits_from == 0


def test_catching_up_on_an_hour_writes_no_more_than_running_all_along() -> None:
    buffer = LatestBuffer("live-1")
    written = 0
    for second in range(3_600):
        buffer.offer(live_record(second, at_ms=second * 1000), live_update(second))
        written += len(take_due(buffer))
    assert written <= 2 * 3_600 * 1000 / FLUSH_EVERY_MS


def test_an_older_version_never_replaces_a_newer_one_that_waits() -> None:
    buffer = LatestBuffer("live-1")
    buffer.offer(live_record(0), live_update(9))
    buffer.offer(live_record(1), live_update(3))
    assert offsets(take_due(buffer, whole=True)) == {0}


def test_an_entry_holds_the_live_records_bytes_and_says_where_they_stand() -> None:
    buffer = LatestBuffer("live-1")
    buffer.offer(live_record(7, at_ms=123, value=b"\x00avro"), live_update(1))
    entry = take_due(buffer, whole=True)[0]
    assert entry.value == b"\x00avro"
    assert header(entry.headers, LATEST_OF_TIME) == b"123"


def test_what_could_not_be_written_is_still_due() -> None:
    buffer = LatestBuffer("live-1")
    buffer.offer(live_record(0), live_update(1, kind="status"))
    assert offsets(buffer.due()) == offsets(buffer.due()) == {0}
    buffer.written()
    assert buffer.due() == []
