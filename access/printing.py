"""The answers of `python -m access` for people."""

from collections.abc import Sequence
from typing import Any

_COLUMNS = ("id", "kind", "fleet", "device", "assets", "expires_at", "state", "name")


def created(answer: dict[str, Any]) -> str:
    """A new credential. Its text stands alone on its line, to be copied."""
    owner = answer["fleet"] or f"every fleet of {answer['tenant']}"
    lines = [f"Credential {answer['id']} of a {answer['kind']} for {owner}."]
    if answer["assets"]:
        lines.append(f"It speaks for {', '.join(answer['assets'])}.")
    lines.append(f"It expires at {answer['expires_at']}." if answer["expires_at"] else "It does not expire.")
    return "\n".join([*lines, "Keep this; it is not shown again:", "", answer["credential"]])


def listed(answers: Sequence[dict[str, Any]]) -> str:
    """A table, one line for each credential."""
    if not answers:
        return "There are no credentials."
    rows = [_COLUMNS, *([_cell(answer, column) for column in _COLUMNS] for answer in answers)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(_COLUMNS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def revoked(answer: dict[str, Any]) -> str:
    """A withdrawn credential."""
    return f"Credential {answer['id']} was revoked at {answer['revoked_at']}."


def limited(answer: dict[str, Any]) -> str:
    """A credential with its limits."""
    rate = "the default rate" if answer["rate"] is None else f"{answer['rate']:g} items per second"
    burst = "the default burst" if answer["burst"] is None else f"{answer['burst']} at once"
    return f"Credential {answer['id']} has {rate} and {burst}."


def _cell(answer: dict[str, Any], column: str) -> str:
    if column == "fleet" and answer["fleet"] is None:
        return f"{answer['tenant']} (all)"
    value = answer[column]
    return ",".join(value) if isinstance(value, list) else str(value or "-")
