"""What the dispatcher makes of notifications."""

from typing import Any

import msgspec
import pytest

from backbone.headers import channels_of, due_at_of
from backbone.record import header
from backbone.topics import NOTIFICATIONS, PUSH_PENDING, USER_LIVE, dead_letter_topic
from domain.instants import DAY, MINUTE, SECOND
from domain.notification import Phase
from domain.preferences import Channels, Preferences, QuietHours, write_preferences
from domain.push_state import PushState
from push_service.dispatcher.handler import GROUP
from tests.dispatcher.world import NOW, TENANT, World
from tests.storage.installed import installation

QUIET = QuietHours("00:00", "23:59", "UTC")


@pytest.fixture
def world() -> World:
    return World()


def prefer(world: World, preferences: Preferences, user: str = "ann") -> None:
    world.documents.documents[TENANT, user] = write_preferences(preferences)


def test_who_has_no_socket_is_pushed_at_once(world: World) -> None:
    world.install(installation("tablet", "ann"))
    world.tell("n1")
    world.run()
    assert world.history() == {"n1": PushState.QUEUED}
    assert world.shown() == [("n1", None)]
    assert {request.installation for request in world.pushes()} == {"phone-a", "tablet"}
    assert world.pending() == []
    assert world.steps() == {("n1", "queued", None)}


def test_who_has_a_socket_has_a_moment_to_acknowledge(world: World) -> None:
    world.connect("ann")
    world.tell("n1", installation="phone-a")
    world.run()
    assert world.history() == {"n1": PushState.PENDING}
    assert world.pushes() == []
    pending = world.pending()[0]
    record = next(iter(world.cluster.records(PUSH_PENDING.name)))
    assert (pending.id, pending.installation, pending.due_at) == ("n1", "phone-a", NOW + 3 * SECOND)
    assert due_at_of(record) == pending.due_at
    assert header(record.headers, "traceparent") == b"00-aa-bb-01"


def test_a_live_update_is_on_the_users_own_channel(world: World) -> None:
    world.tell("n1", data=b'{"a":1}', match_key="k", match_version=4)
    world.run()
    update = world.live()[0]
    record = next(iter(world.cluster.records(USER_LIVE.name)))
    assert (record.key, channels_of(record.headers)) == (b"acme/ann", ["user:acme/ann"])
    assert (update.channels, update.fleet, update.kind, update.entity) == (
        ["user:acme/ann"],
        "acme",
        "notification",
        "notification/n1",
    )
    payload = msgspec.json.decode(update.payload)
    assert (payload["id"], payload["seq"], payload["data"], payload["match_version"]) == ("n1", 1, {"a": 1}, 4)


def test_a_duplicate_is_told_once(world: World) -> None:
    world.tell("n1", "n1")
    world.run()
    world.tell("n1")
    world.run()
    assert world.shown() == [("n1", None)]
    assert len(world.pushes()) == 1
    assert world.counted("duplicate") == 1


def test_the_same_id_for_two_users_is_two_notifications(world: World) -> None:
    world.tell("n1")
    world.tell("n1", user="bob")
    world.run()
    assert (world.shown("ann"), world.shown("bob")) == ([("n1", None)], [("n1", None)])


@pytest.mark.parametrize("emptied", [True, False])
def test_a_correction_takes_the_place_of_what_was_shown(world: World, *, emptied: bool) -> None:
    world.connect("ann")
    world.tell("v1", match_key="order/1", match_version=1)
    world.run()
    if emptied:
        world.empty_redis()
    world.tell("v3", match_key="order/1", match_version=3)
    world.tell("v2", match_key="order/1", match_version=2)
    world.run()
    assert world.shown() == [("v1", None), ("v3", "v1")]
    assert world.state("v1") is PushState.CANCELLED
    assert world.state("v2") is PushState.CANCELLED
    assert {("v1", "cancelled", "replaced"), ("v2", "cancelled", "replaced")} <= world.steps()
    assert (world.counted("correction"), world.counted("outdated")) == (1, 1)


def test_a_duplicate_that_redis_has_forgotten_is_known_in_the_history(world: World) -> None:
    world.tell("n1")
    world.run()
    world.empty_redis()
    world.tell("n1")
    world.run()
    assert world.shown() == [("n1", None)]
    assert len(world.pushes()) == 1
    assert world.counted("duplicate") == 1


@pytest.mark.parametrize(
    "preferences",
    [
        Preferences(all=Channels(push=False)),
        Preferences(types={"message": Channels(push=False)}),
    ],
)
def test_what_is_muted_is_shown_and_not_pushed(world: World, preferences: Preferences) -> None:
    prefer(world, preferences)
    world.tell("n1")
    world.run()
    assert world.history() == {"n1": PushState.NONE}
    assert world.shown() == [("n1", None)]
    assert world.steps() == {("n1", "cancelled", "muted")}
    assert world.pushes() == []


def test_what_is_not_to_be_shown_is_in_the_inbox_and_pushed_at_once(world: World) -> None:
    prefer(world, Preferences(types={"message": Channels(live=False)}))
    world.connect("ann")
    world.tell("n1")
    world.run()
    assert world.history() == {"n1": PushState.QUEUED}
    assert world.shown() == []
    assert len(world.pushes()) == 1


def test_quiet_hours_hold_a_push_back(world: World) -> None:
    prefer(world, Preferences(quiet_hours=QUIET))
    world.tell("n1", "n2")
    world.tell("a1", type="alert")
    world.run()
    assert world.history() == {"n1": PushState.HELD, "n2": PushState.HELD, "a1": PushState.QUEUED}
    until = QUIET.ends_at(NOW)
    assert {(each.id, each.due_at, each.request.phase) for each in world.scheduled.rows.values()} == {
        ("quiet:ann/n1", until, Phase.PUSH),
        ("quiet:ann/n2", until, Phase.PUSH),
    }
    assert world.shown() == [("n1", None), ("n2", None), ("a1", None)]
    assert ("n1", "held", "quiet-hours") in world.steps()


def test_a_burst_becomes_a_digest(world: World) -> None:
    """Of likes, the first three within an hour are pushed, and then one for all others when the hour is over."""
    names = [f"l{number}" for number in range(6)]
    world.tell(*names, type="like")
    world.run()
    assert [world.state(name) for name in names] == [PushState.QUEUED] * 3 + [PushState.HELD] * 3
    window = NOW // SECOND + 3600
    due = world.scheduled.rows[f"digest:ann/like/{window}"]
    assert list(world.scheduled.rows.values()) == [due]
    assert (due.due_at, due.request.phase, due.request.users) == (window * SECOND, Phase.DIGEST, ["ann"])
    world.now += 3601 * SECOND
    world.tell("later", type="like")
    world.run()
    assert world.state("later") is PushState.QUEUED


def test_quiet_hours_make_one_digest_of_a_type_that_has_one(world: World) -> None:
    prefer(world, Preferences(quiet_hours=QUIET))
    world.tell("l1", "l2", type="like")
    world.run()
    assert [each.request.phase for each in world.scheduled.rows.values()] == [Phase.DIGEST]


def test_what_is_over_is_stored_and_shown_and_not_pushed(world: World) -> None:
    world.tell("n1", expires_at=NOW)
    world.run()
    assert world.history() == {"n1": PushState.EXPIRED}
    assert world.shown() == [("n1", None)]
    assert world.steps() == {("n1", "expired", None)}


def test_who_has_no_installation_is_not_pushed_to(world: World) -> None:
    world.tell("n1", user="carl")
    world.run()
    assert world.state("n1", "carl") is PushState.NONE
    assert world.steps() == {("n1", "cancelled", "no-installation")}


def test_a_type_that_is_not_known_here_is_told_all_the_same(world: World) -> None:
    world.tell("n1", type="shift_plan")
    world.run()
    assert world.history() == {"n1": PushState.QUEUED}


def test_preferences_are_read_once_for_a_user_and_then_known(world: World) -> None:
    world.tell("n1", "n2")
    world.run()
    world.tell("n3")
    world.run()
    assert world.documents.asked == [{(TENANT, "ann")}]


def test_preferences_that_cannot_be_read_mute_nothing(world: World) -> None:
    world.documents.documents[TENANT, "ann"] = b'{"all": 1}'
    world.tell("n1")
    world.run()
    assert world.history() == {"n1": PushState.QUEUED}


def test_pushes_that_were_put_off_come_back(world: World) -> None:
    world.tell("n1", phase="push")
    world.tell("n2", phase="digest")
    world.run()
    assert [(phase, push.id) for phase, push in world.returns.pushes] == [(Phase.PUSH, "n1"), (Phase.DIGEST, "n2")]
    assert world.history() == {}
    assert world.live() == []


@pytest.mark.parametrize(
    "how",
    [
        {"phase": "other"},
        {"installation": "a/b"},
        {"type": "No Type"},
        {"title": "a\0b"},
        {"about": "\0"},
        {"data": b"{"},
        {"data": b"[]"},
        {"data": b"\xff"},
        {"data": b"[" * 100_000},
        {"match_key": "k" * 257, "match_version": 1},
        {"created_at": -1},
        {"expires_at": 2**62},
    ],
)
def test_what_can_never_be_told_is_a_dead_letter_and_stops_nothing(world: World, how: dict[str, Any]) -> None:
    world.tell("n1")
    world.tell("bad", **how)
    world.tell("n2")
    world.run()
    assert world.shown() == [("n1", None), ("n2", None)]
    letters = list(world.cluster.records(dead_letter_topic(NOTIFICATIONS.name, GROUP)))
    assert [header(letter.headers, "dlq-reason") for letter in letters] == [b"bad_notification"]


@pytest.mark.parametrize("value", [None, b"", b"\x00", b"\x01\x00\x00\x00\x01", b"\x00\x7f\xff\xff\xff\x00"])
def test_bytes_that_are_no_notification_are_a_dead_letter(world: World, value: bytes | None) -> None:
    world.raw("acme/ann", value)
    world.tell("n1")
    world.run()
    letters = list(world.cluster.records(dead_letter_topic(NOTIFICATIONS.name, GROUP)))
    assert [letter.value for letter in letters] == [value]
    assert world.shown() == [("n1", None)]
    assert world.counted("dead_letter") == 1


def test_order_is_kept(world: World) -> None:
    names = [f"n{number}" for number in range(40)]
    for name in names:
        world.tell(name)
        world.tell(name, user="bob")
    consumer = world.dispatcher(batch=7)
    assert consumer.drain()
    assert [name for name, _ in world.shown("ann")] == [name for name, _ in world.shown("bob")] == names


def test_a_digest_window_is_each_types_own(world: World) -> None:
    world.tell(*[f"c{number}" for number in range(5)], type="comment")
    world.tell(*[f"l{number}" for number in range(3)], type="like")
    world.run()
    assert set(world.history().values()) == {PushState.QUEUED}
    world.now += 31 * MINUTE
    world.tell("c9", type="comment")
    world.tell("l9", type="like", expires_at=NOW + DAY)
    world.run()
    assert (world.state("c9"), world.state("l9")) == (PushState.QUEUED, PushState.HELD)
