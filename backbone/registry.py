"""The schema registry: where the Avro schemas of topics live, under ids that records carry.

`Registry` is what the platform needs of one; `SchemaRegistry` asks a real one over HTTP, by Confluent's REST routes;
`backbone.memory_registry.MemoryRegistry` is its in-memory twin.
"""

import json
import ssl
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

import urllib3

from backbone.registry_settings import RegistrySettings
from domain.errors import FleetcastError, OutageError

MAX_REPLY_BYTES = 4 * 1024 * 1024
MAX_CONNECTIONS = 4
_CONTENT_TYPE = "application/vnd.schemaregistry.v1+json"
# Error codes of the REST interface (Confluent's documentation, "Errors"); a bare 404 is a wrong address.
_NOT_FOUND = frozenset({40401, 40402, 40403, 40408})


class RegistryUnavailable(OutageError):
    """The registry does not answer, or not as a registry does; or it refuses our credentials."""


class SchemaRefused(FleetcastError):
    """The registry will not take a schema. `faults` says why, one line each."""

    def __init__(self, subject: str, faults: list[str]) -> None:
        super().__init__(f"{subject}: {'; '.join(faults)}")
        self.subject = subject
        self.faults = faults


class Registry(Protocol):
    """Schemas are JSON text. Every method may raise RegistryUnavailable."""

    def schema(self, schema_id: int) -> str | None:
        """The schema of an id; None when the registry has no such id."""

    def find(self, subject: str, schema: str) -> int | None:
        """The id of exactly this schema under a subject; None when it is not registered there."""

    def subjects(self) -> list[str]:
        """The subjects that have schemas."""

    def versions(self, subject: str) -> list[int]:
        """The versions of a subject; empty when there is no such subject."""

    def register(self, subject: str, schema: str) -> int:
        """The id of the schema, which is registered if it is not yet. Raises SchemaRefused."""

    def compatibility(self, subject: str) -> str | None:
        """The level that is set for the subject itself; None when the registry's default applies."""

    def set_compatibility(self, subject: str, level: str) -> None:
        """Set the level, such as FULL_TRANSITIVE. Raises SchemaRefused for a level that the registry does not know."""


@dataclass(frozen=True)
class _Reply:
    status: int
    body: Any

    @property
    def error_code(self) -> int:
        code = self.body.get("error_code") if isinstance(self.body, dict) else None
        return code if isinstance(code, int) else self.status

    @property
    def message(self) -> str:
        text = self.body.get("message") if isinstance(self.body, dict) else None
        return text if isinstance(text, str) else f"HTTP status {self.status}"


class SchemaRegistry:
    """A registry over HTTP. Synchronous and thread-safe; every request has a time limit."""

    def __init__(
        self,
        url: str,
        username: str | None = None,
        password: str | None = None,
        *,
        ca_file: str | None = None,
        timeout_seconds: float = 5.0,
    ) -> None:
        self._url = url.rstrip("/")
        headers = {"accept": f"{_CONTENT_TYPE}, application/json", "content-type": _CONTENT_TYPE}
        if username is not None:
            headers |= urllib3.make_headers(basic_auth=f"{username}:{password or ''}")
        self._pool = urllib3.PoolManager(
            num_pools=1,
            maxsize=MAX_CONNECTIONS,
            headers=headers,
            timeout=urllib3.Timeout(total=timeout_seconds),
            # An idle connection may have been closed by the other side: that is no reason to report an outage.
            retries=urllib3.Retry(total=1, status=0, redirect=0, allowed_methods=None),
            ssl_context=ssl.create_default_context(cafile=ca_file) if url.startswith("https:") else None,
        )

    @classmethod
    def of(cls, settings: RegistrySettings) -> "SchemaRegistry":
        """The registry that the settings name. Raises OSError if the file of authorities cannot be read."""
        return cls(
            settings.url,
            settings.username,
            settings.password.get_secret_value() if settings.password else None,
            ca_file=settings.ca_file,
            timeout_seconds=settings.timeout_seconds,
        )

    def close(self) -> None:
        """Close the idle connections."""
        self._pool.clear()

    def schema(self, schema_id: int) -> str | None:
        reply = self._ask("GET", f"/schemas/ids/{schema_id}")
        if reply.error_code in _NOT_FOUND:
            return None
        kind = _field(reply, "schemaType", str, default="AVRO")
        if kind != "AVRO":
            raise RegistryUnavailable(f"schema {schema_id} of the registry is {kind}, not AVRO")
        return str(_field(reply, "schema", str))

    def find(self, subject: str, schema: str) -> int | None:
        reply = self._ask("POST", f"/subjects/{quote(subject, safe='')}", {"schema": schema})
        return None if reply.error_code in _NOT_FOUND else _field(reply, "id", int)

    def subjects(self) -> list[str]:
        return _list(self._ask("GET", "/subjects"), str)

    def versions(self, subject: str) -> list[int]:
        reply = self._ask("GET", f"/subjects/{quote(subject, safe='')}/versions")
        return [] if reply.error_code in _NOT_FOUND else _list(reply, int)

    def register(self, subject: str, schema: str) -> int:
        reply = self._ask("POST", f"/subjects/{quote(subject, safe='')}/versions", {"schema": schema})
        if reply.status in (409, 422):
            raise SchemaRefused(subject, [reply.message])
        return int(_field(reply, "id", int))

    def compatibility(self, subject: str) -> str | None:
        reply = self._ask("GET", f"/config/{quote(subject, safe='')}")
        return None if reply.error_code in _NOT_FOUND else _field(reply, "compatibilityLevel", str)

    def set_compatibility(self, subject: str, level: str) -> None:
        reply = self._ask("PUT", f"/config/{quote(subject, safe='')}", {"compatibility": level})
        if reply.status == 422:
            raise SchemaRefused(subject, [reply.message])

    def _ask(self, method: str, path: str, body: dict[str, str] | None = None) -> _Reply:
        """One request. Replies that mean something to a caller are returned; all others are RegistryUnavailable."""
        content = None if body is None else json.dumps(body).encode()
        try:
            response = self._pool.request(method, self._url + path, body=content, preload_content=False, redirect=False)
            try:
                raw = response.read(MAX_REPLY_BYTES + 1, decode_content=True)
            finally:
                response.release_conn()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise RegistryUnavailable(f"schema registry {self._url}: {_why(error)}") from error
        reply = _Reply(response.status, _json(raw))
        answered = reply.status < 300 or reply.status in (409, 422) or reply.error_code in _NOT_FOUND
        if not answered:
            raise RegistryUnavailable(f"schema registry {self._url}: {method} {path}: {reply.message}")
        return reply


def _why(error: Exception) -> str:
    """The cause of a failed request: urllib3 wraps it when it has tried twice."""
    reason = getattr(error, "reason", None)
    return f"{type(reason or error).__name__}: {reason or error}"


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw) if len(raw) <= MAX_REPLY_BYTES else None
    except ValueError:
        return None


def _field(reply: _Reply, name: str, kind: type[Any], default: Any = None) -> Any:
    value = reply.body.get(name, default) if isinstance(reply.body, dict) else None
    if not isinstance(value, kind):
        raise RegistryUnavailable(f"the schema registry's reply has no {name}: {reply.message}")
    return value


def _list(reply: _Reply, kind: type[Any]) -> list[Any]:
    if not isinstance(reply.body, list) or not all(isinstance(item, kind) for item in reply.body):
        raise RegistryUnavailable(f"the schema registry's reply is not a list: {reply.message}")
    return reply.body
