import asyncio
import io
import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from sage_operator.telemetry.logging import LogFormat, configure, run_context
from sage_operator.telemetry.redaction import protect


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """A stream to log to; the logging of the test session is put back afterwards."""
    root, ticks, quiet = logging.getLogger(), logging.getLogger("kopf.objects"), logging.getLogger("asyncio")
    handlers, level, filters, asyncio_handlers = root.handlers[:], root.level, ticks.filters[:], quiet.handlers[:]
    yield io.StringIO()
    root.handlers[:], ticks.filters[:], quiet.handlers[:] = handlers, filters, asyncio_handlers
    root.setLevel(level)
    structlog.reset_defaults()


def _lines(stream: io.StringIO) -> list[dict[str, Any]]:
    """Parse what was logged as JSON."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_json_lines_have_time_level_logger_and_message_first(stream: io.StringIO) -> None:
    """One object a line, in a reader's order, with the fields of the call."""
    configure(fmt="json", stream=stream)
    structlog.stdlib.get_logger("sage_operator.x").info("Run ended.", records=3)
    (line,) = _lines(stream)
    assert list(line) == ["timestamp", "level", "logger", "message", "records"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line.pop("timestamp"))
    assert line == {"level": "info", "logger": "sage_operator.x", "message": "Run ended.", "records": 3}


def test_the_standard_library_goes_through_the_same_renderer(stream: io.StringIO) -> None:
    """A library's record has its arguments filled in, the object that Kopf names, and its traceback."""
    configure(stream=stream)
    logging.getLogger("kopf.objects").warning(
        "Handler %s failed", "x", extra={"k8s_ref": {"namespace": "crm", "name": "a", "uid": "1"}, "k8s_skip": True}
    )
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        logging.getLogger("aiohttp.server").exception("Error")
    first, second = _lines(stream)
    assert (first["message"], first["object"], first["level"]) == ("Handler x failed", "crm/a", "warning")
    assert "ZeroDivisionError: division by zero" in second["exception"]


def test_an_exception_of_ours_is_rendered_and_redacted(stream: io.StringIO) -> None:
    """A secret in an exception's text does not reach the traceback in the log."""
    secret = "canary-in-a-traceback"
    protect(secret)
    configure(stream=stream)
    try:
        int(f"{secret} jane@example.com")
    except ValueError:
        structlog.stdlib.get_logger().exception("It failed with %s", secret)
    (line,) = _lines(stream)
    assert "ValueError: invalid literal for int() with base 10: '*** ***'" in line["exception"]
    assert secret not in stream.getvalue()


@pytest.mark.parametrize("fmt", list(LogFormat))
def test_no_secret_reaches_the_stream(stream: io.StringIO, fmt: LogFormat) -> None:
    """Whichever renderer and whichever logger, protected values and shapes are blanked."""
    secret = 'canary"with\\quotes'
    protect(secret)
    configure(fmt=fmt, stream=stream)
    structlog.stdlib.get_logger().warning("a", value={secret: [secret]}, header=f"Bearer {secret}")
    logging.getLogger("any.library").error("b %r %s", {"k": secret}, "access_token=canary-2")
    text = stream.getvalue()
    assert "canary" not in text
    assert text.count("***") >= 4


def test_run_and_integration_are_on_each_line(stream: io.StringIO) -> None:
    """Within a run's context, its tasks' lines and libraries' lines bear run and integration; outside none does."""

    async def work() -> None:
        logging.getLogger("library").warning("inside")

    async def run() -> None:
        with run_context(run="01RUN", integration="crm/a"):
            await asyncio.create_task(work())
        structlog.stdlib.get_logger().info("outside")

    configure(stream=stream)
    asyncio.run(run())
    inside, outside = _lines(stream)
    assert (inside["run"], inside["integration"]) == ("01RUN", "crm/a")
    assert "run" not in outside


def test_ticks_are_dropped_and_noisy_libraries_quiet(stream: io.StringIO) -> None:
    """Kopf's line per tick or event and httpx's line per request are left out; what they warn of is not."""
    configure(level="DEBUG", stream=stream)
    kopf = logging.getLogger("kopf.objects")
    kopf.info("Timer 'heartbeat' succeeded.")
    kopf.info("Handler 'x' succeeded.")
    kopf.error("Timer 'heartbeat' failed.")
    kopf.debug("A whole Secret")
    logging.getLogger("httpx").info("HTTP Request: GET https://example.com")
    logging.getLogger("httpx").warning("slow")
    structlog.stdlib.get_logger("sage_operator").debug("ours")
    assert [line["message"] for line in _lines(stream)] == [
        "Timer 'heartbeat' failed.",
        "slow",
        "ours",
    ]


def test_asyncio_stays_audible(stream: io.StringIO) -> None:
    """An exception that nobody awaited is logged even where Kopf has silenced asyncio before."""
    quiet = logging.getLogger("asyncio")
    quiet.propagate = False
    quiet.handlers[:] = [logging.NullHandler()]
    configure(stream=stream)
    quiet.error("Task exception was never retrieved")
    assert [line["message"] for line in _lines(stream)] == ["Task exception was never retrieved"]


def test_configuring_twice_logs_once_at_the_new_level(stream: io.StringIO) -> None:
    """The second call replaces the first, for loggers that were made before it too."""
    configure(level="DEBUG", stream=stream)
    log = structlog.stdlib.get_logger("sage_operator.twice")
    log.debug("first")
    configure(level="WARNING", fmt="console", stream=stream)
    log.info("dropped")
    log.warning("second")
    first, second = stream.getvalue().splitlines()
    assert json.loads(first)["message"] == "first"
    assert "second" in second
    assert "\x1b" not in second
