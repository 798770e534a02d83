"""The name under which a phone shows a notification: what comes under the same name replaces it."""

import base64
import hashlib

from domain.push_request import PushRequest

LONGEST = 64
"""Bytes: what APNs takes as a collapse id; the shortest limit of all providers."""


def shown_as(push: PushRequest) -> str:
    """The same for every attempt of a notification, so that a repeat is seen once.

    Notifications with one collapse key, or about the same thing (`match_key`), share it: the later replaces the
    earlier. A name that is too long, or not plain ASCII, is its SHA-256 in 43 characters.
    """
    content = push.content
    if content.collapse_key is not None:
        name = f"c.{content.collapse_key}"
    elif content.match_key is not None:
        name = f"m.{content.match_key}"
    else:
        name = push.id
    if len(name) <= LONGEST and name.isascii() and name.isprintable():
        return name
    return base64.urlsafe_b64encode(hashlib.sha256(name.encode()).digest()).rstrip(b"=").decode()
