"""Data of clients on its way into the system, where every payload is JSON, whatever encoding a client speaks."""

import msgspec

from push_service.gateway.protocol.errors import BAD_REQUEST, CommandError

_ANY = msgspec.json.Decoder(msgspec.Raw)


def as_json(data: msgspec.Raw) -> bytes:
    """The data of a command as JSON in UTF-8, on one line.

    Raises CommandError 107 for what is none: Protobuf clients can send any bytes.
    So a payload that one client sends in either encoding can be shown to all, in both.
    """
    text = bytes(data)
    try:
        text.decode()
        _ANY.decode(text)
        return msgspec.json.format(text, indent=-1) if b"\n" in text else text
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise CommandError(BAD_REQUEST) from None
