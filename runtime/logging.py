"""One log line per event, structured, to stderr: JSON for machines, or text for a person at a terminal.

What goes through the standard library's logging (aiohttp, SQLAlchemy) comes out the same way, and no secret comes out.
"""

import logging
import re
import sys
from typing import Any, Literal

import structlog
from pydantic import Field
from structlog.typing import EventDict, Processor, WrappedLogger

from runtime.settings import Section

REDACTED = "[redacted]"

_SECRET_KEY = re.compile(r"password|passwd|secret|token|credential|authorization|cookie|api_?key", re.IGNORECASE)
_SECRET_TEXT = (
    # scheme://user:password@host, the user may be missing
    (re.compile(r"([a-z][a-z0-9+.-]*://[^\s/:@]*):[^\s/@]+@", re.IGNORECASE), rf"\1:{REDACTED}@"),
    # password=..., ?token=..., as in connection strings and query strings
    (
        re.compile(r"\b(\w*(?:password|secret|token|api_?key)\w*=)[^\s&;,'\"]+", re.IGNORECASE),
        rf"\1{REDACTED}",
    ),
    (re.compile(r"\b(bearer|basic)\s+[a-z0-9._~+/=-]{8,}", re.IGNORECASE), rf"\1 {REDACTED}"),
)


class LogSettings(Section, section="LOG"):
    """What the log holds and how it looks."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least severe level logged."
    )
    format: Literal["json", "console"] = Field(default="json", description="json for machines, console for a person.")


def configure_logging(settings: LogSettings, process: str) -> None:
    """Send this process's log, named `process`, to stderr. Call it once, before anything is logged."""
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        _add_process(process),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(settings)],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    logging.captureWarnings(True)  # noqa: FBT003 the parameter has no better name


def _add_process(process: str) -> Processor:
    def add(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event["process"] = process
        return event

    return add


def _rendering(settings: LogSettings) -> list[Processor]:
    """Exceptions first become data, so that what they quote is redacted like everything else."""
    if settings.format == "console":
        return [
            structlog.processors.format_exc_info,
            redact,
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback, timestamp_key="time"
            ),
        ]
    # No local variables: they hold request bodies and credentials under names that nobody can foresee.
    tracebacks = structlog.tracebacks.ExceptionDictTransformer(show_locals=False, max_frames=20)
    return [
        structlog.processors.ExceptionRenderer(tracebacks),
        redact,
        structlog.processors.EventRenamer("message"),
        structlog.processors.JSONRenderer(),
    ]


def redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Replace what is secret by its key (password, token, ...; but not `token_id`) or by its look in a text."""
    return {key: _redacted(key, value) for key, value in event.items()}


def _redacted(key: str, value: Any) -> Any:
    if _SECRET_KEY.search(key) and not key.lower().endswith("_id"):
        return REDACTED
    if isinstance(value, dict):
        return {inner: _redacted(str(inner), each) for inner, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_redacted("", each) for each in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return _redacted_text(value if isinstance(value, str) else str(value))


def _redacted_text(text: str) -> str:
    for pattern, replacement in _SECRET_TEXT:
        text = pattern.sub(replacement, text)
    return text
