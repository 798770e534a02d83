"""Which encoding a request's body is in."""

from aiohttp import web

_PROTOBUF = "application/octet-stream"


def is_protobuf(request: web.Request) -> bool:
    """Whether the body is said to be Protobuf; anything else is JSON.

    Looks at the header itself: to aiohttp a body of no stated type is one of octets.
    """
    return request.headers.get("Content-Type", "").partition(";")[0].strip().lower() == _PROTOBUF
