"""One call of `create`, `update` or `delete`: which way the records go, and exactly one outcome for each of them.

Bulk calls are documented in part only. Therefore the first one of a resource and method on a tenant, and again after
a day, carries one record, which is looked at afterwards (`bulk.probe`). Who wants to write meanwhile waits.
"""

from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from sage_operator.forcemanager import bulk, single
from sage_operator.forcemanager.connection import Connection
from sage_operator.forcemanager.course import Breaker, Course, Intend
from sage_operator.forcemanager.merge import merged
from sage_operator.forcemanager.payload import Method, as_sale
from sage_operator.sync.entities import Entity
from sage_operator.sync.records import WriteItem, WriteOutcome

# Requests of one call in flight. They are paced all the same.
IN_FLIGHT = 8


async def write(
    connection: Connection,
    entity: Entity,
    method: Method,
    items: Sequence[WriteItem],
    *,
    breaker: Breaker,
    intend: Intend | None = None,
) -> AsyncGenerator[list[WriteOutcome], None]:
    """Yield outcomes in groups, as they become known: one for each item.

    `intend` is awaited with the items of each request, when it is that request's turn and before it is sent.

    Raises, after the last outcome, what kept it from going on (`Unavailable`, `CredentialsRejected`, …); what was not
    sent for that reason has the outcome `NOT_SENT`.

    Raises:
        ValueError: two items have the same key, or the ids don't fit the method.
    """
    _check(items, method)
    course = Course(connection, entity, method, breaker, intend)
    todo = deque(map(as_sale, items) if entity is Entity.SALES else items)
    # A record that is alone is best written alone.
    while len(todo) > 1 and course.bulk.value is None and course.failure is None and not course.locked:
        async with course.bulk.lock:
            group = await bulk.probe(course, todo.popleft()) if course.bulk.value is None else []
        if group:
            yield group
    async with aclosing(merged(_streams(course, list(todo)), limit=IN_FLIGHT)) as groups:
        async for group in groups:
            yield group
    if course.failure is not None:
        raise course.failure


def _streams(course: Course, items: list[WriteItem]) -> list[bulk.Groups]:
    if len(items) > 1 and course.bulk.value and not course.locked:
        size = course.method.most_together
        return [bulk.write(course, items[start : start + size]) for start in range(0, len(items), size)]
    return [_alone(course, item) for item in items]


async def _alone(course: Course, item: WriteItem) -> bulk.Groups:
    yield [await single.write(course, item)]


def _check(items: Sequence[WriteItem], method: Method) -> None:
    if len({item.key for item in items}) != len(items):
        raise ValueError("each record may be written once")
    if any((item.target_id is None) is not (method is Method.CREATE) for item in items):
        raise ValueError("an update or a delete needs the record's id, a create must not have one")
