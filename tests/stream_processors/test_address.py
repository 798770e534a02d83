"""Who is told by a request, and what they are told."""

import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backbone.headers import CE_ID, CE_SOURCE, CE_TYPE, TRACEPARENT
from backbone.record import InRecord, OutRecord, header
from backbone.topics import NOTIFICATION_REQUESTS, NOTIFICATIONS
from domain.errors import PermanentError
from domain.instants import HOUR
from domain.notice_limits import LAST_TOLD
from domain.notification import Notification, NotificationRequest, Phase
from domain.reference import ReferenceKind
from push_service.dispatcher.incoming import check_notification
from stream_processors.address.notification_mold import NotificationMold
from stream_processors.address.requests import read_request
from tests.domain.fixes import NOON
from tests.stream_processors.audiences import ORDER, Audiences, content, pushed_later, request

WORLD = Audiences()
ids = st.text("ABCabc019._~-", min_size=1, max_size=128)


@given(
    users=st.lists(ids, max_size=5),
    request_id=ids,
    tenant=ids,
    installation=st.none() | ids,
    phase=st.sampled_from([*Phase]),
    title=st.text(max_size=300),
    data=st.none() | st.binary(max_size=300),
    version=st.none() | st.integers(-(2**63), 2**63 - 1),
)
def test_a_cast_notification_is_byte_for_byte_what_the_codec_writes(
    users: list[str],
    request_id: str,
    tenant: str,
    installation: str | None,
    phase: Phase,
    title: str,
    data: bytes | None,
    version: int | None,
) -> None:
    told = content(title=title, data=data, match_key="m", match_version=version)
    asked = NotificationRequest(id=request_id, tenant=tenant, installation=installation, phase=phase, content=told)
    mold = NotificationMold(WORLD.codec, asked, InRecord("t", 0, 0, None, None, [], 0))
    records = list(mold.cast(users))
    assert [record.value for record in records] == [
        WORLD.codec.encode(
            NOTIFICATIONS,
            Notification(id=request_id, tenant=tenant, user=user, installation=installation, phase=phase, content=told),
        )
        for user in users
    ]
    assert [record.key for record in records] == [f"{tenant}/{user}".encode() for user in users]


def test_named_users_are_told_once_each() -> None:
    world = Audiences()
    asked = request(users=["ann", "bob", "ann"])
    world.ask(asked)
    world.address().drain()
    assert world.users() == {"ann": 1, "bob": 1}
    assert {each.content for each in world.notifications()} == {asked.content}
    assert world.count("fleetcast_address_requests_total", outcome="users") == 1
    assert world.count("fleetcast_address_notifications_total") == 2


def test_a_notification_tells_where_it_comes_from() -> None:
    world = Audiences()
    world.ask(request(users=["ann"]))
    world.address().drain()
    (record,) = world.cluster.records(NOTIFICATIONS.name)
    told = [header(record.headers, name) for name in (CE_ID, CE_TYPE, CE_SOURCE, TRACEPARENT)]
    assert told == [b"r1", b"fleetcast.notification", b"/fleetcast/address", b"00-aa-bb-01"]


def test_an_installation_is_told_as_its_user() -> None:
    world = Audiences()
    world.install("phone-1", "ann")
    world.ask(request(installation="phone-1"))
    world.address().drain()
    (told,) = world.notifications()
    assert (told.user, told.installation) == ("ann", "phone-1")


def test_an_installation_that_nobody_has_is_set_aside() -> None:
    world = Audiences()
    world.ask(request("r1", installation="gone"), request("r2", users=["ann"]))
    world.address().drain()
    assert [header(record.headers, "dlq-reason") for record in world.buried()] == [b"unknown_installation"]
    assert world.users("r2") == {"ann": 1}


def test_followers_and_watchers_of_an_entity_are_told_once_each() -> None:
    world = Audiences()
    world.followers.follow("acme", ORDER, "ann", "bob")
    world.followers.follow("other", ORDER, "eve")
    world.followers.follow("acme", "order/acme/A-2", "eve")
    world.watch("bob", "order/A-1", "w1")
    world.watch("cyd", "order/A-1", "w2")
    world.watch("cyd", "order/A-1", "w3")
    world.watch("eve", "order/A-1", "w4", fleet="acme.eu")
    world.ask(request())
    world.address().drain()
    assert world.users() == {"ann": 1, "bob": 1, "cyd": 1}
    assert {each.content.interest for each in world.notifications()} == {ORDER}


def test_who_no_longer_watches_is_not_told() -> None:
    world = Audiences()
    world.watch("ann", "order/A-1", "w1")
    world.watch("ann", "order/A-1", "w2")
    world.watch("bob", "order/A-1", "w3")
    world.watch("bob", "order/A-2", "w3")
    world.forget_reference(ReferenceKind.WATCHER, "w1")
    world.ask(request("r1"))
    world.address().drain()
    world.forget_reference(ReferenceKind.WATCHER, "w2")
    world.ask(request("r2"))
    world.address().drain()
    assert world.users("r1") == {"ann": 1}
    assert world.users("r2") == {}


def test_an_interest_that_nobody_follows_tells_nobody() -> None:
    world = Audiences()
    world.ask(request())
    world.address().drain()
    assert world.notifications() == []
    assert world.buried() == []


@pytest.mark.parametrize("count", [9, 10, 11, 20, 35])
def test_many_followers_are_told_chunk_by_chunk_and_each_once(count: int) -> None:
    world = Audiences()
    world.followers.follow("acme", ORDER, *(f"u{n:03d}" for n in range(count)))
    world.ask(request())
    world.address(chunk=10).drain()
    assert world.users() == {f"u{n:03d}": 1 for n in range(count)}
    turns = world.requests()
    assert [each.after for each in turns] == [None, *(f"u{n * 10 - 1:03d}" for n in range(1, count // 10 + 1))]
    assert all(msgspec.structs.replace(each, after=None) == turns[0] for each in turns)
    assert world.count("fleetcast_address_receipt_lag_seconds_count") == 1


def test_other_requests_have_their_turn_between_two_chunks() -> None:
    world = Audiences()
    world.followers.follow("acme", ORDER, *(f"u{n:03d}" for n in range(30)))
    for asked in (request("big"), request("small", users=["ann"])):
        # All in the partition of the first: one queue.
        value = world.codec.encode(NOTIFICATION_REQUESTS, asked)
        world.cluster.append(OutRecord(NOTIFICATION_REQUESTS.name, b"acme/big", value))
    world.address(chunk=10).drain()
    order = [each.id for each in world.requests()]
    assert order == ["big", "small", "big", "big", "big"]
    assert world.users("small") == {"ann": 1}


def test_what_is_not_due_waits_in_the_database_and_comes_back_to_be_told_once() -> None:
    world = Audiences()
    world.ask(request(users=["ann"], send_at=NOON + HOUR), request("r2", users=["ann"], send_at=NOON))
    world.address().drain()
    assert world.users("r1") == {}
    assert world.users("r2") == {"ann": 1}
    ((key, row),) = world.scheduled.rows.items()
    assert (key, row.due_at) == (("acme", "send:r1"), NOON + HOUR)
    assert world.count("fleetcast_address_requests_total", outcome="scheduled") == 1
    world.ask(row.request)
    world.address().drain()
    assert world.users("r1") == {"ann": 1}


def test_a_push_that_was_put_off_keeps_its_phase() -> None:
    world = Audiences()
    world.ask(pushed_later("r1", "ann"))
    world.address().drain()
    assert [(each.phase, each.content.interest) for each in world.notifications()] == [("push", ORDER)]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"users": [], "interest": None}, "users, installation or interest"),
        ({"users": ["ann"], "interest": ORDER}, "users, installation or interest"),
        ({"users": ["ann", "b/c"]}, "users"),
        ({"users": ["ann"] * 10_001}, "users"),
        ({"installation": "a/b"}, "installation"),
        ({"interest": "a b"}, "interest"),
        ({"users": ["ann"], "phase": "shout"}, "phase"),
        ({"users": ["ann"], "send_at": 2**62}, "send_at"),
        ({"interest": ORDER, "after": "a/b"}, "after"),
        ({"users": ["ann"], "content": content(data=b"[1]")}, "content.data"),
        ({"users": ["ann"], "content": content(data=b"{")}, "content.data"),
        ({"users": ["ann"], "content": content(priority="loud")}, "content.priority"),
        ({"users": ["ann"], "content": content(expires_at=-1)}, "content.expires_at"),
        ({"users": ["ann"], "content": content(expires_at=LAST_TOLD)}, "content.expires_at"),
        ({"users": ["ann"], "content": content(type="")}, "content.type"),
        ({"users": ["ann"], "content": content(type="Order status")}, "content.type"),
        ({"users": ["ann"], "content": content(title="a\0b")}, "content.title: with a NUL"),
        ({"users": ["ann"], "content": content(body="\0")}, "content.body: with a NUL"),
        ({"users": ["ann"], "content": content(match_key="k\0", match_version=1)}, "content.match_key: with a NUL"),
        ({"users": ["ann"], "content": content(match_key="k" * 257, match_version=1)}, "content.match_key"),
        ({"users": ["ann"], "content": content(collapse_key="\0")}, "content.collapse_key: with a NUL"),
        ({"users": ["ann"], "content": content(about="acme/order/\0")}, "content.about: with a NUL"),
        ({"users": ["ann"], "content": content(interest="\0")}, "content.interest: with a NUL"),
    ],
)
def test_what_ingest_would_never_have_written_is_set_aside(changes: dict[str, object], named: str) -> None:
    world = Audiences()
    world.ask(NotificationRequest(id="r1", tenant="acme", **{"content": content(), **changes}))  # type: ignore[arg-type]
    world.ask(request("r2", users=["ann"]))
    world.address().drain()
    ((letter,),) = [world.buried()]
    assert header(letter.headers, "dlq-reason") == b"malformed_record"
    assert named.encode() in (header(letter.headers, "dlq-detail") or b"")
    assert world.users("r1") == {}
    assert world.users("r2") == {"ann": 1}


def test_a_text_that_nobody_can_be_shown_is_one_dead_letter_and_not_one_for_each_follower() -> None:
    world = Audiences()
    world.followers.follow("acme", ORDER, *(f"user-{number:04}" for number in range(2_500)))
    world.ask(request("r1", content=content(body="a\0b")))
    world.address().drain()
    (letter,) = world.buried()
    assert header(letter.headers, "dlq-topic") == NOTIFICATION_REQUESTS.name.encode()
    assert world.notifications() == []


_TEXTS = st.text("\0aé", max_size=3) | st.just("k" * 257)
_INSTANTS = st.sampled_from([-1, 0, NOON, LAST_TOLD - 1, LAST_TOLD])


@given(
    changes=st.fixed_dictionaries(
        {},
        optional={
            **dict.fromkeys(("title", "body", "interest", "collapse_key", "match_key", "about"), _TEXTS),
            **dict.fromkeys(("created_at", "accepted_at", "expires_at"), _INSTANTS),
            "type": st.text("aZ_ 0\0", max_size=70),
            "data": st.sampled_from([None, b"{}", b"[]", b"\xff"]),
        },
    )
)
def test_the_dispatcher_takes_what_address_lets_through(changes: dict[str, object]) -> None:
    asked = request("r1", users=["ann"], content=content(**changes))
    value = WORLD.codec.encode(NOTIFICATION_REQUESTS, asked)
    with contextlib.suppress(PermanentError):
        read = read_request(WORLD.codec, InRecord(NOTIFICATION_REQUESTS.name, 0, 0, b"", value, [], 0))
        check_notification(Notification(id=read.id, tenant=read.tenant, user="ann", content=read.content))


@pytest.mark.parametrize(
    ("value", "reason"), [(b"nonsense", b"wrong_magic"), (None, b"empty"), (b"\0" * 600_000, b"too_large")]
)
def test_what_cannot_be_read_is_set_aside(value: bytes | None, reason: bytes) -> None:
    world = Audiences()
    world.cluster.append(OutRecord(NOTIFICATION_REQUESTS.name, b"acme/r1", value))
    world.address().drain()
    assert [header(record.headers, "dlq-reason") for record in world.buried()] == [reason]
