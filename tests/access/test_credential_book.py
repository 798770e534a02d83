"""The credential book: what is asked of PostgreSQL, how fast a revocation tells, and what an outage does."""

import asyncio
import contextlib
import time
from collections.abc import Sequence

import pytest
from prometheus_client import CollectorRegistry

from access.credential_book import MAX_CHANGES, CredentialBook, CredentialsUnavailable
from access.metrics import BookMetrics
from access.minting import mint_backend
from access.settings import CredentialsSettings
from domain.instants import SECOND
from runtime.health import Health
from storage.credentials import Credential
from storage.memory.credentials import MemoryCredentials
from storage.postgres.credentials import PostgresCredentials
from tests.storage.postgres_store import migrated_engine


class Clock:
    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds

    def micros(self) -> int:
        return 1_790_000_000 * SECOND + round(self.seconds * SECOND)


class Rig:
    """A book on a store in memory, with a clock that stands still."""

    def __init__(self, **settings: float) -> None:
        self.clock = Clock()
        self.store = MemoryCredentials(self.clock.micros)
        self.health = Health()
        self.registry = CollectorRegistry()
        self.book = CredentialBook(
            self.store,
            CredentialsSettings(**settings),
            condition=self.health.require("credentials"),
            metrics=BookMetrics(self.registry),
            clock=self.clock,
        )

    async def add(self) -> Credential:
        minted = mint_backend(fleet="acme", tenant=None, now=self.clock.micros())
        await self.store.add(minted.credential)
        return minted.credential

    async def second(self, count: int = 1) -> None:
        for _ in range(count):
            self.clock.seconds += 1
            await self.book.poll()


async def test_a_known_credential_costs_no_query() -> None:
    rig = Rig()
    credential = await rig.add()
    for _ in range(100):
        assert await rig.book.find(credential.id) == credential
    assert rig.store.finds == 1


async def test_a_revocation_tells_with_the_next_poll() -> None:
    rig = Rig()
    credential = await rig.add()
    await rig.book.find(credential.id)
    await rig.second(100)
    await rig.store.revoke(credential.id)
    await rig.second()
    found = await rig.book.find(credential.id)
    assert found is not None
    assert found.revoked_at is not None


async def test_a_revocation_that_commits_late_tells_too() -> None:
    """Its stamp is older than the last poll: each poll looks back further than to the one before."""
    rig = Rig()
    credential = await rig.add()
    await rig.book.find(credential.id)
    await rig.store.revoke(credential.id)  # stamped now, but seen by nobody until it commits
    late, rig.store._changed_at = rig.store._changed_at, {}
    await rig.second(5)
    rig.store._changed_at = late
    await rig.second()
    found = await rig.book.find(credential.id)
    assert found is not None
    assert found.revoked_at is not None


async def test_a_change_that_nobody_told_of_is_seen_after_a_while() -> None:
    rig = Rig(refresh_seconds=300)
    credential = await rig.add()
    await rig.book.find(credential.id)
    rig.store._rows.clear()  # by hand, in the database
    await rig.second(299)
    assert await rig.book.find(credential.id) is not None
    await rig.second(2)
    assert await rig.book.find(credential.id) is None


async def test_more_changes_than_fit_a_poll_forget_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig()
    credential = await rig.add()
    await rig.book.find(credential.id)

    async def many(seconds: float, limit: int) -> Sequence[str]:
        return ["x"] * MAX_CHANGES

    monkeypatch.setattr(rig.store, "changes", many)
    await rig.second()
    await rig.book.find(credential.id)
    assert rig.store.finds == 2


async def test_in_an_outage_known_ones_work_for_a_bounded_time_and_unknown_ones_are_unavailable() -> None:
    rig = Rig(outage_seconds=900, refresh_seconds=300)
    known, other = await rig.add(), await rig.add()
    await rig.book.find(known.id)
    await rig.second()
    rig.store.away = True

    await rig.second(899)
    assert await rig.book.find(known.id) == known
    assert rig.health.ready()
    with pytest.raises(CredentialsUnavailable):
        await rig.book.find(other.id)

    await rig.second(2)
    with pytest.raises(CredentialsUnavailable):
        await rig.book.find(known.id)
    assert not rig.health.ready()

    rig.store.away = False
    await rig.second()
    assert await rig.book.find(known.id) == known
    assert rig.health.ready()


async def test_what_was_revoked_during_an_outage_tells_when_it_ends() -> None:
    rig = Rig(outage_seconds=900)
    credential = await rig.add()
    await rig.book.find(credential.id)
    rig.store.away = True
    await rig.second(5)
    rig.store.away = False
    await rig.store.revoke(credential.id)  # by another server, which reached the database
    rig.store.away = True
    await rig.second(300)
    rig.store.away = False
    await rig.second()
    found = await rig.book.find(credential.id)
    assert found is not None
    assert found.revoked_at is not None


async def test_an_unknown_id_is_asked_for_once_in_a_while() -> None:
    rig = Rig(unknown_seconds=2)
    for _ in range(50):
        assert await rig.book.find("nobody") is None
    assert rig.store.finds == 1
    rig.clock.seconds += 2.1
    await rig.book.find("nobody")
    assert rig.store.finds == 2


async def test_a_new_credential_works_soon_although_its_id_was_unknown() -> None:
    rig = Rig(unknown_seconds=2)
    minted = mint_backend(fleet="acme", tenant=None, now=0)
    assert await rig.book.find(minted.credential.id) is None
    await rig.store.add(minted.credential)
    rig.clock.seconds += 2.1
    assert await rig.book.find(minted.credential.id) == minted.credential


class SlowStore(MemoryCredentials):
    """Answers nobody until told to."""

    def __init__(self) -> None:
        super().__init__(lambda: 0)
        self.gate = asyncio.Event()
        self.at_once = 0
        self.most = 0

    async def find(self, credential_id: str) -> Credential | None:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await self.gate.wait()
        self.at_once -= 1
        return await super().find(credential_id)


async def test_a_flood_of_unknown_ids_is_bounded() -> None:
    rig = Rig(lookups=3, lookups_waiting=20, lookup_seconds=30)
    slow = SlowStore()
    rig.book._store = slow
    asking = [asyncio.create_task(rig.book.find(f"id{number}")) for number in range(100)]
    same = [asyncio.create_task(rig.book.find("id0")) for _ in range(50)]
    done, _ = await asyncio.wait(asking, timeout=5, return_when=asyncio.FIRST_EXCEPTION)
    assert done
    slow.gate.set()
    answers = await asyncio.gather(*asking, return_exceptions=True)

    assert sum(isinstance(each, CredentialsUnavailable) for each in answers) == 80
    assert slow.most == 3
    assert await asyncio.gather(*same) == [None] * 50
    assert slow.finds == 20
    assert len(rig.book._pending) == 0


async def test_a_look_up_is_given_up_in_time() -> None:
    rig = Rig(lookup_seconds=0.05)
    rig.book._store = SlowStore()
    began = time.monotonic()
    with pytest.raises(CredentialsUnavailable):
        await rig.book.find("x")
    assert time.monotonic() - began < 2


async def test_who_leaves_does_not_spoil_the_look_up_for_others() -> None:
    rig = Rig(lookup_seconds=30)
    slow = SlowStore()
    rig.book._store = slow
    first = asyncio.create_task(rig.book.find("x"))
    second = asyncio.create_task(rig.book.find("x"))
    await asyncio.sleep(0)
    first.cancel()
    slow.gate.set()
    assert await second is None


async def test_memory_is_bounded() -> None:
    rig = Rig(cached=10, cached_unknown=5)
    for _ in range(20):
        await rig.book.find((await rig.add()).id)
    for number in range(20):
        await rig.book.find(f"nobody{number}")
    assert len(rig.book._kept) == 10
    assert len(rig.book._unknown) == 5


async def test_it_starts_not_ready_and_stops_when_told() -> None:
    rig = Rig(poll_seconds=0.05)
    rig.store.away = True
    stopping = asyncio.Event()
    running = asyncio.create_task(rig.book.run(stopping))
    await asyncio.sleep(0.1)
    assert not rig.health.ready()
    rig.store.away = False
    deadline = time.monotonic() + 5
    while not rig.health.ready():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    stopping.set()
    await asyncio.wait_for(running, 5)


async def test_revoked_in_postgresql_refused_here_within_about_a_second(postgres_url: str) -> None:
    async with migrated_engine(postgres_url) as engine:
        store = PostgresCredentials(engine)
        minted = mint_backend(fleet="acme", tenant=None, now=time.time_ns() // 1000)
        await store.add(minted.credential)
        book = CredentialBook(
            store,
            CredentialsSettings(),
            condition=Health().require("credentials"),
            metrics=BookMetrics(CollectorRegistry()),
        )
        stopping = asyncio.Event()
        running = asyncio.create_task(book.run(stopping))
        found = await book.find(minted.credential.id)
        assert found is not None
        assert found.revoked_at is None
        await store.revoke(minted.credential.id)
        began = time.monotonic()
        while (found := await book.find(minted.credential.id)) is not None and found.revoked_at is None:
            assert time.monotonic() - began < 5
            await asyncio.sleep(0.02)
        took = time.monotonic() - began
        stopping.set()
        await running
    assert took < 3, "a second, with room for a busy machine"


class StubbornCredentials(MemoryCredentials):
    """As a driver is on a frozen server: what is cancelled ends long after."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock.micros)
        self.thawed = asyncio.Event()
        self.asked = 0

    async def find(self, credential_id: str) -> Credential | None:
        self.asked += 1
        await self._stubborn()
        return None

    async def changes(self, seconds: float, limit: int) -> Sequence[str]:
        await self._stubborn()
        return []

    async def _stubborn(self) -> None:
        while not self.thawed.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await self.thawed.wait()


async def test_a_frozen_server_costs_no_more_than_the_time_of_a_look_up() -> None:
    rig = Rig(lookup_seconds=0.05, lookups=2)
    rig.book._store = store = StubbornCredentials(rig.clock)
    began = time.monotonic()
    for number in range(6):
        with pytest.raises(CredentialsUnavailable):
            await rig.book.find(f"stranger{number}")
    await rig.book.poll()
    assert time.monotonic() - began < 5
    assert store.asked == 2, "no more queries hang than there are turns"
    store.thawed.set()
    await asyncio.wait(rig.book._queries, timeout=5)
    assert await rig.book.find("stranger") is None
