"""Names as programs have them, said as people say them."""

import re

_JOINTS = re.compile(r"[_-]+")


def as_words(name: str) -> str:
    """`out_for_delivery`, `OUT_FOR_DELIVERY` and `out-for-delivery` as "Out for delivery"."""
    if name.isupper() and _JOINTS.search(name):
        name = name.lower()
    words = _JOINTS.sub(" ", name).strip() or name
    return words[0].upper() + words[1:] if words else words
