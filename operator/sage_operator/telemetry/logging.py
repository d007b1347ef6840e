"""Logging: structlog and the standard library through one renderer, redacted, with run and integration on each line.

Call `configure` once at start, and do not call `kopf.configure`, which would add a second handler.
"""

import logging
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from enum import StrEnum
from typing import Any, TextIO

import msgspec
import structlog
from structlog.typing import Processor

from sage_operator.telemetry.redaction import redact_event


class LogFormat(StrEnum):
    """How log lines look."""

    JSON = "json"
    CONSOLE = "console"


_FLOORS = {
    # httpx tells each request with its URL at INFO, Kopf whole objects at DEBUG.
    "aiohttp.access": logging.WARNING,
    "alembic": logging.WARNING,
    "httpcore": logging.WARNING,
    "httpx": logging.WARNING,
    "kopf": logging.INFO,
    "kubernetes": logging.INFO,
    "sqlalchemy": logging.WARNING,
}


class _Handler(logging.StreamHandler[TextIO]):
    """Ours, to be found again when `configure` is called twice."""


class _Ticks(logging.Filter):
    """Drops what Kopf says of each tick and each event that went well: it would be all that is logged."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno != logging.INFO:
            return True
        message = record.getMessage()
        return not (message.startswith(("Timer ", "Handler ")) and message.endswith(" succeeded."))


def configure(*, fmt: LogFormat | str = LogFormat.JSON, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send all logging of this process to a stream (standard error by default).

    Args:
        fmt: one JSON object a line, or lines for people (coloured on a terminal).
        level: `DEBUG`, `INFO`, `WARNING` or `ERROR`; libraries that would tell too much stay at a level of their own.
        stream: where to write.
    """
    stream = sys.stderr if stream is None else stream
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.processors.StackInfoRenderer(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,  # loggers made at import must follow a later `configure`
    )
    handler = _Handler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, _name_object],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redact_event,
                *_renderer(LogFormat(fmt), coloured=stream.isatty()),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [*(h for h in root.handlers if not isinstance(h, _Handler)), handler]
    root.setLevel(level)
    for name, floor in _FLOORS.items():
        logging.getLogger(name).setLevel(max(floor, root.level))
    ticks = logging.getLogger("kopf.objects")
    ticks.filters[:] = [*(f for f in ticks.filters if not isinstance(f, _Ticks)), _Ticks()]
    # Kopf silences it where it can: an exception that nobody awaited would be lost.
    asyncio_logger = logging.getLogger("asyncio")
    asyncio_logger.propagate = True
    asyncio_logger.handlers.clear()
    asyncio_logger.setLevel(max(logging.INFO, root.level))


@contextmanager
def run_context(*, run: str, integration: str) -> Iterator[None]:
    """Put the run's id and `namespace/name` on each line that is logged within, by tasks started within too."""
    with structlog.contextvars.bound_contextvars(run=run, integration=integration):
        yield


def _renderer(fmt: LogFormat, *, coloured: bool) -> list[Processor]:
    if fmt is LogFormat.JSON:
        return [_in_order, structlog.processors.JSONRenderer(serializer=_to_json)]
    return [
        structlog.dev.ConsoleRenderer(
            colors=coloured, exception_formatter=structlog.dev.plain_traceback, pad_event_to=0, pad_level=True
        )
    ]


def _to_json(event: MutableMapping[str, Any], **_: Any) -> str:
    return msgspec.json.encode(event).decode()


def _in_order(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Put first what a reader looks for first."""
    first = {key: event.pop(key) for key in ("timestamp", "level", "logger") if key in event}
    return {**first, "message": event.pop("event", ""), **event}


def _name_object(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Say which object a line of Kopf's is about: it is an attribute of the record only."""
    reference = getattr(event.get("_record"), "k8s_ref", None)
    if reference:
        event["object"] = "/".join(filter(None, (reference.get("namespace"), reference.get("name"))))
    return event
