"""The keys of back ends: each opens one tenant."""

import hashlib
from collections.abc import Iterable, Mapping

import msgspec

from push_service.gateway.server_api.settings import EVERY_TENANT

_SCHEME = "apikey "


class Caller(msgspec.Struct, frozen=True):
    """A back end that has shown a good key."""

    tenant: str | None
    """None: a key for development, which opens every tenant."""

    def opens(self, tenant: str) -> bool:
        """Whether what belongs to a tenant is the caller's."""
        return self.tenant is None or self.tenant == tenant


class ApiKeys:
    """Kept as hashes: the time of a look-up tells nothing of a key that is nearly right."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        """`pairs` of tenant and key."""
        self._callers = {_hash(key): Caller(None if tenant == EVERY_TENANT else tenant) for tenant, key in pairs}

    def caller(self, headers: Mapping[str, str]) -> Caller | None:
        """Who sends a request, by `X-API-Key` or `Authorization: apikey KEY`; None without a good key."""
        key = headers.get("X-API-Key")
        if key is None:
            authorization = headers.get("Authorization", "")
            if authorization[: len(_SCHEME)].lower() != _SCHEME:
                return None
            key = authorization[len(_SCHEME) :].strip()
        return self._callers.get(_hash(key))


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode(errors="surrogateescape")).digest()
