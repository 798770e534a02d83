"""Which reference pages there are."""

from pathlib import Path

from devstack.reference.errors_page import errors_page
from devstack.reference.settings_page import settings_page
from devstack.reference.topics_page import topics_page

DOCS = Path(__file__).resolve().parents[2] / "docs"


def pages() -> dict[str, str]:
    """The text of each page, by its file's name in `docs/`."""
    return {"errors.md": errors_page(), "settings.md": settings_page(), "topics.md": topics_page()}
