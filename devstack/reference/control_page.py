"""`docs/control-api.md`: control_api's HTTP API, from the OpenAPI document that it serves."""

from typing import Any

from control_api.app import Adapters, build_routes
from control_api.openapi import openapi_document
from control_api.settings import ControlSettings
from devstack.reference.http_page import document_blocks
from devstack.reference.markdown import page
from storage.notification_types import NotificationsSettings

Json = dict[str, Any]

_INTRO = """\
What people and operators read and change of their own: inbox, installations, interests, preferences, people,
deliveries. The same as an OpenAPI 3.1 document is in [control-openapi.json](control-openapi.json), and is served at
`/v1/openapi.json`. Bounds shown are the defaults.

Users show the token that they show the gateway ([tokens.md](tokens.md)): `Authorization: Bearer JWT`. Deliveries are
for back ends, with a credential for all of the tenant's fleets, or of the fleet that is called like the tenant.
Operators have a page at `/operators`.

**A change is answered when PostgreSQL has it and Kafka has what it makes others see**: the user's other devices get a
publication of kind `inbox` on the user's channel ([live-protocol.md](live-protocol.md)). 503 comes with `Retry-After`:
send the same request again, and nothing is lost or doubled. Errors are problem documents:
[errors.md](errors.md)."""


def control_document() -> Json:
    """The OpenAPI document. Its routes are only read, so they need nothing to work with."""
    nobody: list[Any] = [None] * len(Adapters._fields)
    adapters = Adapters(*nobody)._replace(types=NotificationsSettings().load())
    return openapi_document(build_routes(ControlSettings(), adapters))


def control_page() -> str:
    """The page's text."""
    return page("Control API", _INTRO, *document_blocks(control_document()))
