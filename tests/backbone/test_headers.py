"""Headers of events and of live records."""

import pytest

from backbone.channel_address import channel_address
from backbone.headers import (
    CHANNELS,
    DUE_AT,
    TRACEPARENT,
    channels_header,
    channels_of,
    due_at_header,
    due_at_of,
    event_headers,
)
from backbone.record import Headers, InRecord, header
from backbone.topics import LIVE, USER_LIVE
from domain.channels import parse_channel

TRACE = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_an_event_has_the_headers_of_cloudevents_binary_mode() -> None:
    headers = event_headers("e-1", "fleetcast.ping", "/ingest", 1_700_000_000_000_000, TRACE)
    assert dict(headers) == {
        "ce_specversion": b"1.0",
        "ce_id": b"e-1",
        "ce_type": b"fleetcast.ping",
        "ce_source": b"/ingest",
        "ce_time": b"2023-11-14T22:13:20Z",
        "content-type": b"application/avro",
        "traceparent": TRACE,
    }


def test_without_a_trace_there_is_no_trace_header() -> None:
    assert header(event_headers("e-1", "fleetcast.ping", "/ingest", 0, None), TRACEPARENT) is None


def test_the_last_of_repeated_headers_counts() -> None:
    assert header([("a", b"1"), ("b", b"2"), ("a", b"3")], "a") == b"3"
    assert header([], "a") is None


@pytest.mark.parametrize("channels", [["fleet:acme"], ["fleet:acme.eu", "asset:acme.eu/truck-7"]])
def test_the_channels_of_a_live_record_are_read_back_from_its_header(channels: list[str]) -> None:
    assert channels_of([("other", b"x"), channels_header(channels)]) == channels


def test_a_record_without_the_header_names_no_channels() -> None:
    assert channels_of([]) == []
    assert channels_of([(CHANNELS, b"")]) == []


@pytest.mark.parametrize("channel", ["fleet:acme.eu", "asset:acme.eu/truck-7", "order:acme.eu/A-1001"])
def test_all_channels_of_a_fleet_share_topic_and_key(channel: str) -> None:
    """One offset then orders all that its subscribers see."""
    assert channel_address(parse_channel(channel)) == (LIVE, b"acme.eu")


def test_a_users_channel_is_on_the_users_topic() -> None:
    assert channel_address(parse_channel("user:acme/u42")) == (USER_LIVE, b"acme/u42")


def received(headers: Headers) -> InRecord:
    return InRecord("t", 0, 0, None, None, headers, 0)


def test_the_time_that_a_record_waits_for_is_read_back_from_its_header() -> None:
    assert due_at_header(1_700_000_000_000_000) == (DUE_AT, b"1700000000000000")
    assert due_at_of(received([due_at_header(1_700_000_000_000_000)])) == 1_700_000_000_000_000
    with pytest.raises(ValueError, match="1970"):
        due_at_header(-1)


@pytest.mark.parametrize("said", [b"", b"soon", b"-5", b"1.5", b"9" * 19, "\u0661".encode(), b"1_000"])
def test_a_time_that_says_nothing_makes_nobody_wait(said: bytes) -> None:
    assert due_at_of(received([(DUE_AT, said)])) is None
    assert due_at_of(received([])) is None
