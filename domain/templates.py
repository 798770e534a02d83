"""Texts with fields in braces, such as `Order {id}`, and how they are filled."""

import re
from collections.abc import Mapping

_FIELD = re.compile(r"\{([a-z_]{1,32})\}")
ELLIPSIS = "…"


def filled(template: str, fields: Mapping[str, str], longest: int) -> str:
    """The text, of at most `longest` characters; what was cut off is shown by an ellipsis.

    A field that nobody fills stays as it is written: the mistake is then seen where it was made.
    """
    text = _FIELD.sub(lambda match: fields.get(match[1], match[0]), template)
    return text if len(text) <= longest else text[: longest - 1] + ELLIPSIS
