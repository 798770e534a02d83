"""What the fixes of an asset mean."""

import msgspec
import pytest

from domain.asset_watch import MAX_ZONES, NOT_WATCHED, AssetWatch, WatchLimits, watched
from domain.geofences import GeofenceIndex
from domain.instants import MINUTE
from domain.position import CarriedOrder
from domain.promises import PromiseIndex
from domain.reference import Geofence, Point
from tests.domain.fixes import METRE, NOON, Track, ping

DEPOT = Geofence(name="the depot", center=Point(53.4, -2.9), radius=100.0)
LIMITS = WatchLimits(margin=25.0, accuracy=200.0, stop_distance=100.0, stop_after=10 * MINUTE)


def geofences(**named: Geofence) -> GeofenceIndex:
    made = GeofenceIndex()
    for name, geofence in named.items():
        made.put("acme", name, geofence)
    return made


class Watching:
    """One asset that is watched."""

    def __init__(self, index: GeofenceIndex) -> None:
        self.index = index
        self.watch = NOT_WATCHED

    def take(self, minutes: float, metres: float, accuracy: float | None = None) -> list[str]:
        """What a fix so far north of the depot's center shows."""
        fix = Track().take(ping(minutes * 60, 53.4 + metres * METRE, accuracy=accuracy))
        self.watch, happened = watched(self.watch, fix, self.index, LIMITS)
        return [str(each.kind) + ("" if each.geofence is None else f" {each.geofence.id}") for each in happened]

    def trip(self, *fixes: tuple[float, float]) -> list[list[str]]:
        return [self.take(*fix) for fix in fixes]


def test_a_geofence_is_entered_once_and_left_once() -> None:
    watching = Watching(geofences(depot=DEPOT))
    assert watching.trip((0, 900), (1, 50), (2, 0), (3, -50), (4, -900), (5, -1900)) == [
        [],
        ["entered depot"],
        [],
        [],
        ["left depot"],
        [],
    ]


def test_noise_at_the_edge_is_no_coming_and_going() -> None:
    watching = Watching(geofences(depot=DEPOT))
    told = watching.trip((0, 500), (1, 95), (2, 110), (3, 90), (4, 120), (5, 99), (6, 130))
    assert [each for each in told if each] == [["entered depot"], ["left depot"]]


def test_geofences_may_overlap() -> None:
    region = Geofence(center=Point(53.4, -2.9), radius=1000.0)
    watching = Watching(geofences(depot=DEPOT, region=region))
    assert watching.trip((0, 5000), (1, 0), (2, 500), (3, 5000)) == [
        [],
        ["entered depot", "entered region"],
        ["left depot"],
        ["left region"],
    ]


def test_a_first_fix_inside_enters() -> None:
    assert Watching(geofences(depot=DEPOT)).take(0, 0) == ["entered depot"]


def test_a_geofence_that_was_removed_is_not_left() -> None:
    watching = Watching(geofences(depot=DEPOT))
    watching.take(0, 0)
    watching.index = geofences()
    assert watching.take(1, 0) == []
    assert watching.watch.zones == ()


def test_a_fix_that_is_not_accurate_shows_nothing() -> None:
    watching = Watching(geofences(depot=DEPOT))
    watching.take(0, 5000)
    assert watching.take(1, 0, accuracy=500) == []
    assert watching.take(2, 0, accuracy=50) == ["entered depot"]


def test_an_asset_can_be_in_so_many_geofences_and_no_more() -> None:
    watching = Watching(geofences(**{f"g{n:03d}": DEPOT for n in range(MAX_ZONES + 10)}))
    assert len(watching.take(0, 0)) == MAX_ZONES
    assert watching.take(1, 0) == []


def test_what_does_not_move_has_stopped_once_and_then_moves_again_once() -> None:
    watching = Watching(geofences())
    assert watching.trip((0, 0), (5, 30), (9.9, -40), (10, 10), (15, 20), (60, 0), (61, 500), (62, 1500)) == [
        [],
        [],
        [],
        ["stopped"],
        [],
        [],
        ["moving"],
        [],
    ]


def test_a_slow_one_has_not_stopped() -> None:
    watching = Watching(geofences())
    assert not any(watching.trip(*((minute, minute * 15) for minute in range(120))))


def test_since_when_it_stands_is_told() -> None:
    since = []
    watch = NOT_WATCHED
    for minutes, metres in ((0, 0), (12, 0), (20, 900)):
        fix = Track().take(ping(minutes * 60, 53.4 + metres * METRE))
        watch, happened = watched(watch, fix, geofences(), LIMITS)
        since += [each.since for each in happened]
    assert since == [NOON, NOON]


def test_a_fix_that_may_be_far_off_does_not_move_it() -> None:
    watching = Watching(geofences())
    told = [watching.take(n, 150.0 * (n % 2), accuracy=180.0) for n in range(12)]
    assert [each for each in told if each] == [["stopped"]]


def test_what_is_remembered_outlives_its_storage() -> None:
    watch = AssetWatch(("a", "b"), 53.0, -2.9, NOON, stopped=True)
    assert msgspec.json.decode(msgspec.json.encode(watch), type=AssetWatch) == watch
    assert msgspec.json.decode(b"[]", type=AssetWatch) == NOT_WATCHED


ORDERS = [CarriedOrder("acme", "A-1"), CarriedOrder("acme", "A-2"), CarriedOrder("acme.eu", "A-1")]
VAN = ("acme", "van-1")


@pytest.mark.parametrize(("after", "until", "late"), [(0, 9, []), (9, 10, ["A-2"]), (10, 20, ["A-1"]), (9, 99, None)])
def test_orders_become_late_between_two_fixes(after: int, until: int, late: list[str] | None) -> None:
    promises = PromiseIndex()
    promises.put("acme", "A-1", 20)
    promises.put("acme", "A-2", 10)
    promises.put("acme", "A-9", 10)
    passed = promises.passed(VAN, ORDERS, after, until)
    assert [each.order.order for each in passed] == (["A-2", "A-1"] if late is None else late)


def test_a_promise_that_changes_counts_at_once() -> None:
    promises = PromiseIndex()
    promises.put("acme", "A-1", 20)
    assert len(promises.passed(VAN, ORDERS, 0, 30)) == 1
    promises.put("acme", "A-1", 40)
    promises.put("acme.eu", "A-1", 25)
    assert [each.order.fleet for each in promises.passed(VAN, ORDERS, 0, 30)] == ["acme.eu"]
    promises.put("acme.eu", "A-1", None)
    promises.put("acme.eu", "A-1", None)
    assert promises.passed(VAN, ORDERS, 0, 30) == []
    assert len(promises.passed(VAN, ORDERS[:1], 0, 50)) == 1
