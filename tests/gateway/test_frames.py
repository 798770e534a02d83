"""Our framing beside the sans-I/O protocol of `websockets`: the same messages and close codes for the same bytes."""

import struct
from typing import NamedTuple

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from websockets.exceptions import PayloadTooBig
from websockets.frames import Frame, Opcode
from websockets.protocol import CLIENT, OPEN, SERVER, Protocol

from push_service.gateway.websocket.frames import (
    EventKind,
    FrameReader,
    close_echo,
    close_frame,
    pong_frame,
    text_frame,
)

MAX_MESSAGE = 300
KINDS = {Opcode.TEXT: EventKind.TEXT, Opcode.BINARY: EventKind.BINARY, Opcode.PING: EventKind.PING}
KINDS[Opcode.PONG] = EventKind.PONG


class Seen(NamedTuple):
    """What a reader made of some bytes: what arrived, in order, and the code it ended with, if it did."""

    arrived: list[tuple[EventKind, bytes]]
    end: int | None


def frame(opcode: int, payload: bytes, *, fin: bool = True, rsv: int = 0, masked: bool = True, wide: int = 0) -> bytes:
    """A client's frame; `wide` asks for a longer form of the length than is needed, which RFC readers take."""
    size = len(payload)
    form = max(wide, 0 if size < 126 else 1 if size < 65_536 else 2)
    length = size if form == 0 else 126 if form == 1 else 127
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode, (0x80 if masked else 0) | length])
    head += struct.pack("!H", size) if form == 1 else struct.pack("!Q", size) if form == 2 else b""
    if not masked:
        return head + payload
    mask = b"\x11\x22\x33\x44"
    return head + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))


def ours(chunks: list[bytes]) -> Seen:
    reader = FrameReader(MAX_MESSAGE)
    arrived: list[tuple[EventKind, bytes]] = []
    for chunk in chunks:
        for event in reader.feed(chunk):
            if event.kind in (EventKind.CLOSE, EventKind.FAILURE):
                return Seen(arrived, event.code)
            arrived.append((event.kind, event.data))
    return Seen(arrived, None)


def frames_of(protocol: Protocol) -> list[Frame]:
    return [event for event in protocol.events_received() if isinstance(event, Frame)]


def theirs(data: bytes) -> Seen:
    oracle = Protocol(SERVER, state=OPEN, max_size=MAX_MESSAGE)
    oracle.receive_data(data)
    arrived: list[tuple[EventKind, bytes]] = []
    parts: list[bytes] = []
    opcode = Opcode.TEXT
    for event in frames_of(oracle):
        if event.opcode in (Opcode.PING, Opcode.PONG):
            arrived.append((KINDS[event.opcode], bytes(event.data)))
        elif event.opcode is not Opcode.CLOSE:
            opcode = event.opcode if event.opcode is not Opcode.CONT else opcode
            parts.append(bytes(event.data))
            if event.fin:
                whole, parts = b"".join(parts), []
                if opcode is Opcode.TEXT and not _is_text(whole):
                    return Seen(arrived, 1007)  # the library leaves this check to its callers
                arrived.append((KINDS[opcode], whole))
    # Its bound on messages counts a control frame in between as a part of the message, which RFC 6455 does not.
    too_big = oracle.parser_exc
    assume(not (isinstance(too_big, PayloadTooBig) and too_big.size is not None and too_big.size <= 125))
    if oracle.close_rcvd is not None and oracle.parser_exc is None:
        return Seen(arrived, int(oracle.close_rcvd.code))
    return Seen(arrived, int(oracle.close_sent.code) if oracle.close_sent else None)


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


payloads = st.one_of(
    st.binary(max_size=130), st.text(max_size=60).map(str.encode), st.binary(min_size=126, max_size=310)
)
closes = st.one_of(
    st.just(b""),
    st.binary(max_size=3),
    st.builds(
        lambda code, reason: struct.pack("!H", code) + reason.encode()[:100],
        st.integers(0, 5_100),
        st.text(max_size=30),
    ),
)
valid_frames = st.one_of(
    st.builds(frame, st.sampled_from([1, 2]), payloads),
    st.builds(frame, st.sampled_from([9, 10]), st.binary(max_size=125)),
    st.builds(
        lambda opcode, first, ping, last: (
            frame(opcode, first, fin=False) + frame(9, ping) + frame(0, b"", fin=False) + frame(0, last)
        ),
        st.sampled_from([1, 2]),
        st.binary(max_size=60),
        st.binary(max_size=20),
        st.text(max_size=30).map(str.encode),
    ),
    st.builds(frame, st.just(8), closes),
)
any_frames = st.builds(
    frame,
    st.integers(0, 15),
    payloads,
    fin=st.booleans(),
    rsv=st.sampled_from([0, 0, 0, 1, 2, 4]),
    masked=st.sampled_from([True, True, True, False]),
    wide=st.sampled_from([0, 0, 1, 2]),
)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(data) + 1) for place in places} | {len(data)})
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]


cuts = st.lists(st.integers(0, 3_000), max_size=12)


def agree(data: bytes, places: list[int]) -> None:
    seen = ours(cut(data, places))
    expected = theirs(data)
    if seen.end is not None and expected.end is None:
        # We refuse a frame as soon as its head shows the fault; the library reads its payload first.
        expected = theirs(data + bytes(MAX_MESSAGE + 200))
    assert seen == expected


@given(st.lists(valid_frames, max_size=6), cuts)
@settings(max_examples=400, deadline=None)
def test_agrees_on_what_is_valid_cut_anywhere(frames: list[bytes], places: list[int]) -> None:
    agree(b"".join(frames), places)


@given(st.lists(st.one_of(valid_frames, any_frames), max_size=6), cuts)
@settings(max_examples=600, deadline=None)
def test_agrees_on_wrong_frames(frames: list[bytes], places: list[int]) -> None:
    agree(b"".join(frames), places)


@given(
    st.lists(valid_frames, min_size=1, max_size=5),
    st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 255)), min_size=1, max_size=4),
    cuts,
)
@settings(max_examples=600, deadline=None)
def test_agrees_on_corrupted_bytes(frames: list[bytes], faults: list[tuple[int, int]], places: list[int]) -> None:
    data = bytearray(b"".join(frames))
    for at, value in faults:
        data[at % len(data)] = value
    agree(bytes(data), places)


@given(st.binary(max_size=400), cuts)
@settings(max_examples=300, deadline=None)
def test_agrees_on_noise(data: bytes, places: list[int]) -> None:
    agree(data, places)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 200_000])
def test_a_client_of_the_library_reads_what_we_write(size: int) -> None:
    client = Protocol(CLIENT, state=OPEN, max_size=None)
    client.receive_data(text_frame(b"x" * size) + pong_frame(b"p") + close_frame(3001, "shutdown"))
    text, pong, close = frames_of(client)
    assert (text.opcode, len(text.data), text.fin) == (Opcode.TEXT, size, True)
    assert (pong.opcode, bytes(pong.data)) == (Opcode.PONG, b"p")
    assert client.close_rcvd is not None
    assert (close.opcode, client.close_rcvd.code, client.close_rcvd.reason) == (Opcode.CLOSE, 3001, "shutdown")


def test_close_reasons_are_cut_at_a_whole_character_and_echoes_are_the_same_bytes() -> None:
    client = Protocol(CLIENT, state=OPEN)
    client.receive_data(close_frame(3000, "é" * 100))
    assert client.close_rcvd is not None
    assert client.close_rcvd.reason == "é" * 61
    assert close_echo(b"\x03\xe8bye") == b"\x88\x05\x03\xe8bye"


def test_nothing_is_kept_of_frames_that_are_refused_and_nothing_is_read_after_the_end() -> None:
    reader = FrameReader(MAX_MESSAGE)
    (failure,) = reader.feed(b"\x81\xff" + (2**40).to_bytes(8))
    assert (failure.kind, failure.code) == (EventKind.FAILURE, 1009)
    assert reader.feed(frame(1, b"more")) == []
