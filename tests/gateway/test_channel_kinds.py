"""Kinds of channels by configuration: strict, and nothing opens another tenant's channels."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from access.capabilities import Permission, channel_cap
from access.viewer import NEVER, Viewer
from push_service.gateway.channels.channel_kinds import ChannelKindsError, read_channel_kinds
from push_service.gateway.channels.channel_rules import ChannelRules, Publishers
from push_service.gateway.settings import GatewaySettings

KINDS: dict[str, Any] = {
    "chat": {"subscribe": "tenant", "publish": "subscribers", "history_size": 100, "presence": True},
    "depot": {"subscribe": "fleet", "publish": "audience"},
    "inbox": {"subscribe": "user", "history_size": 10},
    "link": {"subscribe": "token", "history_size": 10},
    "": {"subscribe": "anyone", "history_size": 10, "history_seconds": 300, "publish": "audience"},
}


def viewer(user: str = "u1", *fleets: str, **more: Any) -> Viewer:
    more = {"capabilities": frozenset({"watch"}), **more}
    return Viewer(user=user, tenant="acme", fleets=frozenset(fleets or ("acme",)), expires_at=NEVER, **more)


def rules() -> ChannelRules:
    return ChannelRules(read_channel_kinds(json.dumps(KINDS)))


@pytest.mark.parametrize(
    "name",
    [
        *(
            "fleet:acme",
            "asset:acme/a",
            "order:acme/o",
            "user:acme/u1",
            "chat:acme/room/1",
            "chat:acme",
            "depot:acme/x",
        ),
        *("inbox:acme/u1", "test", "#u1", "a.b/c"),
    ],
)
def test_own_channels_are_open(name: str) -> None:
    assert str(rules().permitted(viewer(), name)) == name


@pytest.mark.parametrize(
    "name",
    [
        *("fleet:other", "user:acme/u2", "user:other/u1", "chat:other/room", "chat:acme.eu/room", "depot:acme.eu/x"),
        *(
            "inbox:acme/u2",
            "inbox:other/u1",
            "inbox:acme",
            "link:acme/1",
            "unknown:acme/x",
            "chat:",
            ":x",
            "a b",
            'a"b',
        ),
        *("", "chat:acme:x", "chat:acme/" + "x" * 300, "fleet:acme/x", "test\n", "chat:acme,chat:other", "x\\"),
    ],
)
def test_foreign_and_impossible_channels_are_not(name: str) -> None:
    assert rules().permitted(viewer(), name) is None


def test_without_configuration_there_are_no_other_kinds() -> None:
    assert ChannelRules().parse("test") is None
    assert ChannelRules().parse("chat:acme/room") is None
    assert ChannelRules().parse("fleet:acme") is not None


def test_without_the_capability_to_watch_nothing_is_open() -> None:
    assert rules().permitted(viewer(capabilities=frozenset()), "fleet:acme") is None


def test_a_capability_opens_more_but_never_another_tenants() -> None:
    caps = (channel_cap(["link:*", "chat:*"], "wildcard", ["sub", "pub"]),)
    found = viewer(caps=caps)
    assert rules().permitted(found, "link:acme/1") is not None
    assert rules().permitted(found, "link:other/1") is None
    assert rules().permitted(found, "chat:other/room") is None
    channel = rules().parse("link:acme/1")
    assert channel is not None
    assert rules().permits(found, Permission.PUB, channel)
    assert not rules().permits(found, Permission.HST, channel)
    assert not rules().permits(found, Permission.HST, channel, subscribed=True), "it has the last word on the channel"


def test_who_was_let_in_by_a_token_of_the_subscription_may_what_that_says() -> None:
    channel = rules().parse("chat:acme/room")
    assert channel is not None
    stranger = Viewer("", "", frozenset(), frozenset({"watch"}), NEVER)
    for granted in (frozenset({Permission.SUB, Permission.HST}), frozenset({Permission.SUB, Permission.PUB})):
        for permission in Permission:
            allowed = rules().permits(stranger, permission, channel, subscribed=True, granted=granted)
            assert allowed is (permission in granted)


def test_who_was_subscribed_by_a_back_end_may_read_but_not_see_who_is_there() -> None:
    channel = rules().parse("link:acme/1")
    assert channel is not None
    assert rules().permits(viewer(), Permission.HST, channel, subscribed=True)
    assert not rules().permits(viewer(), Permission.PRS, channel, subscribed=True)
    assert not rules().permits(viewer(), Permission.PUB, channel, subscribed=True)


@pytest.mark.parametrize(
    ("name", "subscribed", "allowed"),
    [
        ("fleet:acme", True, False),
        ("chat:acme/room", False, False),
        ("chat:acme/room", True, True),
        ("depot:acme/x", False, True),
        ("depot:acme.eu/x", False, False),
        ("test", False, True),
        ("user:acme/u1", True, False),
    ],
)
def test_who_may_publish_is_the_kinds_own_matter(name: str, subscribed: bool, allowed: bool) -> None:
    channel = rules().parse(name)
    assert channel is not None
    assert rules().permits(viewer(), Permission.PUB, channel, subscribed=subscribed) is allowed


def test_a_token_that_may_publish_may_where_it_may_subscribe() -> None:
    found = viewer(capabilities=frozenset({"watch", "publish"}))
    for name, allowed in (("fleet:acme", True), ("fleet:other", False), ("inbox:acme/u2", False)):
        channel = rules().parse(name)
        assert channel is not None
        assert rules().permits(found, Permission.PUB, channel) is allowed


def test_a_capability_that_only_reads_takes_publishing_away() -> None:
    found = viewer(caps=(channel_cap(["chat:acme/room"], "", ["sub"]),))
    channel = rules().parse("chat:acme/room")
    assert channel is not None
    assert not rules().permits(found, Permission.PUB, channel, subscribed=True)


def test_defaults_are_the_safe_ones() -> None:
    rule = read_channel_kinds('{"x": {"subscribe": "tenant"}}')["x"]
    assert (rule.publishers, rule.history, rule.recoverable, rule.presence) == (Publishers.NOBODY, False, False, False)


def test_all_mistakes_are_told_at_once() -> None:
    text = json.dumps(
        {
            "fleet": {"subscribe": "tenant"},
            "Bad Kind": {"subscribe": "nobody", "histry": 1},
            "a": {"history_size": -1, "presence": "yes", "recovery": True},
            "b": 3,
        }
    )
    with pytest.raises(ChannelKindsError) as told:
        read_channel_kinds(text)
    problems = "\n".join(told.value.problems)
    for expected in (
        "kind 'fleet': a kind is",
        "kind 'Bad Kind': a kind is",
        "kind 'Bad Kind': subscribe: Invalid enum value 'nobody'",
        "kind 'Bad Kind': histry is no field",
        "kind 'a': subscribe is required",
        "kind 'a': history_size: Expected `int` >= 0",
        "kind 'a': presence: Expected `bool`",
        "kind 'b': is not a JSON object",
    ):
        assert expected in problems


@pytest.mark.parametrize("text", ["", "[]", "{", "3", "[" * 5000])
def test_what_is_no_configuration_at_all_says_so(text: str) -> None:
    with pytest.raises(ChannelKindsError):
        read_channel_kinds(text)


def test_settings_are_checked_at_start() -> None:
    with pytest.raises(ValidationError, match="subscribe is required"):
        GatewaySettings(channel_kinds='{"chat": {}}')
    with pytest.raises(ValidationError, match=r"names no \{user\}"):
        GatewaySettings(own_channel="news")
