"""Records written one by one, and what a refusal means."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import structlog

from sage_operator.forcemanager.course import Course
from sage_operator.forcemanager.errors import refusal
from sage_operator.forcemanager.payload import Method, outcomes, read_single, single_body
from sage_operator.forcemanager.values import flag
from sage_operator.sync.errors import SyncError
from sage_operator.sync.records import OutcomeKind, Scalar, WriteItem, WriteOutcome
from sage_operator.transport import Answer, UnclearAnswer

_log = structlog.get_logger(__name__)

_GONE = {400, 404, 410}
_GONE_MESSAGE = "ForceManager no longer has the record."
_RELOCK_SECONDS = 10


async def write(course: Course, item: WriteItem) -> WriteOutcome:
    """Write one record by its own request; nothing is sent if the call is to stop."""
    if course.failure is not None:
        return _outcome(item, OutcomeKind.NOT_SENT, course.failure.message)
    try:
        return await (_create(course, item) if course.method is Method.CREATE else _change(course, item))
    except (SyncError, UnclearAnswer) as error:
        return course.failed([item], error)[0]


async def judge(course: Course, item: WriteItem, message: str) -> WriteOutcome:
    """Tell what the refusal of a request for one record means: it is bad, gone or locked, or nothing works."""
    if not await course.works():
        return _outcome(item, OutcomeKind.NOT_SENT, message)
    outcome = await explain(course, item, message)
    if outcome.kind is OutcomeKind.REFUSED:
        course.stop(course.breaker.refused(message))
    return outcome


async def explain(course: Course, item: WriteItem, message: str) -> WriteOutcome:
    """Tell why a record was refused. Unless it is a create it is read: it may be gone, or locked (then unlocked)."""
    if course.method is Method.CREATE:
        return _outcome(item, OutcomeKind.REFUSED, message)
    if course.failure is not None:
        return _outcome(item, OutcomeKind.NOT_SENT, message)
    try:
        record = await read(course, item.target_id)
    except SyncError as error:
        course.stop(error)
        return _outcome(item, OutcomeKind.NOT_SENT, message)
    if record is None:
        return _gone(course, item)
    if not flag(record.get("readOnly")) or course.lock.value is False:
        return _outcome(item, OutcomeKind.REFUSED, message)
    try:
        return await _unlocked(course, item, message)
    except SyncError as error:
        return course.failed([item], error)[0]


async def read(course: Course, target_id: int | None) -> Mapping[str, Any] | None:
    """Read a record; None if it is gone or deleted. A record that may not be read is empty.

    Raises:
        Unavailable: no answer; or 400, which means an unknown id, but other records can't be read either.
    """
    answer = await course.connection.call("GET", f"/{course.entity}/{target_id}", operation="read")
    if 200 <= answer.status < 300:
        body = answer.json()
        record = body[0] if isinstance(body, list) and body else body
        return record if isinstance(record, Mapping) and record and not flag(record.get("deleted")) else None
    if answer.status not in _GONE:
        return {}
    await course.read_another()
    return None


async def _create(course: Course, item: WriteItem) -> WriteOutcome:
    answer = await course.connection.call(
        "POST",
        f"/{course.entity}",
        operation="create",
        content=single_body(item.data),
        intend=course.intending([item]),
    )
    if not _accepted(answer):
        return await judge(course, item, refusal(answer))
    outcome = read_single(answer.content, item)
    if outcome.kind is OutcomeKind.DONE:
        course.carried_out()
    else:
        course.stop(course.breaker.unclear(outcome.message))
    return outcome


async def _change(course: Course, item: WriteItem) -> WriteOutcome:
    """Update or delete one record."""
    if course.locked:
        record = await read(course, item.target_id)
        if record is None:
            return _gone(course, item)
        if flag(record.get("readOnly")):
            return await _unlocked(course, item, "ForceManager does not let the record be unlocked.")
    answer = await (_delete(course, item) if course.method is Method.DELETE else _put(course, item, item.data))
    if not _accepted(answer):
        return await judge(course, item, refusal(answer))
    course.carried_out()
    return _outcome(item, OutcomeKind.DONE)


async def _unlocked(course: Course, item: WriteItem, message: str) -> WriteOutcome:
    """Lift `readOnly`, write, and set it again in the same request: the shortest time without it. Or delete.

    `message` is the refusal to tell if the flag can't be lifted.
    """
    if not _accepted(await _put(course, item, {"readOnly": False})):
        return _outcome(item, OutcomeKind.REFUSED, message)
    flagged = {"readOnly": item.data.get("readOnly", True)}
    answer: Answer | None = None
    try:
        if course.method is Method.DELETE:
            answer = await _delete(course, item)
        else:
            answer = await _put(course, item, {**item.data, **flagged})
    finally:
        if answer is None or not _accepted(answer):
            await _relock(course, item, flagged)
    if not _accepted(answer):
        return _outcome(item, OutcomeKind.REFUSED, refusal(answer))
    if course.lock.value is None:
        _log.info(
            "ForceManager refuses updates of records that are readOnly; they are unlocked", entity=course.entity.value
        )
    course.lock.note(True)
    course.carried_out()
    return _outcome(item, OutcomeKind.DONE)


async def _relock(course: Course, item: WriteItem, flagged: Mapping[str, Scalar]) -> None:
    """Set the flag again after a write that failed or was cancelled; if that fails too, the log knows of it."""
    with suppress(SyncError, TimeoutError):
        async with asyncio.timeout(_RELOCK_SECONDS):
            if _accepted(await _put(course, item, flagged)):
                return
    _log.warning("a record was left without readOnly", entity=course.entity.value, id=item.target_id)


async def _put(course: Course, item: WriteItem, data: Mapping[str, Scalar]) -> Answer:
    return await course.connection.call(
        "PUT",
        f"/{course.entity}/{item.target_id}",
        operation="update",
        content=single_body(data),
        intend=course.intending([item]),
    )


async def _delete(course: Course, item: WriteItem) -> Answer:
    return await course.connection.call(
        "DELETE", f"/{course.entity}/{item.target_id}", operation="delete", intend=course.intending([item])
    )


def _gone(course: Course, item: WriteItem) -> WriteOutcome:
    """Return the outcome for a record that is not there any more, which is what a delete wants."""
    if course.method is Method.DELETE:
        return _outcome(item, OutcomeKind.DONE)
    return _outcome(item, OutcomeKind.UNKNOWN_ID, _GONE_MESSAGE)


def _accepted(answer: Answer) -> bool:
    return 200 <= answer.status < 300


def _outcome(item: WriteItem, kind: OutcomeKind, message: str = "") -> WriteOutcome:
    return outcomes([item], kind, message)[0]
