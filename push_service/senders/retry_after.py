"""The header Retry-After in both of its forms (RFC 9110, 10.2.3): seconds, or a date."""

import email.utils
import time

LONGEST = 24 * 3600.0
"""Seconds: a provider that names more is asked again after a day."""


def retry_after_seconds(value: str | None, now: float | None = None) -> float | None:
    """Seconds from `now` (Unix time; by default the clock's); None if there is no header, or none that can be read."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST)
    try:
        when = email.utils.parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None
    return min(max(0.0, when - (time.time() if now is None else now)), LONGEST)
