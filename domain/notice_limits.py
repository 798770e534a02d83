"""What the content of a notification may be, beyond what its schema says: the same for all who take one in."""

from domain.instants import Micros
from domain.notification import NoticeContent, is_app_data
from domain.notification_types import is_type_name

MAX_MATCH_KEY = 256
"""Characters: it stands in an index, whose entries are bounded."""
LAST_TOLD: Micros = 7_258_118_400_000_000
"""The year 2200: what is later is a mistake, and would not fit everywhere."""


def content_fault(content: NoticeContent) -> str | None:
    """What is wrong with it, beginning with the name of the field; None: nothing."""
    if not is_type_name(content.type):
        return "content.type: not the name of a type"
    if content.match_key is not None and len(content.match_key) > MAX_MATCH_KEY:
        return f"content.match_key: longer than {MAX_MATCH_KEY} characters"
    for name in ("created_at", "accepted_at", "expires_at"):
        if not 0 <= getattr(content, name) < LAST_TOLD:
            return f"content.{name}: before 1970 or after 2199"
    texts = [content.title, content.body, content.priority]
    texts += [
        text for text in (content.interest, content.collapse_key, content.match_key, content.about) if text is not None
    ]
    if "\0" in "".join(texts):  # PostgreSQL has none; `type` has none by its rule
        return f"content.{_with_nul(content)}: with a NUL"
    if content.data is not None and not is_app_data(content.data):
        return "content.data: not a JSON object"
    return None


def _with_nul(content: NoticeContent) -> str:
    names = ("title", "body", "priority", "interest", "collapse_key", "match_key", "about")
    return next(name for name in names if "\0" in (getattr(content, name) or ""))
