"""Whether the books balance: each function holds what was seen against what Kafka has, and names what is wrong.

Nothing here asks how the platform works inside. What is news is told from the pings alone: a ping is news when it is
newer than all before it in its partition's order. The load has no other faults (no jumps, no clocks that are wrong).
"""

from collections.abc import Iterable, Iterator, Sequence

from benchmarks.ledger import Ledger, LiveEntry
from benchmarks.watcher import Follower, Snapshot, SnapshotPolls
from domain.channels import fleet_channel
from domain.instants import Micros

Faults = list[str]


def news_of(ledger: Ledger) -> dict[tuple[int, int], bool]:
    """The place of each ping -> whether it is news."""
    newest: dict[str, Micros] = {}
    news: dict[tuple[int, int], bool] = {}
    for ping in ledger.pings:
        news[ping.place] = ping.time > newest.get(ping.asset, -1)
        newest[ping.asset] = max(ping.time, newest.get(ping.asset, -1))
    return news


def missing_positions(ledger: Ledger, acknowledged: Iterable[str]) -> Faults:
    """Every acknowledged ping is on the topic of positions, and so is every ping that Kafka has."""
    ids = {position.id for position in ledger.positions}
    made_of = {position.made_of for position in ledger.positions}
    faults = [f"{each} was acknowledged and is no position" for each in acknowledged if each not in ids]
    return faults + [f"{ping.id} is a ping and no position" for ping in ledger.pings if ping.place not in made_of]


def misjudged_positions(ledger: Ledger) -> Faults:
    """A position is held back exactly if its ping is no news, also when it was put out twice."""
    news = news_of(ledger)
    return [
        f"{position.id} at {position.made_of} is held back by {position.held} and {'' if is_news else 'no '}news"
        for position in ledger.positions
        if (is_news := news.get(position.made_of, False)) != (position.held is None)
    ]


def missing_live(ledger: Ledger, fleet: str) -> Faults:
    """What is news is on the live topic, for its fleet and for each order that was carried."""
    live = {(channel, entry.shown.id) for entry in ledger.live for channel in entry.channels}
    return [
        f"{position.id} is news and not live on {channel}"
        for position in ledger.positions
        if position.held is None
        for channel in (fleet_channel(fleet), *position.order_channels)
        if (channel, position.id) not in live
    ]


def distinct_live(ledger: Ledger, channel: str) -> list[LiveEntry]:
    """What a channel's readers are to see: its live records without those that repeat what their source made."""
    return [entry for entry in _without_repeats(ledger) if channel in entry.channels]


def live_repeats(ledger: Ledger) -> int:
    """How many live records repeat what their source made."""
    return len(ledger.live) - sum(1 for _ in _without_repeats(ledger))


def _without_repeats(ledger: Ledger) -> Iterator[LiveEntry]:
    highest: dict[tuple[str, int], tuple[int, int]] = {}
    for entry in ledger.live:
        if entry.source is not None:
            if entry.source.rank <= highest.get(entry.source.stream, (-1, 0)):
                continue
            highest[entry.source.stream] = entry.source.rank
        yield entry


def unruly_live(ledger: Ledger, channel: str) -> Faults:
    """On a channel no entity goes back in time, nothing is live twice, and no repeat is anything but a repeat."""
    faults: Faults = []
    newest: dict[str, int] = {}
    distinct = distinct_live(ledger, channel)
    seen: set[str] = set()
    for entry in distinct:
        if entry.version <= newest.get(entry.shown.key, -1):
            faults.append(f"{entry.shown.id} at {entry.offset} takes {entry.shown.key} back in time")
        if entry.shown.id in seen:
            faults.append(f"{entry.shown.id} at {entry.offset} is live a second time")
        newest[entry.shown.key] = entry.version
        seen.add(entry.shown.id)
    faults += [
        f"{entry.shown.id} at {entry.offset} is skipped as a repeat, and is none"
        for entry in ledger.live
        if channel in entry.channels and entry.shown.id not in seen
    ]
    return faults


def follower_faults(ledger: Ledger, follower: Follower) -> Faults:
    """It was shown all news of its channel once, in order, from its first snapshot to the end.

    A position may be missing only where the same reply or queue brought a newer one of the same entity (conflation).
    """
    faults = [f"{each} went back in time on the screen" for each in follower.went_back]
    expected = distinct_live(ledger, follower.channel)
    for stretch in follower.stretches:
        faults += snapshot_faults(expected, [stretch.snapshot])
        due = [entry for entry in expected if stretch.snapshot.offset <= entry.offset < stretch.end]
        seen = dict(stretch.seen)
        if list(seen) != sorted(seen) or len(seen) != len(stretch.seen):
            faults.append("offsets do not rise")
        last_of = {entry.shown.key: entry.offset for entry in due if entry.offset + 1 in seen}
        for entry in due:
            shown = seen.pop(entry.offset + 1, None)
            if shown is None and entry.offset > last_of.get(entry.shown.key, -1):
                faults.append(f"{entry.shown.id} at {entry.offset} was not shown on {follower.channel}")
        faults += [f"{each} was shown on {follower.channel} and is not live" for each in seen.values()]
    if expected and follower.end <= expected[-1].offset:
        faults.append(f"{follower.channel} was followed to {follower.end} and goes to {expected[-1].offset + 1}")
    return faults


def conflated(ledger: Ledger, follower: Follower) -> int:
    """How many publications the follower was spared, because a newer one came with them."""
    expected = distinct_live(ledger, follower.channel)
    due = sum(
        stretch.snapshot.offset <= entry.offset < stretch.end for stretch in follower.stretches for entry in expected
    )
    return due - sum(len(stretch.seen) for stretch in follower.stretches)


def poll_faults(ledger: Ledger, polls: SnapshotPolls) -> Faults:
    """Every snapshot that was given was right."""
    return [*polls.wrong, *snapshot_faults(distinct_live(ledger, polls.channel), polls.snapshots)]


def snapshot_faults(expected: Sequence[LiveEntry], snapshots: Iterable[Snapshot]) -> Faults:
    """Each snapshot is the state that all its channel's records below its offset make."""
    faults: Faults = []
    state: dict[str, LiveEntry] = {}
    taken = 0
    for snapshot in sorted(snapshots, key=lambda each: each.offset):
        while taken < len(expected) and expected[taken].offset < snapshot.offset:
            entry = expected[taken]
            if entry.shown.key not in state or state[entry.shown.key].version < entry.version:
                state[entry.shown.key] = entry
            taken += 1
        right = {key: entry.shown.id for key, entry in state.items()}
        given = {key: shown.id for key, shown in snapshot.state.items()}
        if given != right:
            wrong = sorted(key for key in right.keys() | given.keys() if right.get(key) != given.get(key))
            faults.append(f"snapshot at {snapshot.offset}: {len(wrong)} of {len(right)} are wrong, such as {wrong[0]}")
    return faults
