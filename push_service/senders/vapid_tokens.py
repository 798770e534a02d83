"""VAPID tokens: one for each push service, used again until it is old. Source: RFC 8292.

Push services refuse tokens that hold for more than 24 hours, and see the same one twice with pleasure.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from py_vapid import Vapid02

LIFE = 12 * 3_600
"""Seconds that a token holds."""
RENEW_BEFORE = 3_600
"""Seconds before its end from which it is not used any more."""
MOST_SERVICES = 1_000
"""Of more than so many, the one that was not sent to for longest is forgotten."""


class _Signed(NamedTuple):
    header: str
    until: float


class VapidTokens:
    """Signs when needed."""

    def __init__(self, vapid: Vapid02, subject: str, clock: Callable[[], float] = time.time) -> None:
        self._vapid = vapid
        self._subject = subject
        self._clock = clock
        self._signed: OrderedDict[str, _Signed] = OrderedDict()

    def header(self, audience: str) -> str:
        """The `Authorization` for a push service, such as `https://updates.push.services.mozilla.com`."""
        signed = self._signed.get(audience)
        if signed is None or signed.until - RENEW_BEFORE <= self._clock():
            signed = self._sign(audience)
        self._signed.move_to_end(audience)
        return signed.header

    def _sign(self, audience: str) -> _Signed:
        until = int(self._clock()) + LIFE
        header: str = self._vapid.sign({"aud": audience, "sub": self._subject, "exp": until})["Authorization"]
        signed = self._signed[audience] = _Signed(header, until)
        if len(self._signed) > MOST_SERVICES:
            self._signed.popitem(last=False)
        return signed
