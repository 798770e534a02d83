"""Which pages may connect. A browser names the page's origin; programs name none."""

from collections.abc import Collection
from urllib.parse import urlsplit

ANY_ORIGIN = "*"


def is_permitted(origin: str, host: str, allowed: Collection[str]) -> bool:
    """Whether a page may. `allowed` are origins such as `https://app.example.com`, or `*` for all.

    A page of the same host and port as the request's always may.
    """
    return ANY_ORIGIN in allowed or origin in allowed or _host_of(origin) == host.lower()


def _host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None


def checked_origins(origins: list[str]) -> list[str]:
    """As a setting gives them. Raises ValueError for what is no origin."""
    for origin in origins:
        scheme, _, host = origin.partition("://")
        if origin != ANY_ORIGIN and (scheme not in ("http", "https") or not host or "/" in host):
            raise ValueError(f"{origin} is not an origin such as https://app.example.com")
    return origins
