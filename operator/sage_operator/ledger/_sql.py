"""Statements for many rows at little cost, and the places where databases differ."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import msgspec
from sqlalchemy import Connection, Dialect, Select, Table, Text, bindparam, func, select, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.dml import UpdateBase


def upsert(table: Table) -> sqlite.Insert:
    """Return an insert that knows `on_conflict_do_update`, with a parameter of its name for each column.

    PostgreSQL's insert has the same methods; here is where to choose.
    """
    return sqlite.insert(table).values({column.name: bindparam(column.name) for column in table.columns})


def insert_selected(table: Table, rows: Select[Any]) -> sqlite.Insert:
    """Return an insert of all that a question finds, without what is there already."""
    return sqlite.insert(table).from_select([column.name for column in table.columns], rows).on_conflict_do_nothing()


def any_of(name: str) -> Select[tuple[str]]:
    """Return the texts of a parameter made by `listed`, for `column.in_(any_of("ids"))`.

    It is one parameter however many texts: expanding them costs SQLAlchemy more than the query, and statements have a
    limit of parameters. PostgreSQL's function is `json_array_elements_text`.
    """
    return select(func.json_each(bindparam(name, type_=Text)).table_valued("value").c.value)


def listed(texts: Iterable[str]) -> str:
    """Return the parameter for `any_of`."""
    return msgspec.json.encode(list(texts)).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compiled:
    """A statement in the words of one database.

    Attributes:
        constants: parameters that the statement itself has given values to.
        names: of the parameters, in the order in which the driver wants them.
        converters: from Python's value to the driver's, for the parameters that need it.
    """

    sql: str
    constants: Mapping[str, Any]
    names: tuple[str, ...]
    converters: Mapping[str, Callable[[Any], Any]]


class ForMany:
    """An insert, update or delete that is executed for many rows of parameters.

    It is compiled once and handed to the driver with ready tuples: SQLAlchemy's treatment of each row's parameters
    would cost more time than SQLite's work on the row.
    """

    def __init__(self, statement: UpdateBase) -> None:
        self._statement = statement
        self._compiled: dict[str, _Compiled] = {}

    def __call__(self, connection: Connection, rows: Iterable[Mapping[str, Any]], /, **shared: Any) -> None:
        """Execute it for each row; `shared` are parameters of rows that do not have their own."""
        compiled = self._compiled.get(connection.dialect.name)
        if compiled is None:
            compiled = self._compiled[connection.dialect.name] = self._compile(connection.dialect)
        convert = compiled.converters
        common = dict(compiled.constants)
        for name, value in shared.items():
            common[name] = convert[name](value) if name in convert else value
        arrange = itemgetter(*compiled.names)
        parameters = []
        for row in rows:
            values = {**common, **row}
            for name, converter in convert.items():
                if name in row:
                    values[name] = converter(row[name])
            parameters.append(arrange(values))
        if parameters:
            connection.exec_driver_sql(compiled.sql, parameters)

    def _compile(self, dialect: Dialect) -> _Compiled:
        compiled = self._statement.compile(dialect=dialect)
        names = tuple(compiled.positiontup or ())
        constants, converters = {}, {}
        for name in set(names):
            parameter = compiled.binds[name]
            converter = parameter.type.dialect_impl(dialect).bind_processor(dialect)
            if not parameter.required:
                value = parameter.effective_value
                constants[name] = converter(value) if converter else value
            elif converter:
                converters[name] = converter
        return _Compiled(sql=str(compiled), constants=constants, names=names, converters=converters)


def size(connection: Connection) -> int:
    """Return the bytes that the database takes, without what waits in SQLite's write-ahead log."""
    counted = text("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
    return int(connection.execute(counted).scalar_one())
