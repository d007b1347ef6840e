"""Records written together: up to 200 in one request, up to 120 where they are deleted."""

from collections import deque
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

import structlog

from sage_operator.forcemanager import single
from sage_operator.forcemanager.course import Course
from sage_operator.forcemanager.errors import refusal
from sage_operator.forcemanager.payload import Method, bulk_body, outcomes, read_bulk
from sage_operator.forcemanager.values import flag, shows, text
from sage_operator.sync.errors import SyncError
from sage_operator.sync.records import OutcomeKind, WriteItem, WriteOutcome
from sage_operator.transport import Answer, UnclearAnswer

_log = structlog.get_logger(__name__)

# The resource has no bulk calls, or not for these keys.
_NO_BULK = {403, 404, 405, 501}
_CONTRADICTIONS = 2
# What was written may show a moment later.
_LOOKS = (0.0, 0.5, 2.0)
_NOT_SHOWN = "ForceManager says that it created the record, but does not show it."

# By method: what is looked into, record by record, when a bulk call tells it.
_UNEXPLAINED: dict[Method, frozenset[OutcomeKind]] = {
    Method.CREATE: frozenset(),
    Method.UPDATE: frozenset({OutcomeKind.REFUSED}),
    Method.DELETE: frozenset({OutcomeKind.REFUSED, OutcomeKind.UNCLEAR}),
}

Groups = AsyncGenerator[list[WriteOutcome], None]


async def probe(course: Course, item: WriteItem) -> list[WriteOutcome]:
    """Write one record by a bulk call, look whether it took effect, and remember whether bulk calls are fit.

    Where creates of another documented resource were looked at already, the answer's word is enough.

    If the record is refused, a single call tells whether that is the record's fault. One contradiction may be chance. A
    delete of what is gone already is none.
    """
    reply = await _exchange(course, [item])
    if isinstance(reply, list) and reply[0].kind is OutcomeKind.DONE:
        if course.form_is_proven:
            _remember(course, fit=True)
            return reply
        return [await _confirmed(course, item, reply[0])]
    if isinstance(reply, list) and reply[0].kind is not OutcomeKind.REFUSED:
        return [await _repeated(course, item, reply[0])]
    if isinstance(reply, list) and course.method is Method.DELETE:
        gone = await single.explain(course, item, reply[0].message)
        if gone.kind is not OutcomeKind.REFUSED:
            return [gone]
    outcome = await single.write(course, item)
    if outcome.kind is OutcomeKind.DONE and not course.locked:
        course.contradictions += 1
    if (isinstance(reply, Answer) and reply.status in _NO_BULK) or course.contradictions == _CONTRADICTIONS:
        _remember(course, fit=False)
    return [outcome]


async def write(course: Course, items: Sequence[WriteItem]) -> Groups:
    """Write as many records as a bulk call takes, and yield their outcomes as they become known.

    A request that is refused as a whole has had no effect: it is split, again and again, until the bad records are
    alone. The parts are taken from both ends in turn, so that a service that refuses everything is soon seen to
    refuse records of both halves.
    """
    parts = deque([items])
    first = True
    while parts:
        part = parts.popleft() if first else parts.pop()
        if course.failure is not None:
            yield outcomes(part, OutcomeKind.NOT_SENT, course.failure.message)
            continue
        reply = None if course.bulk.value is False else await _exchange(course, part)
        if isinstance(reply, Answer) and reply.status in _NO_BULK:
            _remember(course, fit=False)
            reply = None
        if reply is None:
            for item in part:
                yield [await single.write(course, item)]
        elif isinstance(reply, list):
            async for group in _settled(course, part, reply):
                yield group
        elif len(part) == 1:
            yield [await single.judge(course, part[0], refusal(reply))]
        else:
            middle = len(part) // 2
            halves = [part[:middle], part[middle:]]
            if first:
                parts.extendleft(reversed(halves))
            else:
                parts.extend(halves)
        first = not first


async def _exchange(course: Course, items: Sequence[WriteItem]) -> list[WriteOutcome] | Answer:
    """Send a bulk call. Returns the outcomes, or the answer by which it was refused as a whole."""
    try:
        answer = await course.connection.call(
            course.method.verb,
            f"/{course.entity}/bulk",
            operation=f"bulk-{course.method}",
            content=bulk_body(course.method, items),
            intend=course.intending(items),
        )
    except (SyncError, UnclearAnswer) as error:
        return course.failed(items, error)
    if not 200 <= answer.status < 300:
        return answer
    told = read_bulk(answer.content, items)
    kinds = {outcome.kind for outcome in told}
    if OutcomeKind.DONE in kinds:
        course.carried_out()
    elif OutcomeKind.REFUSED in kinds:
        course.vouch()
    else:
        course.stop(course.breaker.unclear(told[0].message))
    return told


async def _settled(course: Course, items: Sequence[WriteItem], told: Sequence[WriteOutcome]) -> Groups:
    """Yield the outcomes of a bulk call; why updates and deletes were refused is found out one by one."""
    unexplained = _UNEXPLAINED[course.method]
    if known := [outcome for outcome in told if outcome.kind not in unexplained]:
        yield known
    for item, outcome in zip(items, told, strict=True):
        if outcome.kind not in unexplained:
            continue
        if outcome.kind is OutcomeKind.REFUSED:
            yield [await single.explain(course, item, outcome.message)]
        else:
            yield [await _repeated(course, item, outcome)]


async def _repeated(course: Course, item: WriteItem, unclear: WriteOutcome) -> WriteOutcome:
    """Delete a record again if it is unclear what became of it: twice does no harm. Other outcomes stay as told."""
    if course.method is not Method.DELETE or unclear.kind is not OutcomeKind.UNCLEAR or course.failure is not None:
        return unclear
    again = await single.write(course, item)
    return unclear if again.kind is OutcomeKind.NOT_SENT else again


async def _confirmed(course: Course, item: WriteItem, told: WriteOutcome) -> WriteOutcome:
    """Compare what ForceManager says with what it shows."""
    for pause in _LOOKS:
        await course.tenant.sleep(pause)
        try:
            record = await single.read(course, told.target_id)
        except SyncError as error:
            course.stop(error)
            return told
        if _shows(course.method, item, record):
            if record and course.method is Method.UPDATE and _stayed_locked(item, record):
                course.lock.note(False)
            _remember(course, fit=True)
            return told
    _remember(course, fit=False)
    if course.method is not Method.CREATE:
        return await single.write(course, item)
    return outcomes([item], OutcomeKind.UNCLEAR, _NOT_SHOWN)[0]


def _shows(method: Method, item: WriteItem, record: Mapping[str, Any] | None) -> bool:
    """Tell whether a record that was read back (None: gone) has become what was wanted."""
    if method is Method.DELETE or record is None:
        return method is Method.DELETE and record is None
    if item.target_id is None and item.data.get("extId"):
        return text(record.get("extId")) == item.data["extId"]
    return not item.data or shows(record, item.data)


def _stayed_locked(item: WriteItem, record: Mapping[str, Any]) -> bool:
    return flag(record.get("readOnly")) and "readOnly" not in item.data


def _remember(course: Course, *, fit: bool) -> None:
    course.bulk.note(fit)
    _log.info("bulk calls", entity=course.entity.value, method=course.method.value, fit=fit)
