"""The contract of what is known of users' notifications, held by Redis and by the in-memory twin alike."""

from collections.abc import AsyncIterator
from typing import Protocol

import pytest
from pydantic import SecretStr

from domain.errors import OutageError
from domain.instants import DAY, HOUR, SECOND
from storage.memory.notices import MemoryNotices
from storage.notices import MAX_KEPT, Answer, Asked, NoticeStore, PreferencesCache, Verdict
from storage.presence import Change
from storage.redis.connection import AsyncRedis, SyncRedis, connect_async, connect_sync
from storage.redis.keys import connections, notices
from storage.redis.notices import PIECE, RedisNotices
from storage.redis.preferences_cache import RedisPreferencesCache
from storage.redis.presence import RedisPresence
from storage.redis.settings import RedisSettings

NOW = 1_800_000_000 * SECOND
BIG = 2**63 - 1


class Known(NoticeStore, PreferencesCache, Protocol):
    """Both sides of it."""


class RedisKnown(RedisNotices):
    """Both sides, over two clients."""

    def __init__(self, client: SyncRedis, loop_client: AsyncRedis) -> None:
        super().__init__(client)
        self.set = RedisPreferencesCache(loop_client).set


@pytest.fixture(params=["memory", "single", "clustered"])
async def known(request: pytest.FixtureRequest) -> AsyncIterator[Known]:
    if request.param == "memory":
        yield MemoryNotices()
        return
    settings = request.getfixturevalue(request.param)
    client, loop_client = connect_sync(settings), connect_async(settings)
    yield RedisKnown(client, loop_client)
    client.close()
    await loop_client.aclose()


def asked(name: str, source: str = "t/0/1", *, user: str = "u1", kind: str = "like", window: int = 0) -> Asked:
    return Asked("acme", user, name, source, kind, window)


def versioned(name: str, version: int, source: str = "", key: str = "order/1") -> Asked:
    return Asked("acme", "u1", name, source or f"from-{name}", "order_status", 0, key, version)


def verdicts(store: NoticeStore, *wanted: Asked, now: int = NOW) -> list[tuple[Verdict, str]]:
    return [(each.verdict, each.other) for each in store.classify(wanted, now)]


NEW, DUPLICATE = (Verdict.NEW, ""), (Verdict.DUPLICATE, "")


def test_nothing_asked_is_nothing_answered(known: Known) -> None:
    assert list(known.classify([], NOW)) == []
    known.remember({}, NOW)


def test_what_nobody_brought_is_new_and_nothing_is_known_of_its_user(known: Known) -> None:
    assert list(known.classify([asked("a")], NOW)) == [Answer(Verdict.NEW, "", False, 0, 0, None)]


def test_the_same_id_from_another_place_is_a_duplicate_and_from_the_same_place_is_not(known: Known) -> None:
    assert verdicts(known, asked("a", "t/0/1"), asked("a", "t/0/2"), asked("a", "t/0/1")) == [NEW, DUPLICATE, NEW]
    assert verdicts(known, asked("a", "t/0/2"), asked("a", "t/0/1")) == [DUPLICATE, NEW]


def test_an_id_is_one_users_own(known: Known) -> None:
    other_tenant = Asked("other", "u1", "a", "s3", "like")
    assert verdicts(known, asked("a", "s1"), asked("a", "s2", user="u2"), other_tenant) == [NEW, NEW, NEW]


def test_an_id_is_forgotten_after_a_day(known: Known) -> None:
    verdicts(known, asked("a", "s1"))
    assert verdicts(known, asked("a", "s2"), now=NOW + DAY - SECOND) == [DUPLICATE]
    assert verdicts(known, asked("a", "s2"), now=NOW + DAY) == [NEW]


def test_a_later_version_is_a_correction_and_an_earlier_or_the_same_is_outdated(known: Known) -> None:
    assert verdicts(known, versioned("v1", 1), versioned("v3", 3)) == [NEW, (Verdict.CORRECTION, "v1")]
    assert verdicts(known, versioned("v2", 2), versioned("other-v3", 3)) == [(Verdict.OUTDATED, "v3")] * 2
    assert verdicts(known, versioned("v4", 4), versioned("x", 1, key="order/2")) == [(Verdict.CORRECTION, "v3"), NEW]


def test_a_correction_that_is_asked_again_is_the_same_correction(known: Known) -> None:
    verdicts(known, versioned("v1", 1), versioned("v2", 2))
    assert verdicts(known, versioned("v2", 2)) == [(Verdict.CORRECTION, "v1")]
    assert verdicts(known, versioned("v2", 2, "elsewhere")) == [DUPLICATE]


@pytest.mark.parametrize(("lower", "higher"), [(BIG - 1, BIG), (-BIG - 1, -BIG), (-1, 0), (9, 10)])
def test_versions_of_64_bits_are_told_apart(known: Known, lower: int, higher: int) -> None:
    assert verdicts(known, versioned("a", lower), versioned("b", higher))[1] == (Verdict.CORRECTION, "a")
    assert verdicts(known, versioned("c", lower))[0] == (Verdict.OUTDATED, "b")


def test_a_match_key_is_forgotten_after_a_week(known: Known) -> None:
    verdicts(known, versioned("v2", 2))
    assert verdicts(known, versioned("v1", 1), now=NOW + 7 * DAY) == [NEW]


def test_a_version_without_a_key_and_a_key_without_a_version_match_nothing(known: Known) -> None:
    half = [
        Asked("acme", "u1", "a", "s1", "like", 0, None, 1),
        Asked("acme", "u1", "b", "s2", "like", 0, "k", None),
        Asked("acme", "u1", "c", "s3", "like", 0, "k", 5),
    ]
    assert verdicts(known, *half) == [NEW, NEW, NEW]


def test_those_of_a_type_are_counted_in_its_window_each_once(known: Known) -> None:
    batch = [asked(f"n{number}", f"s{number}", window=60) for number in range(3)]
    ends = NOW // SECOND + 60
    for now in (NOW, NOW + 30 * SECOND):
        found = list(known.classify(batch, now))
        assert [(each.recent, each.window_end) for each in found] == [(0, ends), (1, ends), (2, ends)]
    again, other, duplicate = list(
        known.classify(
            [asked("x", "sx", window=60), asked("y", "sy", kind="alert"), asked("x", "s2", window=60)],
            NOW + 59 * SECOND,
        )
    )
    assert (again.recent, again.window_end, other.recent, other.window_end) == (3, ends, 0, 0)
    assert (duplicate.recent, duplicate.window_end) == (0, 0)
    later = next(known.classify([asked("z", "sz", window=60)], NOW + 60 * SECOND))
    assert (later.recent, later.window_end) == (0, ends + 60)


async def test_preferences_are_known_from_when_they_are_set_or_loaded(known: Known) -> None:
    known.remember({("acme", "u1"): b"", ("acme", "u2"): b'{"a":1}'}, NOW)
    await known.set("acme", "u3", b"new", NOW)
    known.remember({("acme", "u3"): b"old", ("acme", "u2"): b"late"}, NOW)
    found = list(known.classify([asked("a", user=user) for user in ("u1", "u2", "u3", "u4")], NOW))
    assert [each.preferences for each in found] == ["", '{"a":1}', "new", None]
    await known.set("acme", "u2", b"newer", NOW)
    assert next(known.classify([asked("b", user="u2")], NOW)).preferences == "newer"


async def test_preferences_are_loaded_again_after_an_hour(known: Known) -> None:
    await known.set("acme", "u1", b"old", NOW)
    assert next(known.classify([asked("a")], NOW + HOUR - SECOND)).preferences == "old"
    assert next(known.classify([asked("a")], NOW + HOUR)).preferences is None
    known.remember({("acme", "u1"): b"new"}, NOW + HOUR)
    assert next(known.classify([asked("a")], NOW + HOUR)).preferences == "new"


def test_what_is_kept_of_one_user_is_bounded(known: Known) -> None:
    """A flood forgets its own beginning, not what came last."""
    for start in range(0, 4 * MAX_KEPT, 64):
        batch = [asked(f"n{number}", f"s{number}") for number in range(start, start + 64)]
        list(known.classify(batch, NOW + start * SECOND))
    last = 4 * MAX_KEPT - 1
    found = verdicts(known, asked(f"n{last}", "else"), asked("n0", "else"), now=NOW + last * SECOND)
    assert found == [DUPLICATE, NEW]


async def test_a_user_with_a_connection_to_a_living_gateway_is_connected(redis_settings: RedisSettings) -> None:
    client, loop_client = connect_sync(redis_settings), connect_async(redis_settings)
    clock = [0.0]
    store, presence = RedisNotices(client, lambda: clock[0]), RedisPresence(loop_client)
    await presence.renew("g1", 60)
    for gateway, user in (("g1", "u1"), ("dead", "u2")):
        await presence.write(gateway, [Change(connections("acme", user), "c1", user, b"{}")])
    wanted = [asked("a", user=user) for user in ("u1", "u2", "u3")]
    assert [each.connected for each in store.classify(wanted, NOW)] == [True, False, False]
    await presence.end("g1")
    clock[0] += 1.0
    assert [each.connected for each in store.classify(wanted, NOW)] == [False, False, False]
    client.close()
    await loop_client.aclose()


def test_everything_kept_of_a_user_ends_by_itself(single: RedisSettings) -> None:
    client = connect_sync(single)
    store = RedisNotices(client)
    list(store.classify([asked("a")], NOW))
    store.remember({("acme", "u2"): b""}, NOW)
    for user in ("u1", "u2"):
        assert 7 * 86_400 < int(client.ttl(notices("acme", user))) <= 8 * 86_400
    client.close()


def test_a_redis_that_was_restarted_has_lost_the_scripts_too(single: RedisSettings) -> None:
    client = connect_sync(single)
    store = RedisNotices(client)
    assert verdicts(store, asked("a", "s1")) == [NEW]
    client.script_flush()
    assert verdicts(store, asked("a", "s2")) == [DUPLICATE]
    client.flushdb()
    assert verdicts(store, asked("a", "s2")) == [NEW]
    client.close()


def test_a_batch_of_many_pieces_is_answered_in_order(single: RedisSettings) -> None:
    client = connect_sync(single)
    store = RedisNotices(client)
    many = [asked(f"n{number}", f"s{number}") for number in range(3 * PIECE)]
    again = asked(f"n{PIECE // 2}", "elsewhere")
    assert verdicts(store, *many, again, asked("last", "s")) == [NEW] * (3 * PIECE) + [DUPLICATE, NEW]
    client.script_flush()
    assert verdicts(store, *many, again) == [NEW] * (3 * PIECE) + [DUPLICATE]
    client.close()


def test_answers_that_nobody_read_are_nobody_elses(single: RedisSettings) -> None:
    client = connect_sync(single)
    store = RedisNotices(client)
    answers = store.classify([asked(f"n{number}", "s") for number in range(2 * PIECE)], NOW)
    next(answers)
    del answers
    assert client.ping()
    assert verdicts(store, asked("other", "s"), asked("other", "s2")) == [NEW, DUPLICATE]
    client.close()


def test_an_outage_is_told_as_one() -> None:
    away = connect_sync(RedisSettings(url=SecretStr("redis://127.0.0.1:1"), timeout=0.5))
    with pytest.raises(OutageError):
        list(RedisNotices(away).classify([asked("a")], NOW))
    away.close()
