"""What a call says besides its message: gRPC's word for headers."""

from typing import NamedTuple

from ingest.grpc_api.answers import Context


class CallMetadata(NamedTuple):
    """The two that we look at."""

    authorization: str | None
    traceparent: str | None


def metadata_of(context: Context) -> CallMetadata:
    """The last of each, as text."""
    found = {name: value for name, value in context.invocation_metadata() or () if isinstance(value, str)}
    return CallMetadata(found.get("authorization"), found.get("traceparent"))
