"""Digests: what is held of a type becomes one push, the same one when it is asked again."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from domain.instants import SECOND, Micros
from domain.push_state import PushState
from storage.digests import Digest, DigestKey, Taken
from storage.postgres.digests import Digests
from tests.dispatcher.push_stand import TENANT, USER, PushStand, key, now_micros, push_stand

DUE: Micros = 1_790_000_000 * SECOND + 123_456
LIKES = DigestKey(TENANT, USER, "like", DUE)


@pytest.fixture
def stand(postgres_url: str) -> Iterator[PushStand]:
    with push_stand(postgres_url) as stand:
        yield stand


def test_the_newest_is_pushed_for_all_that_are_held_and_for_nothing_else(stand: PushStand) -> None:
    for name in ("n1", "n2"):
        stand.store(name, PushState.HELD)
    newest = stand.store("n3", PushState.HELD, body="the last", data=b'{"a":1}')
    stand.store("comment", PushState.HELD, type="comment")
    stand.store("bobs", PushState.HELD, "bob")
    stand.store("sent", PushState.SENT)
    for name, column in (("read", "read_at"), ("archived", "archived_at")):
        stand.store(name, PushState.HELD)
        with stand.engine.begin() as connection:
            connection.execute(text(f"UPDATE notifications SET {column} = now() WHERE id = '{name}'"))
    stand.store("one phone", PushState.HELD)
    with stand.engine.begin() as connection:
        connection.execute(text("UPDATE notifications SET installation = 'phone' WHERE id = 'one phone'"))
    taken = Digests(stand.engine).take([LIKES, DigestKey(TENANT, "carl", "like", DUE)], now_micros())
    assert taken == Taken([Digest(LIKES, "n3", newest, open=True, others=["n2", "n1"])], [])
    assert {name: stand.state(name) for name in ("n1", "n2", "n3", "comment", "read", "one phone")} == {
        "n1": PushState.CANCELLED,
        "n2": PushState.CANCELLED,
        "n3": PushState.QUEUED,
        "comment": PushState.HELD,
        "read": PushState.HELD,
        "one phone": PushState.HELD,
    }
    assert stand.state("bobs", "bob") is PushState.HELD


def test_asked_again_it_is_the_same_digest(stand: PushStand) -> None:
    digests = Digests(stand.engine)
    for name in ("n1", "n2"):
        stand.store(name, PushState.HELD)
    first = digests.take([LIKES], now_micros())
    again = digests.take([LIKES], now_micros())
    assert first == again
    assert [(each.newest, each.others) for each in first.digests] == [("n2", ["n1"])]
    with stand.engine.begin() as connection:
        connection.execute(
            text("UPDATE notifications SET push_state = 'acked', push_changed_at = now() WHERE id = 'n2'")
        )
    assert [(each.open, each.newest) for each in digests.take([LIKES], now_micros()).digests] == [(False, "n1")]


def test_what_is_held_since_a_digest_was_taken_takes_its_place_when_it_is_asked_again(stand: PushStand) -> None:
    """Killed before anything was handed over: what it had queued must not wait for ever, nor be pushed beside it."""
    digests = Digests(stand.engine)
    for name in ("n1", "n2"):
        stand.store(name, PushState.HELD)
    digests.take([LIKES], now_micros())
    stand.store("n3", PushState.HELD)
    again = digests.take([LIKES, LIKES], now_micros())
    assert [(each.newest, each.open, each.others) for each in again.digests] == [("n3", True, ["n2", "n1"])]
    assert stand.state("n2") is PushState.CANCELLED
    assert digests.take([LIKES], now_micros()) == again


def test_two_digests_of_a_type_at_once_are_one(stand: PushStand) -> None:
    """They come together when the timer was away."""
    digests = Digests(stand.engine)
    for name in ("n1", "n2", "n3"):
        stand.store(name, PushState.HELD)
    keys = [LIKES._replace(at=DUE + 10 * SECOND), LIKES]
    taken = digests.take(keys, now_micros())
    assert [(each.key, each.newest, each.others) for each in taken.digests] == [(LIKES, "n3", ["n2", "n1"])]
    assert stand.state("n3") is PushState.QUEUED
    assert digests.take(keys[:1], now_micros()).digests == []


def test_the_next_digest_of_a_type_is_another_one(stand: PushStand) -> None:
    digests = Digests(stand.engine)
    stand.store("n1", PushState.HELD)
    digests.take([LIKES], now_micros())
    stand.store("n2", PushState.HELD)
    later = LIKES._replace(at=DUE + 600 * SECOND)
    assert [each.newest for each in digests.take([later], now_micros()).digests] == ["n2"]
    assert digests.take([later._replace(at=DUE + 1200 * SECOND)], now_micros()) == Taken([], [])


def test_what_has_expired_is_not_counted(stand: PushStand) -> None:
    stand.store("n1", PushState.HELD)
    stand.store("old", PushState.HELD, expires_at=now_micros() - SECOND)
    (digest,), expired = Digests(stand.engine).take([LIKES], now_micros())
    assert (digest.newest, digest.others) == ("n1", [])
    assert expired == [key("old")]
    assert stand.state("old") is PushState.EXPIRED
    assert stand.decisions.queue([key("n1")]).others == {key("n1"): PushState.QUEUED}
    assert Digests(stand.engine).take([], now_micros()) == Taken([], [])
