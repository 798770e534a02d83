"""The books of the proofs find what is wrong: a proof that cannot fail proves nothing."""

from collections.abc import Sequence

import pytest

from benchmarks import books
from benchmarks.ledger import Ledger, LiveEntry, PingEntry, PositionEntry
from benchmarks.watcher import Follower, Shown, Snapshot, Stretch
from domain.instants import SECOND, format_rfc3339
from domain.source_position import SourcePosition

CHANNEL = "fleet:demo"


def shown(number: int, time: int, asset: str = "van-1") -> Shown:
    return Shown("position", f"id-{number}", format_rfc3339(time * SECOND), asset=asset)


def live(offset: int, number: int, time: int, *, rank: int | None = None) -> LiveEntry:
    """A record of the live topic, made of the ping at offset `rank`, else at the one like its own."""
    source = SourcePosition("fleet.pings.v1", "topic", 0, offset if rank is None else rank)
    return LiveEntry(offset, (CHANNEL,), shown(number, time), time * SECOND, source)


class Books(Ledger):
    """A ledger that is written by hand."""

    def __init__(
        self,
        pings: Sequence[PingEntry] = (),
        positions: Sequence[PositionEntry] = (),
        live: Sequence[LiveEntry] = (),
    ) -> None:
        self.pings, self.positions, self.live = list(pings), list(positions), list(live)


class Followed(Follower):
    """A follower that saw these offsets."""

    def __init__(self, snapshot: Snapshot, seen: Sequence[tuple[int, str]], end: int) -> None:
        self.channel = CHANNEL
        self.went_back = []
        self.stretches = [Stretch(snapshot, list(seen), end)]


EMPTY = Snapshot(CHANNEL, 0, {})
THREE = Books(live=[live(0, 1, 10), live(1, 2, 20), live(2, 3, 30)])


def test_acknowledged_ping_without_position_is_found() -> None:
    ledger = Books([PingEntry((0, 0), "id-1", "van-1", 10)], [PositionEntry((0, 0), "id-1", None, ())])
    assert books.missing_positions(ledger, {"id-1"}) == []
    assert books.missing_positions(ledger, {"id-1", "id-2"}) == ["id-2 was acknowledged and is no position"]


def test_ping_that_was_passed_over_is_found() -> None:
    assert books.missing_positions(Books([PingEntry((0, 0), "id-1", "van-1", 10)]), set()) != []


@pytest.mark.parametrize(("held", "right"), [("out_of_order", True), (None, False)])
def test_old_fix_that_is_taken_for_news_is_found(held: str | None, right: bool) -> None:
    pings = [PingEntry((0, 0), "id-1", "van-1", 10), PingEntry((0, 1), "id-2", "van-1", 5)]
    positions = [PositionEntry((0, 0), "id-1", None, ()), PositionEntry((0, 1), "id-2", held, ())]
    assert (books.misjudged_positions(Books(pings, positions)) == []) is right


def test_news_that_is_not_live_is_found_for_the_order_too() -> None:
    position = PositionEntry((0, 0), "id-1", None, ("order:demo/A-1",))
    (fault,) = books.missing_live(Books(positions=[position], live=[live(0, 1, 10)]), "demo")
    assert "order:demo/A-1" in fault


def test_live_record_that_goes_back_in_time_is_found() -> None:
    assert books.unruly_live(THREE, CHANNEL) == []
    assert books.unruly_live(Books(live=[live(0, 1, 20), live(1, 2, 10)]), CHANNEL) != []


def test_repeat_by_the_same_source_is_no_fault_and_one_by_another_is() -> None:
    again = live(1, 1, 10, rank=0)
    assert books.unruly_live(Books(live=[live(0, 1, 10), again]), CHANNEL) == []
    assert books.unruly_live(Books(live=[live(0, 1, 10), live(1, 1, 10)]), CHANNEL) != []


def test_record_that_readers_skip_though_nobody_saw_it_is_found() -> None:
    assert books.unruly_live(Books(live=[live(5, 1, 10), live(6, 2, 20, rank=3)]), CHANNEL) != []


def test_publication_that_was_not_shown_is_found_unless_a_newer_one_replaced_it() -> None:
    whole = [(1, "id-1"), (2, "id-2"), (3, "id-3")]
    assert books.follower_faults(THREE, Followed(EMPTY, whole, 3)) == []
    assert books.follower_faults(THREE, Followed(EMPTY, whole[::2], 3)) == []
    assert books.conflated(THREE, Followed(EMPTY, whole[::2], 3)) == 1
    assert books.follower_faults(THREE, Followed(EMPTY, whole[:2], 3)) != []


def test_follower_that_stopped_early_is_found() -> None:
    assert books.follower_faults(THREE, Followed(EMPTY, [(1, "id-1")], 1)) != []


def test_publication_that_is_not_in_kafka_is_found() -> None:
    seen = [(1, "id-1"), (2, "id-2"), (3, "id-3"), (4, "id-4")]
    assert books.follower_faults(THREE, Followed(EMPTY, seen, 4)) != []


@pytest.mark.parametrize("wrong", [{}, {"position|asset/van-1": shown(1, 10)}], ids=["empty", "old"])
def test_wrong_snapshot_is_found(wrong: dict[str, Shown]) -> None:
    right = {"position|asset/van-1": shown(2, 20)}
    assert books.snapshot_faults(THREE.live, [Snapshot(CHANNEL, 2, right)]) == []
    assert books.snapshot_faults(THREE.live, [Snapshot(CHANNEL, 2, wrong)]) != []
