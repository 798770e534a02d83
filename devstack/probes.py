"""Ask a part over the network whether it works. Each returns None for yes, else what is lacking."""

import urllib.error
import urllib.request

from devstack.ports import LOOPBACK, accepts_connections

TIMEOUT = 2.0  # seconds


def http_ok(url: str) -> str | None:
    """A GET of this address answers 200; otherwise the start of what it answers."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as response:  # noqa: S310
            response.read()
    except urllib.error.HTTPError as error:
        with error:
            return f"{url} answers {error.code}: {error.read(500).decode(errors='replace')}"
    except OSError as error:
        return f"{url}: {error}"
    return None


def listens(port: int) -> str | None:
    """Something accepts connections on this loopback port."""
    return None if accepts_connections(port) else f"nothing listens on {LOOPBACK}:{port}"
