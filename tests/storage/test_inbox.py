"""What is in an inbox, and what people do with it."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.inbox import Deed, Done, Scope
from storage.postgres.inbox import Inboxes
from storage.postgres.notifications import NotificationRow
from tests.storage.notices import THEN, store_notice
from tests.storage.postgres_store import migrated_engine


@pytest.fixture
async def engine(postgres_url: str) -> AsyncIterator[AsyncEngine]:
    async with migrated_engine(postgres_url) as engine:
        yield engine


@pytest.fixture
def inboxes(engine: AsyncEngine) -> Inboxes:
    return Inboxes(engine)


def ids(*names: str) -> Scope:
    return Scope(names, 0)


def up_to(seq: int) -> Scope:
    return Scope(None, seq)


async def state(engine: AsyncEngine, notice_id: str) -> str:
    async with engine.connect() as connection:
        query = select(NotificationRow.push_state).where(NotificationRow.id == notice_id)
        return str((await connection.execute(query)).scalar_one())


async def test_pages_go_from_the_newest_to_the_oldest(engine: AsyncEngine, inboxes: Inboxes) -> None:
    seqs = [await store_notice(engine, f"n{number}") for number in range(5)]
    await store_notice(engine, "other", "bob")
    await store_notice(engine, "foreign", tenant="other")

    first = await inboxes.newest("acme", "ann", before=None, limit=3)
    second = await inboxes.newest("acme", "ann", before=first[-1].seq, limit=3)

    assert [each.id for each in (*first, *second)] == ["n4", "n3", "n2", "n1", "n0"]
    assert [each.seq for each in (*first, *second)] == sorted(seqs, reverse=True)
    assert await inboxes.latest("acme", "ann") == max(seqs)
    assert await inboxes.latest("acme", "nobody") == 0


async def test_what_was_missed_comes_in_order_without_what_was_replaced_or_put_away(
    engine: AsyncEngine, inboxes: Inboxes
) -> None:
    seen = await store_notice(engine, "seen")
    await store_notice(engine, "wrong", replaced_by="right")
    await store_notice(engine, "away", archived_at=THEN)
    await store_notice(engine, "right", correction=True)
    await store_notice(engine, "last", data=b'{"a":1}', read_at=THEN)

    missed = await inboxes.since("acme", "ann", after=seen, limit=10)

    assert [each.id for each in missed] == ["right", "last"]
    assert (missed[0].correction, missed[1].data) == (True, b'{"a":1}')
    assert [each.id for each in await inboxes.since("acme", "ann", after=seen, limit=1)] == ["right"]


async def test_unread_are_counted_up_to_a_bound(engine: AsyncEngine, inboxes: Inboxes) -> None:
    for number in range(4):
        await store_notice(engine, f"n{number}")
    await store_notice(engine, "read", read_at=THEN)
    await store_notice(engine, "replaced", replaced_by="n1")

    assert await inboxes.unread("acme", "ann", at_most=100) == 4
    assert await inboxes.unread("acme", "ann", at_most=3) == 3
    assert [each.id for each in await inboxes.newest("acme", "ann", before=None, limit=9, unread=True)] == [
        "n3",
        "n2",
        "n1",
        "n0",
    ]


async def test_reading_prevents_a_push_that_is_still_open(engine: AsyncEngine, inboxes: Inboxes) -> None:
    for notice_id in ("pending", "held", "queued", "sending", "sent"):
        await store_notice(engine, notice_id, push_state=notice_id)

    done = await inboxes.change(
        "acme", "ann", Deed.READ, ids("pending", "held", "queued", "sending", "sent", "nothing"), limit=10
    )

    assert {each.id: each.prevented for each in done} == {
        "pending": True,
        "held": True,
        "queued": True,
        "sending": False,
        "sent": False,
    }
    assert [await state(engine, each.id) for each in done] == ["acked", "acked", "acked", "sending", "sent"]
    (item,) = await inboxes.newest("acme", "ann", before=done[1].seq, limit=1)
    assert item.acked_at is not None
    assert item.read_at == done[0].at


async def test_archiving_cancels_an_open_push_and_clears_the_badge(engine: AsyncEngine, inboxes: Inboxes) -> None:
    await store_notice(engine, "n1")
    await store_notice(engine, "n2", push_state="sent")

    done = await inboxes.change("acme", "ann", Deed.ARCHIVE, ids("n1", "n2"), limit=10)

    assert [each.prevented for each in done] == [True, False]
    assert [await state(engine, each) for each in ("n1", "n2")] == ["cancelled", "sent"]
    assert await inboxes.unread("acme", "ann", at_most=9) == 0
    assert await inboxes.newest("acme", "ann", before=None, limit=9) == []


async def test_named_again_they_say_when_it_was_first(engine: AsyncEngine, inboxes: Inboxes) -> None:
    """So that a request whose answer was lost can be sent again, and tells the same."""
    await store_notice(engine, "n1")
    (first,) = await inboxes.change("acme", "ann", Deed.READ, ids("n1"), limit=10)
    (again,) = await inboxes.change("acme", "ann", Deed.READ, ids("n1"), limit=10)

    assert (first.changed, first.prevented) == (True, True)
    assert again == Done("n1", first.seq, first.at, prevented=False, changed=False)


async def test_all_up_to_a_place_go_in_pieces_from_the_oldest(engine: AsyncEngine, inboxes: Inboxes) -> None:
    seqs = [await store_notice(engine, f"n{number}") for number in range(5)]

    first = await inboxes.change("acme", "ann", Deed.READ, up_to(seqs[3]), limit=3)
    second = await inboxes.change("acme", "ann", Deed.READ, up_to(seqs[3]), limit=3)

    assert [each.id for each in first] == ["n0", "n1", "n2"]
    assert [each.id for each in second] == ["n3"]
    assert await inboxes.unread("acme", "ann", at_most=9) == 1


async def test_nobody_changes_what_is_anothers(engine: AsyncEngine, inboxes: Inboxes) -> None:
    seq = await store_notice(engine, "n1")

    assert await inboxes.change("acme", "bob", Deed.READ, ids("n1"), limit=10) == []
    assert await inboxes.change("other", "ann", Deed.ARCHIVE, up_to(seq), limit=10) == []
    assert await inboxes.unread("acme", "ann", at_most=9) == 1


async def test_two_devices_at_the_same_time_change_each_once(engine: AsyncEngine, inboxes: Inboxes) -> None:
    seqs = [await store_notice(engine, f"n{number:03}") for number in range(50)]
    names = tuple(f"n{number:03}" for number in range(50))

    outcomes = await asyncio.gather(
        *(inboxes.change("acme", "ann", Deed.READ, ids(*reversed(names)), limit=100) for _ in range(3)),
        *(inboxes.change("acme", "ann", Deed.READ, up_to(max(seqs)), limit=100) for _ in range(3)),
    )

    changed = [each.id for done in outcomes for each in done if each.changed]
    assert sorted(changed) == list(names)
