"""Which reference pages there are."""

import json
from pathlib import Path

from devstack.reference.control_page import control_document, control_page
from devstack.reference.errors_page import errors_page
from devstack.reference.http_page import http_page
from devstack.reference.settings_page import settings_page
from devstack.reference.topics_page import topics_page
from ingest.openapi import openapi_document
from ingest.settings import IngestSettings

DOCS = Path(__file__).resolve().parents[2] / "docs"


def pages() -> dict[str, str]:
    """The text of each page, by its file's name in `docs/`."""
    return {
        "control-api.md": control_page(),
        "control-openapi.json": json.dumps(control_document(), indent=2) + "\n",
        "errors.md": errors_page(),
        "http-api.md": http_page(),
        "openapi.json": json.dumps(openapi_document(IngestSettings()), indent=2) + "\n",
        "settings.md": settings_page(),
        "topics.md": topics_page(),
    }
