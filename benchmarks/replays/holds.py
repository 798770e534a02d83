"""What must hold of a replay: each function names what does not."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise, zip_longest
from typing import Any

from benchmarks.official.watching import Sightings
from benchmarks.replays.counts import by_label
from benchmarks.replays.news import Judged
from benchmarks.replays.replay import Replayed

Faults = list[str]


def position_faults(replayed: Replayed) -> Faults:
    """Every accepted fix is a position, once, in its asset's order, with the flags that the model gives it."""
    expected: dict[str, list[Judged]] = defaultdict(list)
    found: dict[str, list[tuple[str, float, float, float, list[str]]]] = defaultdict(list)
    for each in replayed.judged:
        expected[each.fix.asset].append(each)
    for read in replayed.positions:
        value = read.value
        found[value["asset"]].append(
            (value["id"], value["time"].timestamp(), value["lat"], value["lon"], value["quality"])
        )
    faults: Faults = []
    for asset in expected.keys() | found.keys():
        due = [(*_place(each), each.flags) for each in expected[asset]]
        faults += [f"{asset}: {is_} where {should} is due" for is_, should in _unlike(found[asset], due)]
    return faults


def watcher_faults(replayed: Replayed) -> Faults:
    """All news, and nothing else, was seen once, in offset order, with the same offset by all who watched."""
    faults: Faults = []
    live = {each.offset + 1: each for each in replayed.live}
    offsets = {name: [each.offset for each in seen.publications] for name, seen in replayed.watchers.items()}
    for name, seen in replayed.watchers.items():
        faults += [f"{name}: {each}" for each in _seen_faults(seen, replayed)]
        if offsets[name] != sorted(live):
            faults.append(f"{name}: offsets are not those of the live topic")
    return faults


def _seen_faults(seen: Sightings, replayed: Replayed) -> Faults:
    faults = list(seen.troubles)
    ids = seen.ids(replayed.channel)
    if seen.connects != 1 or len(seen.subscribed) != 1:
        faults.append(f"connected {seen.connects} times, subscribed {len(seen.subscribed)} times")
    if not all(one.offset < other.offset for one, other in pairwise(seen.publications)):
        faults.append("offsets do not rise")
    faults += [f"{each} was seen {count} times" for each, count in Counter(ids).items() if count > 1]
    faults += [f"{each} is news and was not seen" for each in set(replayed.news) - set(ids)]
    faults += [f"{each} was seen and is no news" for each in set(ids) - set(replayed.news)]
    by_asset: dict[str, list[str]] = defaultdict(list)
    for each in seen.publications:
        by_asset[each.data["asset"]].append(each.data["id"])
    due: dict[str, list[str]] = defaultdict(list)
    for judged in replayed.judged:
        if judged.news:
            due[judged.fix.asset].append(judged.fix.id)
    return faults + [f"{asset} was seen in another order" for asset in due if by_asset[asset] != due[asset]]


def count_faults(replayed: Replayed) -> Faults:
    """Received = accepted + refused by reason; accepted = live + held back by reason; all as the model says."""
    counts = replayed.counts
    held = Counter(each.held_by for each in replayed.judged)
    news = held.pop(None, 0)
    outcomes = {"accepted": len(replayed.judged), **replayed.refused}
    expected: dict[str, Mapping[Any, int]] = {
        "fleetcast_ingest_pings_received": {"": replayed.sent},
        "fleetcast_ingest_pings": outcomes,
        "fleetcast_enrich_positions": {"": news, **held},
        "fleetcast_route_positions": {"live": news, **held},
        "fleetcast_route_live_records": {"": news},
        "fleetcast_recorder_records": {"recorded": news},
        "fleetcast_gateway_deliveries": {"": news * len(replayed.watchers)},
        "fleetcast_gateway_conflated": {},
        "fleetcast_gateway_repeats": {},
        "fleetcast_dead_letters": {},
    }
    due = {metric: {label: count for label, count in each.items() if count} for metric, each in expected.items()}
    return [
        f"{metric} counted {by_label(counts, metric)}, due is {each}"
        for metric, each in due.items()
        if by_label(counts, metric) != each
    ]


def _place(judged: Judged) -> tuple[str, float, float, float]:
    return (judged.fix.id, judged.fix.time, judged.fix.lat, judged.fix.lon)


def _unlike(found: Sequence[object], due: Sequence[object]) -> list[tuple[object, object]]:
    return [(one, other) for one, other in zip_longest(found, due) if one != other]
