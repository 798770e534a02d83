"""The data of a publication, as back ends give it."""

import base64
import binascii

import msgspec

from push_service.gateway.server_api.errors import BAD_REQUEST, ApiError

MAX_TAGS = 32
MAX_TAG_CHARACTERS = 256


def payload_of(data: msgspec.Raw, b64data: str, max_bytes: int) -> bytes:
    """The data as UTF-8 JSON: `data` as it stands, or what `b64data` holds. Raises ApiError."""
    payload = bytes(data) if not b64data else _decoded(b64data)
    if not payload:
        raise ApiError(BAD_REQUEST, "data is missing")
    if len(payload) > max_bytes:
        raise ApiError(BAD_REQUEST, f"data is over {max_bytes} bytes")
    return payload


def check_tags(tags: dict[str, str]) -> dict[str, str]:
    """The tags, if there are not too many and none is too long. Raises ApiError."""
    if len(tags) > MAX_TAGS:
        raise ApiError(BAD_REQUEST, f"over {MAX_TAGS} tags")
    if any(len(text) > MAX_TAG_CHARACTERS for each in tags.items() for text in each):
        raise ApiError(BAD_REQUEST, f"a tag has over {MAX_TAG_CHARACTERS} characters")
    return tags


def _decoded(b64data: str) -> bytes:
    try:
        payload = base64.b64decode(b64data, validate=True)
        payload.decode()
        msgspec.json.decode(payload, type=msgspec.Raw)
    except (binascii.Error, ValueError, RecursionError):
        raise ApiError(BAD_REQUEST, "b64data is not JSON in base64") from None
    return payload
