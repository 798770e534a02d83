"""Several gateways tell each other who is there, through one store."""

import asyncio
from collections.abc import Sequence

import pytest

from domain.errors import OutageError
from push_service.gateway.presence.presence_book import PresenceBook
from storage.memory.presence import MemoryPresence
from storage.presence import Change
from storage.redis import keys

PLACE = keys.presence("chat:acme/room-1")


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Gateways:
    """Books of several gateways over one store and one clock."""

    def __init__(self, count: int = 2, *, max_stale: int = 1_000) -> None:
        self.clock = Clock()
        self.store = MemoryPresence(self.clock)
        self.books = [PresenceBook(self.store, 30, max_stale=max_stale, clock=self.clock) for _ in range(count)]

    async def in_line(self) -> None:
        for book in self.books:
            await book.bring_into_line()


async def seen_by(book: PresenceBook) -> list[str]:
    found = await book.read(PLACE, 1_000)
    assert found is not None
    return sorted(each.client for each in found)


async def test_own_connections_are_seen_at_once_and_others_soon() -> None:
    gateways = Gateways()
    first, second = gateways.books
    first.set(PLACE, "c1", "u1", b"{}")
    assert await seen_by(first) == ["c1"]
    await gateways.in_line()
    assert await seen_by(second) == ["c1"]
    first.remove(PLACE, "c1")
    assert await seen_by(first) == []
    await gateways.in_line()
    assert await seen_by(second) == []
    assert (await second.count(PLACE)).clients == frozenset()


async def test_connections_of_a_dead_gateway_end_with_its_lease() -> None:
    gateways = Gateways()
    dead, living = gateways.books
    dead.set(PLACE, "c1", "u1", b"{}")
    living.set(PLACE, "c2", "u2", b"{}")
    await gateways.in_line()
    assert await seen_by(living) == ["c1", "c2"]
    gateways.clock.now += 31
    await living.bring_into_line()
    assert await seen_by(living) == ["c2"]


async def test_any_number_of_connections_is_kept_alive_by_one_write() -> None:
    gateways = Gateways(1)
    (book,) = gateways.books
    for each in range(5_000):
        book.set(PLACE, f"c{each}", "u1", b"{}")
    await book.bring_into_line()
    before = gateways.store.writes
    for _ in range(10):
        gateways.clock.now += 10
        await book.bring_into_line()
    assert gateways.store.writes - before == 10


async def test_what_happens_while_the_store_is_away_is_told_when_it_is_back() -> None:
    gateways = Gateways()
    first, second = gateways.books
    first.set(PLACE, "leaves", "u1", b"{}")
    await gateways.in_line()
    gateways.store.away = True
    first.remove(PLACE, "leaves")
    first.set(PLACE, "comes", "u1", b"{}")
    first.set(PLACE, "comes and goes", "u1", b"{}")
    first.remove(PLACE, "comes and goes")
    with pytest.raises(OutageError):
        await first.bring_into_line()
    with pytest.raises(OutageError):
        await seen_by(first)
    gateways.store.away = False
    await gateways.in_line()
    assert await seen_by(second) == ["comes"]
    assert first.stale == 0


async def test_a_store_that_lost_everything_is_filled_again() -> None:
    gateways = Gateways()
    first, second = gateways.books
    first.set(PLACE, "c1", "u1", b"{}")
    await gateways.in_line()
    gateways.store.empty()
    assert await seen_by(second) == []
    gateways.clock.now += 10
    await gateways.in_line()
    assert await seen_by(second) == ["c1"]


async def test_memory_stays_bounded_through_a_long_outage() -> None:
    """A new lease begins; what was written in the name of the old one ends with that."""
    gateways = Gateways(max_stale=100)
    first, second = gateways.books
    first.set(PLACE, "stays", "u1", b"{}")
    for each in range(50):
        first.set(PLACE, f"old-{each}", "u1", b"{}")
    await gateways.in_line()
    gateways.store.away = True
    for each in range(50):
        first.remove(PLACE, f"old-{each}")
    for each in range(1_000):
        first.set(PLACE, f"c{each}", "u1", b"{}")
        first.remove(PLACE, f"c{each}")
        assert first.stale <= 101
    gateways.store.away = False
    gateways.clock.now += 31
    await gateways.in_line()
    assert await seen_by(second) == ["stays"]


async def test_run_writes_soon_and_says_goodbye() -> None:
    store = MemoryPresence()
    first, second = PresenceBook(store, 30), PresenceBook(store, 30)
    stopping = asyncio.Event()
    running = asyncio.create_task(first.run(stopping))
    first.set(PLACE, "c1", "u1", b"{}")
    await asyncio.wait_for(_written(second), 5)
    stopping.set()
    await asyncio.wait_for(running, 5)
    assert await seen_by(second) == []


async def _written(other: PresenceBook) -> None:
    while await seen_by(other) != ["c1"]:  # noqa: ASYNC110 the store has no event to wait for
        await asyncio.sleep(0)


class BusyStore(MemoryPresence):
    """While it is written to, a further connection comes."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.book: PresenceBook
        self.batches: list[int] = []

    async def write(self, gateway: str, changes: Sequence[Change]) -> None:
        """See PresenceStore."""
        self.batches.append(len(changes))
        self.book.set(PLACE, f"later-{len(self.batches)}", "u2", b"{}")
        await super().write(gateway, changes)


async def test_what_comes_during_a_write_waits_for_the_next_batch() -> None:
    """Else a crowd that connects is written one by one, for each write takes as long as the next to come."""
    clock = Clock()
    store = BusyStore(clock)
    store.book = PresenceBook(store, 30, clock=clock)
    for each in range(5_000):
        store.book.set(PLACE, f"c{each}", "u1", b"{}")
    await store.book.bring_into_line()
    assert store.batches == [2_000, 2_000, 1_002]  # the last with the two that came during the first two
    assert store.book.stale == 1
    await store.book.bring_into_line()
    assert store.batches[3:] == [1]
