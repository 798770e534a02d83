"""The documents say what the code does."""

import re
from pathlib import Path

import pytest

from devstack.reference.pages import DOCS, pages

PROJECT = DOCS.parent
LINK = re.compile(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)")
CODE_PATH = re.compile(r"`((?:[a-z_]+/)+[a-z_0-9]*(?:\.py)?)`")
TEXTS = [PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]


@pytest.mark.parametrize(("name", "text"), pages().items(), ids=pages().keys())
def test_a_reference_page_is_as_the_code_has_it(name: str, text: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == text, "out of date: run `make docs`"


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_links_and_named_files_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    missing = [link for link in LINK.findall(text) if not (path.parent / link).exists()]
    if path.name in ("README.md", "architecture.md", "CONTRIBUTING.md"):
        made = ("web/dist", "var/")
        named = [name for name in CODE_PATH.findall(text) if not name.startswith(made)]
        missing += [name for name in named if not (PROJECT / name).exists()]
    assert not missing


def test_every_decision_is_listed() -> None:
    listed = (DOCS / "decisions" / "README.md").read_text(encoding="utf-8")
    assert all(record.name in listed for record in (DOCS / "decisions").glob("0*.md"))
