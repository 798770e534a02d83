"""What is secret does not reach the log, by whatever way it comes."""

import subprocess
import sys
from typing import Any

import pytest

from runtime.logging import REDACTED, redact


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "sasl.password",
        "client_secret",
        "Token",
        "credential",
        "Authorization",
        "Set-Cookie",
        "api_key",
        "apikey",
    ],
)
def test_values_are_redacted_by_their_key_at_any_depth(key: str) -> None:
    event: dict[str, Any] = {key: "hunter2", "inner": [{key: b"hunter2"}], "count": 1}
    assert redact(None, "info", event) == {key: REDACTED, "inner": [{key: REDACTED}], "count": 1}


def test_the_id_of_a_secret_is_not_secret() -> None:
    assert redact(None, "info", {"credential_id": "c-1"}) == {"credential_id": "c-1"}


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("redis://:hunter2@host:6379/0", f"redis://:{REDACTED}@host:6379/0"),
        ("cannot reach postgresql://u:hunter2@h/db now", f"cannot reach postgresql://u:{REDACTED}@h/db now"),
        ("host=h password=hunter2 user=u", f"host=h password={REDACTED} user=u"),
        ("GET /x?access_token=hunter2&y=1", f"GET /x?access_token={REDACTED}&y=1"),
        ("Authorization: Bearer hunter2hunter2", f"Authorization: Bearer {REDACTED}"),
        ("http://host:8080/path at 12:30", "http://host:8080/path at 12:30"),
    ],
)
def test_credentials_inside_a_text_are_redacted(text: str, redacted: str) -> None:
    assert redact(None, "info", {"event": text}) == {"event": redacted}


def test_other_values_keep_their_type() -> None:
    event = {"a": 1, "b": 1.5, "c": True, "d": None}
    assert redact(None, "info", dict(event)) == event


SCRIPT = """
import logging, structlog
from runtime.logging import LogSettings, configure_logging
configure_logging(LogSettings(level="info", format={format!r}), "sample")
logging.getLogger("aiohttp.server").warning("from %s", "redis://:hunter2@h", extra={{"token": "hunter2"}})
structlog.get_logger("x").debug("not shown")
try:
    raise ValueError("password=hunter2")
except ValueError:
    structlog.get_logger("x").exception("failed", n=1)
"""


@pytest.mark.parametrize("format_", ["json", "console"])
def test_the_standard_librarys_log_comes_out_the_same_way_and_nothing_leaks(format_: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT.format(format=format_)],
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    assert done.stdout == ""
    assert "hunter2" not in done.stderr
    assert "not shown" not in done.stderr
    for expected in ("from redis://", "aiohttp.server", "failed", "ValueError", "sample"):
        assert expected in done.stderr
    if format_ == "json":
        assert len(done.stderr.splitlines()) == 2
