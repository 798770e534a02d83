"""Our Protobuf beside the official runtime, with the descriptors that centrifuge-python ships; and beside our JSON."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from centrifuge.protocol import client_pb2
from google.protobuf import descriptor
from google.protobuf.internal import decoder
from google.protobuf.message import Message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.live_update import LiveUpdate
from push_service.gateway.delivery.publication import Publication
from push_service.gateway.delivery.push import Push
from push_service.gateway.protocol.client_info import ClientInfo
from push_service.gateway.protocol.codec import MalformedFrameError
from push_service.gateway.protocol.commands import Command, EmulationRequest, SubscribeRequest
from push_service.gateway.protocol.json_codec import JsonCodec
from push_service.gateway.protocol.protobuf.codec import ProtobufCodec
from push_service.gateway.protocol.protobuf.reader import ProtobufReader
from push_service.gateway.protocol.protobuf.schema import COMMANDS, REPLIES, Field, Kind
from push_service.gateway.protocol.protobuf.writer import delimited
from push_service.gateway.protocol.replies import Reply, SubscribeResult

PROTO = Path(__file__).resolve().parents[2] / "schemas/proto/centrifuge_client.proto"
CODEC = ProtobufCodec()
DECODER: Any = decoder  # the stubs do not have all of it
JSON = JsonCodec()
MOST = 512

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # other tests take the CPU, too

JSON_DATA = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 53), 1 << 53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=4,
)


def raw(data: Any) -> msgspec.Raw:
    return msgspec.Raw(json.dumps(data).encode())


SIMPLE: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.STRING: st.text(max_size=8),
    Kind.BYTES: JSON_DATA.map(raw),
    Kind.STRINGS: st.lists(st.text(max_size=4), max_size=3).map(tuple),
    Kind.STRING_MAP: st.dictionaries(st.text(max_size=4), st.text(max_size=4), max_size=3),
    Kind.BOOL: st.booleans(),
    Kind.UINT32: st.integers(0, (1 << 32) - 1),
    Kind.UINT64: st.integers(0, (1 << 63) - 1),
    Kind.INT32: st.integers(-(1 << 31), (1 << 31) - 1),
    Kind.INT64: st.integers(-(1 << 63), (1 << 63) - 1),
}
NAMES = {
    "RpcRequest": "RPCRequest",
    "RpcResult": "RPCResult",
    "ReplyError": "Error",
    "PublicationBody": "Publication",
    "ServerPush": "Push",
}
NEWER = {(SubscribeRequest, "type")}
"""Of centrifuge-js; centrifuge-python does not know them."""


def official_name(message: type[msgspec.Struct]) -> str:
    return NAMES.get(message.__name__) or message.__name__.removesuffix("Push")


def values(message: type[msgspec.Struct], depth: int = 0) -> st.SearchStrategy[Any]:
    """Any value of a message of ours."""
    fields = {**COMMANDS, **REPLIES}[message]
    required = {each.name for each in msgspec.structs.fields(message) if each.required}
    made = {each.name: field_values(each, depth) for each in fields if (message, each.name) not in NEWER}
    return st.fixed_dictionaries(
        {name: made[name] for name in required},
        optional={name: strategy for name, strategy in made.items() if name not in required},
    ).map(lambda given: message(**given))


def field_values(field: Field, depth: int) -> st.SearchStrategy[Any]:
    if field.kind in SIMPLE:
        return SIMPLE[field.kind]
    assert field.message is not None
    message = field.message
    nested = st.deferred(lambda: values(message, depth + 1))
    if field.kind is Kind.MESSAGE:
        return nested if depth < 4 else st.none()
    if field.kind is Kind.MESSAGES:
        return st.lists(nested, max_size=3 if depth < 4 else 0).map(tuple)
    return st.dictionaries(st.text(max_size=4), nested, max_size=2)


def to_official(value: msgspec.Struct, into: Message) -> Message:  # noqa: C901 a case for each kind
    """The same message in the official runtime. Its `since` and other empty messages stay set."""
    fields = {**COMMANDS, **REPLIES}[type(value)]
    for field in fields:
        mine = getattr(value, field.name)
        if mine is None or (type(value), field.name) in NEWER:
            continue
        match field.kind:
            case Kind.MESSAGE:
                theirs = getattr(into, field.name)
                theirs.SetInParent()
                to_official(mine, theirs)
            case Kind.MESSAGES:
                for each in mine:
                    to_official(each, getattr(into, field.name).add())
            case Kind.MESSAGE_MAP:
                for key, each in mine.items():
                    to_official(each, getattr(into, field.name)[key])
            case Kind.STRING_MAP:
                getattr(into, field.name).update(mine)
            case Kind.STRINGS:
                getattr(into, field.name).extend(mine)
            case Kind.BYTES:
                setattr(into, field.name, bytes(mine))
            case _:
                setattr(into, field.name, mine)
    return into


def plain(value: Any) -> Any:
    """A value to compare: `Raw` has no equality, and an empty `rpc` is JSON's null to us."""
    if isinstance(value, msgspec.Raw):
        return bytes(value)
    if isinstance(value, msgspec.Struct):
        return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return value


def test_every_field_is_what_the_official_clients_say() -> None:
    kinds = {
        descriptor.FieldDescriptor.TYPE_BOOL: "bool",
        descriptor.FieldDescriptor.TYPE_UINT32: "uint32",
        descriptor.FieldDescriptor.TYPE_UINT64: "uint64",
        descriptor.FieldDescriptor.TYPE_INT32: "int32",
        descriptor.FieldDescriptor.TYPE_INT64: "int64",
        descriptor.FieldDescriptor.TYPE_STRING: "string",
        descriptor.FieldDescriptor.TYPE_BYTES: "bytes",
    }
    for message, fields in {**COMMANDS, **REPLIES}.items():
        theirs = getattr(client_pb2, official_name(message)).DESCRIPTOR.fields_by_name
        for field in fields:
            if (message, field.name) in NEWER:
                assert field.name not in theirs
                continue
            their = theirs[field.name]
            assert their.number == field.number, (message, field)
            if field.kind in (Kind.STRING_MAP, Kind.MESSAGE_MAP):
                value = their.message_type.fields_by_name["value"]
                assert their.message_type.GetOptions().map_entry
                assert (value.message_type is None) == (field.message is None)
            elif field.message is not None:
                assert their.message_type.name == official_name(field.message)
                assert their.is_repeated == (field.kind is Kind.MESSAGES)
            else:
                assert kinds[their.type] == field.kind.value.removeprefix("repeated ")
                assert their.is_repeated == (field.kind is Kind.STRINGS)


def test_every_field_of_our_values_has_a_number() -> None:
    for message, fields in {**COMMANDS, **REPLIES}.items():
        assert {each.name for each in fields} == set(message.__struct_fields__), message


def test_the_proto_file_says_the_same() -> None:
    written = {
        name: set(re.findall(r"^  (.+) (\w+) = (\d+);$", body, re.MULTILINE))
        for name, body in re.findall(r"^message (\w+) \{(.*?)\}$", PROTO.read_text(), re.MULTILINE | re.DOTALL)
    }
    expected = {
        official_name(message): {(type_name(each), each.name, str(each.number)) for each in fields}
        for message, fields in {**COMMANDS, **REPLIES}.items()
    }
    assert written == expected


def type_name(field: Field) -> str:
    name = "" if field.message is None else official_name(field.message)
    texts = {
        Kind.MESSAGE: name,
        Kind.MESSAGES: f"repeated {name}",
        Kind.STRING_MAP: "map<string, string>",
        Kind.MESSAGE_MAP: f"map<string, {name}>",
    }
    return texts.get(field.kind, field.kind.value)


@UNHURRIED
@given(st.lists(values(Command), min_size=1, max_size=4))
def test_reads_what_the_official_runtime_writes(commands: list[Command]) -> None:
    frame = b"".join(delimited(to_official(each, client_pb2.Command()).SerializeToString()) for each in commands)
    assert plain(tuple(CODEC.decode(frame, MOST))) == plain(tuple(commands))


@UNHURRIED
@given(st.text(max_size=8), st.text(max_size=8), st.binary(max_size=200))
def test_reads_an_emulation_request(session: str, node: str, data: bytes) -> None:
    written = client_pb2.EmulationRequest(session=session, node=node, data=data).SerializeToString()
    request = ProtobufReader(COMMANDS).read(written, EmulationRequest)
    assert (request.session, request.node, bytes(request.data)) == (session, node, data)


@UNHURRIED
@given(values(Reply))
def test_the_official_runtime_reads_what_we_write(reply: Reply) -> None:
    assert official_reply(CODEC.encode(reply)) == to_official(reply, client_pb2.Reply())


@UNHURRIED
@given(values(Reply))
def test_a_json_client_and_a_protobuf_client_are_told_the_same(reply: Reply) -> None:
    told = from_json(json.loads(JSON.encode(reply)), client_pb2.Reply())
    assert official_reply(CODEC.encode(reply)) == told


@UNHURRIED
@given(st.integers(0, 1 << 40), st.text(max_size=9), JSON_DATA, st.none() | values(ClientInfo), SIMPLE[Kind.STRING_MAP])
def test_a_live_record_is_pushed_and_recovered_the_same_to_both(
    offset: int, channel: str, payload: Any, info: ClientInfo | None, tags: dict[str, str]
) -> None:
    update = LiveUpdate(
        "id", "acme", [channel], "position", "asset/a", 1, 1, 1, json.dumps(payload, indent=1).encode(),
        None if info is None else msgspec.json.encode(info), tags,
    )  # fmt: skip
    publication = Publication(offset, update)
    push = Push(channel, publication, conflated=False)
    pushed = official_reply(CODEC.encode_push(push))
    assert pushed.push.channel == channel
    assert pushed.push.pub.offset == offset + 1
    assert json.loads(pushed.push.pub.data) == payload
    json_pushed = from_json(json.loads(JSON.encode_push(push)), client_pb2.Reply())
    pushed.push.pub.data = json_pushed.push.pub.data  # the same JSON, which a JSON client gets on one line
    assert pushed == json_pushed
    result = SubscribeResult(publications=(publication,))
    recovered = official_reply(CODEC.encode(Reply(id=1, subscribe=result))).subscribe.publications
    recovered[0].data = json_pushed.push.pub.data
    assert list(recovered) == [pushed.push.pub]


def test_our_ping_is_an_empty_reply() -> None:
    assert official_reply(CODEC.ping) == client_pb2.Reply()


@UNHURRIED
@given(st.binary(max_size=60))
def test_any_bytes_are_commands_or_malformed(frame: bytes) -> None:
    check_against_official(frame)


@UNHURRIED
@given(values(Command), st.data())
def test_corrupt_commands_are_refused_or_mean_what_the_official_runtime_says(
    command: Command, data: st.DataObject
) -> None:
    frame = bytearray(delimited(to_official(command, client_pb2.Command()).SerializeToString()))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(frame) - 1))
        match data.draw(st.sampled_from(["set", "cut", "insert"])):
            case "set":
                frame[at] = data.draw(st.integers(0, 255))
            case "cut" if len(frame) > 1:
                del frame[at]
            case _:
                frame.insert(at, data.draw(st.integers(0, 255)))
    check_against_official(bytes(frame))


def check_against_official(frame: bytes) -> None:
    """What we take, the official runtime reads the same; nothing but the typed error comes of the rest."""
    try:
        commands = CODEC.decode(frame, MOST)
    except MalformedFrameError:
        return
    at = 0
    for command in commands:
        size, at = official_varint(frame, at)
        theirs = client_pb2.Command()
        theirs.ParseFromString(frame[at : at + size])
        theirs.DiscardUnknownFields()
        assert theirs == to_official(command, client_pb2.Command())
        at += size
    assert at == len(frame)


def official_varint(data: bytes, at: int) -> tuple[int, int]:
    number, next_at = DECODER._DecodeVarint(data, at)
    return number, next_at


@pytest.mark.parametrize(
    ("frame", "what"),
    [
        (b"", "nothing"),
        (b"\x80", "a length that does not end"),
        (b"\xff" * 20, "a length of 140 bits"),
        (b"\xff" * 9 + b"\x02", "a length of 65 bits"),
        (b"\x05\x08\x01", "a command beyond the frame"),
        (b"\x02\x08\x80", "a number that does not end"),
        (b"\x06\x08\xff\xff\xff\xff\x1f", "an id over 32 bits"),
        (b"\x02\x22\x05", "a message beyond the command"),
        (b"\x02\x20\x05", "a message that is a number"),
        (b"\x02\x0b\x0c", "a group"),
        (b"\x02\x00\x00", "field 0"),
        (b"\x04\x2a\x00\x2a\x00", "subscribe twice"),
        (b"\x05\x2a\x03\x0a\x01\xff", "a string that is not UTF-8"),
        (b"\x03\x79\x00\x00", "a fixed field beyond the end"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_is_refused(frame: bytes, what: str) -> None:
    with pytest.raises(MalformedFrameError):
        CODEC.decode(frame, MOST)


def test_a_filter_that_nests_without_end_is_refused() -> None:
    node = b""
    for _ in range(40):
        node = b"\x32" + delimited(node)
    subscribe = b"\x6a" + delimited(node)
    with pytest.raises(MalformedFrameError, match="nested too deep"):
        CODEC.decode(delimited(b"\x2a" + delimited(subscribe)), MOST)


def test_more_commands_than_a_frame_may_hold_are_refused() -> None:
    assert len(CODEC.decode(b"\x00" * MOST, MOST)) == MOST
    with pytest.raises(MalformedFrameError, match="more than 512"):
        CODEC.decode(b"\x00" * 10_000, MOST)


@pytest.mark.parametrize("field", [b"\x2a\x00", b"\x32\x00", b"\x08\x01", b"\xa0\x06\x00"], ids=bytes.hex)
def test_a_frame_of_very_many_tiny_fields_is_refused_before_it_takes_long(field: bytes) -> None:
    subscribe = b"\x2a" + delimited(b"\x6a" + delimited(field * 20_000))
    with pytest.raises(MalformedFrameError):
        CODEC.decode(delimited(subscribe), MOST)
    with pytest.raises(MalformedFrameError, match="8192 fields"):
        CODEC.decode(delimited(b"\x08\x01" * 20) * MOST, MOST)


def test_fields_that_we_do_not_know_are_skipped() -> None:
    unknown = b"\xa0\x06\x05" + b"\xa2\x06\x01x" + b"\xa5\x06abcd" + b"\xa1\x06abcdefgh"
    assert CODEC.decode(delimited(b"\x08\x07" + unknown + b"\x5a\x00"), 1)[0].ping is not None


def official_reply(message: bytes) -> Any:
    size, at = official_varint(message, 0)
    assert at + size == len(message)
    reply = client_pb2.Reply()
    reply.ParseFromString(message[at:])
    return reply


def from_json(said: Any, into: Any) -> Any:
    """What a JSON client is told, as the official runtime's message: its `data` are the bytes of the JSON."""
    for name, value in said.items():
        field = into.DESCRIPTOR.fields_by_name[name]
        if field.type == field.TYPE_BYTES:
            setattr(into, name, json.dumps(value).encode())
        elif field.message_type is not None and field.message_type.GetOptions().map_entry:
            for key, each in value.items():
                if isinstance(each, str):
                    getattr(into, name)[key] = each
                else:
                    from_json(each, getattr(into, name)[key])
        elif field.message_type is not None and field.is_repeated:
            for each in value:
                from_json(each, getattr(into, name).add())
        elif field.message_type is not None:
            getattr(into, name).SetInParent()
            from_json(value, getattr(into, name))
        else:
            setattr(into, name, value)
    return into
