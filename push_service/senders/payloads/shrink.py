"""Making a payload fit: providers take 4,096 bytes.

The order: the app's data goes first, since the app can fetch it from the inbox by the id; then the body is cut, then
the title. The id and the type always stay.
"""

from collections.abc import Callable

import msgspec
from msgspec.structs import replace

LIMIT = 4_096
"""Bytes of FCM and APNs alike."""
CUT = "\N{HORIZONTAL ELLIPSIS}"


class Text(msgspec.Struct, frozen=True):
    """What of a notification may give way."""

    title: str
    body: str
    data: str | None
    """The app's JSON."""
    shortened: bool = False
    """Something was left out: the app fetches it from the inbox."""


class PayloadTooLarge(Exception):
    """What cannot give way is over the limit by itself."""


def shrunk(text: Text, build: Callable[[Text], bytes], limit: int = LIMIT) -> bytes:
    """What `build` makes of `text`, or of as much of it as makes at most `limit` bytes. Raises PayloadTooLarge."""
    built = build(text)
    if len(built) <= limit:
        return built
    text = replace(text, data=None, shortened=True)
    if len(built := build(text)) <= limit:
        return built
    empty = replace(text, body=CUT)
    if len(build(empty)) <= limit:
        return _longest(lambda cut: build(replace(text, body=cut)), text.body, limit)
    if len(build(replace(empty, title=CUT))) <= limit:
        return _longest(lambda cut: build(replace(empty, title=cut)), text.title, limit)
    raise PayloadTooLarge(f"{len(build(replace(empty, title=CUT)))} bytes without any text, {limit} are taken")


def _longest(build: Callable[[str], bytes], text: str, limit: int) -> bytes:
    """With the longest beginning of `text` that fits; a character may take up to 12 bytes in JSON."""
    low, high = 0, len(text)  # a beginning of `low` characters fits
    while low < high:
        middle = (low + high + 1) // 2
        if len(build(text[:middle] + CUT)) <= limit:
            low = middle
        else:
            high = middle - 1
    return build(text[:low].rstrip() + CUT)
