"""Live records by their `extId`: the index of all, and the look-up of some.

Filtering by `extId` is not documented. It is trusted only after a probe: a record that is known is found, and an
impossible one is not. Every answer is checked all the same.
"""

from collections import defaultdict
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing

import structlog

from sage_operator.forcemanager.connection import Connection
from sage_operator.forcemanager.paging import Row, pages
from sage_operator.forcemanager.values import flag, text
from sage_operator.sync.entities import Entity
from sage_operator.sync.errors import SchemaMismatch, Unavailable
from sage_operator.sync.records import TargetRow

_log = structlog.get_logger(__name__)

# Asked for together: about 800 characters of a URL.
CHUNK = 20
# No Salesforce id has a hyphen.
_IMPOSSIBLE = "no-such-record"


async def index(connection: Connection, entity: Entity) -> AsyncGenerator[list[TargetRow], None]:
    """Yield all live records that bear an `extId`, page by page, each once; a page of other rows only is empty."""
    async with aclosing(pages(connection, f"/{entity}", operation="index", what=entity.value, grows=True)) as all_pages:
        async for rows in all_pages:
            yield _live(rows)


async def find(connection: Connection, entity: Entity, ext_ids: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Return the ids of live records by `extId`, lowest first; an `extId` that nobody bears is absent."""
    wanted = sorted(set(ext_ids))
    if not wanted:
        return {}
    works = connection.tenant.filters[entity]
    async with works.lock:
        if works.value is None:
            known = await _any(connection, entity)
            if known is None:
                return {}
            if await _proven(connection, entity, known):
                works.note(True)
            else:
                # Not noted before all has been read: if that fails too, it is not the filter that is out of order.
                found = await _from_index(connection, entity, wanted)
                _distrust(connection, entity)
                return found
    rows: list[TargetRow] = []
    for start in range(0, len(wanted), CHUNK):
        chunk = wanted[start : start + CHUNK]
        answered = await _filtered(connection, entity, chunk) if works.value else None
        if answered is None:
            _distrust(connection, entity)
            return await _from_index(connection, entity, wanted)
        rows += answered
    return _by_ext_id(rows, wanted)


async def _any(connection: Connection, entity: Entity) -> str | None:
    """Return the `extId` of some live record; None if no record has one."""
    async with aclosing(index(connection, entity)) as rows:
        async for group in rows:
            if group:
                return group[0].ext_id
    return None


async def _proven(connection: Connection, entity: Entity, known: str) -> bool:
    try:
        both = await _filtered(connection, entity, [_IMPOSSIBLE, known])
        return bool(both) and await _filtered(connection, entity, [_IMPOSSIBLE]) == []
    except (SchemaMismatch, Unavailable):
        return False


async def _filtered(connection: Connection, entity: Entity, ext_ids: Sequence[str]) -> list[TargetRow] | None:
    """Ask for records; None if the answer has others: then it is not filtered at all."""
    where = " OR ".join(f"extId='{ext_id.replace(chr(39), chr(39) * 2)}'" for ext_id in ext_ids)
    asked = {ext_id.casefold() for ext_id in ext_ids}  # a database that compares without case is forgiven
    found: list[TargetRow] = []
    listed = pages(connection, f"/{entity}", operation="find", what=entity.value, where=where, grows=True)
    async with aclosing(listed) as all_pages:
        async for rows in all_pages:
            if any(text(row.get("extId")).casefold() not in asked for row in rows):
                return None
            found += _live(rows)
    return found


async def _from_index(connection: Connection, entity: Entity, ext_ids: Iterable[str]) -> dict[str, tuple[int, ...]]:
    wanted = set(ext_ids)
    found: list[TargetRow] = []
    async with aclosing(index(connection, entity)) as rows:
        async for group in rows:
            found += (row for row in group if row.ext_id in wanted)
    return _by_ext_id(found, wanted)


def _distrust(connection: Connection, entity: Entity) -> None:
    if connection.tenant.filters[entity].value is not False:
        _log.warning("ForceManager does not filter by extId; all records are read instead", entity=entity.value)
    connection.tenant.filters[entity].note(False)


def _live(rows: Iterable[Row]) -> list[TargetRow]:
    return [
        TargetRow(id=row["id"], ext_id=ext_id)
        for row in rows
        if not flag(row.get("deleted")) and (ext_id := text(row.get("extId")))
    ]


def _by_ext_id(rows: Iterable[TargetRow], ext_ids: Iterable[str]) -> dict[str, tuple[int, ...]]:
    asked = set(ext_ids)
    ids: defaultdict[str, set[int]] = defaultdict(set)
    for row in rows:
        if row.ext_id in asked:
            ids[row.ext_id].add(row.id)
    return {ext_id: tuple(sorted(found)) for ext_id, found in ids.items()}
