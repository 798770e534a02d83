"""Names of channels: what is written is read back, and nothing else is a channel."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.channels import (
    Channel,
    ChannelError,
    ChannelKind,
    asset_channel,
    fleet_channel,
    order_channel,
    parse_channel,
)

IDS = st.text("ABCabc019._~-", min_size=1, max_size=128)


@given(IDS, IDS)
def test_what_is_written_is_read_back(owner: str, member: str) -> None:
    assert parse_channel(fleet_channel(owner)) == Channel(ChannelKind.FLEET, owner)
    assert parse_channel(asset_channel(owner, member)) == Channel(ChannelKind.ASSET, owner, member)
    assert parse_channel(order_channel(owner, member)) == Channel(ChannelKind.ORDER, owner, member)


@given(st.text(max_size=300) | st.from_regex(r"(fleet|asset|order|user|tile):[^:]*", fullmatch=True))
def test_a_channel_has_one_name_only(text: str) -> None:
    """Else two names of one channel would have two histories, or one might slip past a permission."""
    with contextlib.suppress(ChannelError):
        assert str(parse_channel(text)) == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "a known kind"),
        ("fleet", "a known kind"),
        ("FLEET:acme", "a known kind"),
        ("tiles:acme", "a known kind"),
        (":acme", "a known kind"),
        ("fleet:", "after the colon"),
        ("fleet:a b", "after the colon"),
        ("fleet:acme/truck-7", "no part after a slash"),
        ("fleet:acme/", "no part after a slash"),
        ("asset:acme", "after the slash"),
        ("asset:acme/", "after the slash"),
        ("asset:acme/a/b", "after the slash"),
        ("order:acme/A,B", "after the slash"),
        ("user:acme/*", "after the slash"),
        ("asset:/truck-7", "after the colon"),
    ],
)
def test_what_is_wrong_is_told(text: str, why: str) -> None:
    with pytest.raises(ChannelError, match=why):
        parse_channel(text)


@pytest.mark.parametrize("text", ["fleet:acme.eu", "asset:acme.eu/truck-7", "order:acme/A-1", "user:acme/u42"])
def test_a_channel_belongs_to_one_tenant(text: str) -> None:
    assert parse_channel(text).tenant == "acme"
