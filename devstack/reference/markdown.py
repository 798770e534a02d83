"""Markdown, as far as the reference pages need it."""

from collections.abc import Iterable, Sequence

NOTICE = "<!-- Made from the code by `make docs`. Edit the code, not this page. -->"


def page(title: str, *blocks: str) -> str:
    """A whole page."""
    return "\n\n".join((f"# {title}", NOTICE, *blocks)) + "\n"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; `|` and line breaks inside cells are kept from breaking it."""
    lines = [_row(header), _row(["---"] * len(header)), *(_row(row) for row in rows)]
    return "\n".join(lines)


def code(text: str) -> str:
    """Inline code; empty text stays empty."""
    return f"`{text}`" if text else ""


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
