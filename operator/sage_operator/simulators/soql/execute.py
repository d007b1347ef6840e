"""A query carried out on tables in memory."""

from collections.abc import Iterable
from dataclasses import dataclass

from sage_operator.simulators.soql.candidates import candidates
from sage_operator.simulators.soql.conditions import Compiler, SubQuery
from sage_operator.simulators.soql.fields import Database, object_type, resolve
from sage_operator.simulators.soql.parse import at, parse
from sage_operator.simulators.soql.periods import Calendar
from sage_operator.simulators.soql.project import Projection, projection
from sage_operator.simulators.soql.schema import ID_TYPES, TEXT_TYPES, ObjectType
from sage_operator.simulators.soql.syntax import Ordering, Query, SoqlError
from sage_operator.simulators.wire import Row

__all__ = ["Database", "Result", "execute"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The rows that a query found, and how to write them."""

    rows: list[Row]
    project: Projection | None
    """None for `COUNT()`."""


def execute(text: str, database: Database, *, calendar: Calendar, deleted: bool = False) -> Result:
    """Run a query.

    Args:
        text: the query.
        database: what it runs on.
        calendar: what relative date literals mean.
        deleted: also find deleted rows (`queryAll`).

    Raises:
        SoqlError: as Salesforce would refuse it.
    """
    query = parse(text)
    kind = object_type(database, query.object, text, query.object_position)
    project = projection(query.fields, kind, database, text) if query.fields else None
    try:
        rows = _select(query, kind, database, text, calendar, deleted=deleted, nested=False)
    except RecursionError:
        raise SoqlError("QUERY_TOO_COMPLICATED", "Query is too deeply nested to be run.") from None
    for ordering in reversed(query.order):
        rows = _sorted(rows, ordering, kind, database, text)
    if query.offset > 2000:
        raise SoqlError("NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000")
    end = None if query.limit is None else query.offset + query.limit
    return Result(rows=rows[query.offset : end], project=project)


def _select(
    query: Query, kind: ObjectType, database: Database, text: str, calendar: Calendar, *, deleted: bool, nested: bool
) -> list[Row]:
    table = database.table(kind.name)
    hidden = not deleted and "isdeleted" in kind.by_name

    def subquery(inner: Query) -> set[str]:
        if nested:
            raise SoqlError("MALFORMED_QUERY", "Nesting of semi join sub-selects is not supported")
        return _ids(inner, database, text, calendar, deleted=deleted)

    if query.where is None:
        found: Iterable[Row] = table
        return [row for row in found if not row.get("IsDeleted")] if hidden else list(found)
    compiler = Compiler(kind=kind, database=database, text=text, calendar=calendar, subquery=_once(subquery))
    test = compiler.predicate(query.where)
    keys = candidates(query.where, table, compiler)
    found = table if keys is None else [table.rows[key] for key in sorted(keys)]
    if hidden:
        return [row for row in found if not row.get("IsDeleted") and test(row)]
    return [row for row in found if test(row)]


def _once(subquery: SubQuery) -> SubQuery:
    """Run each sub-query once, though both the predicate and the index ask for it."""
    results: dict[int, set[str]] = {}

    def run(inner: Query) -> set[str]:
        if id(inner) not in results:
            results[id(inner)] = subquery(inner)
        return results[id(inner)]

    return run


def _ids(query: Query, database: Database, text: str, calendar: Calendar, *, deleted: bool) -> set[str]:
    kind = object_type(database, query.object, text, query.object_position)
    if len(query.fields) != 1:
        raise SoqlError("MALFORMED_QUERY", "A semi join sub-select must select exactly one field")
    found = resolve(query.fields[0], kind, database, text)
    if found.field.type not in ID_TYPES:
        message = at(text, query.fields[0].position, "The inner select of a semi join must select an id or a reference")
        raise SoqlError("MALFORMED_QUERY", message)
    rows = _select(query, kind, database, text, calendar, deleted=deleted, nested=True)
    return {value for row in rows if (value := found.get(row)) is not None}


def _sorted(rows: list[Row], ordering: Ordering, kind: ObjectType, database: Database, text: str) -> list[Row]:
    found = resolve(ordering.path, kind, database, text)
    if not found.field.sortable:
        message = f"field '{found.field.name}' can not be sorted in a query call"
        raise SoqlError("INVALID_FIELD", at(text, ordering.path.position, message))
    get = found.get
    nulls = [row for row in rows if get(row) is None]
    others = [row for row in rows if get(row) is not None]
    textual = found.field.type in TEXT_TYPES
    others.sort(key=(lambda row: get(row).casefold()) if textual else get, reverse=ordering.descending)
    return others + nulls if ordering.nulls_last else nulls + others
