"""Order, shifting and pace of a replay."""

from datetime import UTC, datetime, timedelta

from devstack.replay.recording import Fix
from devstack.replay.schedule import batches, by_time, shift

START = datetime(2021, 3, 20, tzinfo=UTC)


def fix(asset: str, seconds: float) -> Fix:
    return Fix(line=0, asset=asset, time=START + timedelta(seconds=seconds), lat=1, lon=2, heading=None, speed=None)


def seconds(fixes: list[Fix]) -> list[tuple[str, float]]:
    return [(fix.asset, (fix.time - START).total_seconds()) for fix in fixes]


def test_assets_are_interleaved_by_time_but_each_keeps_its_recorded_order() -> None:
    recorded = [fix("a", 10), fix("a", 4), fix("a", 30), fix("b", 5), fix("b", 20)]
    assert seconds(by_time(recorded)) == [("b", 5), ("a", 10), ("a", 4), ("b", 20), ("a", 30)]


def test_shift_puts_the_latest_fix_at_the_end_and_keeps_distances() -> None:
    end = datetime(2026, 1, 1, tzinfo=UTC)
    shifted = shift([fix("a", 10), fix("a", 40), fix("b", 0)], end)
    assert [(end - fix.time).total_seconds() for fix in shifted] == [30, 0, 40]


def test_without_speed_up_batches_are_full_and_due_at_once() -> None:
    made = list(batches([fix("a", index * 60) for index in range(5)], 2, None))
    assert [(batch.due, len(batch.fixes)) for batch in made] == [(0, 2), (0, 2), (0, 1)]


def test_speed_up_keeps_the_proportions_of_the_recording() -> None:
    made = list(batches([fix("a", at) for at in (0, 5, 20, 100, 101)], 500, 10))
    assert [(batch.due, seconds(batch.fixes)) for batch in made] == [
        (0, [("a", 0), ("a", 5)]),
        (2, [("a", 20)]),
        (10, [("a", 100), ("a", 101)]),
    ]


def test_no_batch_is_larger_than_told_however_dense_the_recording() -> None:
    made = list(batches([fix("a", 0) for _ in range(7)], 3, 1))
    assert [len(batch.fixes) for batch in made] == [3, 3, 1]
