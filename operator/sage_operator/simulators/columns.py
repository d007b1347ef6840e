"""Rows that are computed when they are looked at, and a table of them that can be edited like any other.

Half a million rows as dictionaries take a gigabyte. As columns of numbers, from which a row's values follow, they take
some forty megabytes; only rows that were edited are kept whole.
"""

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from datetime import datetime
from typing import Any, cast

from sage_operator.simulators.soql.ids import make_id, number_of
from sage_operator.simulators.table import Table
from sage_operator.simulators.wire import Row

Column = Callable[[int], Any]
"""Gives a field's value in the row of a number; None: null."""


class View(Mapping[str, Any]):
    """One row of columns. It never changes, whatever is edited afterwards; missing keys are null values."""

    __slots__ = ("_columns", "_number")

    def __init__(self, columns: Mapping[str, Column], number: int) -> None:
        self._columns = columns
        self._number = number

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value; the default if it is null."""
        column = self._columns.get(key)
        if column is None:
            return default
        value = column(self._number)
        return default if value is None else value

    def __getitem__(self, key: str) -> Any:
        value = self.get(key)
        if value is None:
            raise KeyError(key)
        return value

    def __iter__(self) -> Iterator[str]:
        return (name for name, column in self._columns.items() if column(self._number) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Columns(Sequence[Row]):
    """All rows of an object as they were at first, numbered from 0; the id of a row tells its number.

    Args:
        prefix, organisation: of the ids.
        size: how many rows there are.
        columns: what gives the values, by field; the id is added.
        indexes: by field, what gives the numbers of the rows that have a value.
        stamps: when each row was changed last, in seconds since 1970.
    """

    def __init__(
        self,
        *,
        prefix: str,
        organisation: int,
        size: int,
        columns: Mapping[str, Column],
        indexes: Mapping[str, Callable[[Any], Iterable[int]]],
        stamps: Sequence[int],
    ) -> None:
        self._prefix, self._organisation, self._size = prefix, organisation, size
        self._columns: dict[str, Column] = {"Id": self.key, **columns}
        self.indexes = indexes
        self._stamps = stamps
        self._order: Sequence[int] | None = None

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, number: Any) -> Any:
        if not 0 <= number < self._size:
            raise IndexError(number)
        return self.row(number)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Columns) and len(self) == len(other) and all(map(View.__eq__, self, other))

    __hash__ = None  # type: ignore[assignment]

    def row(self, number: int) -> Row:
        """Return a row. It is no dictionary, but reads like one, and rows are never changed in place."""
        return cast("Row", View(self._columns, number))

    def key(self, number: int) -> str:
        """Return the id of a row."""
        return make_id(self._prefix, self._organisation, number + 1)

    def number(self, key: str) -> int | None:
        """Return which row has an id; None: none of these."""
        number = number_of(key) - 1
        return number if 0 <= number < self._size and self.key(number) == key else None

    def since(self, value: str) -> Iterable[int]:
        """Return the numbers of the rows whose stamp is not before a time as Salesforce writes it."""
        if self._order is None:
            self._order = array("I", sorted(range(self._size), key=self._stamps.__getitem__))
        start = bisect_left(self._order, datetime.fromisoformat(value).timestamp(), key=self._stamps.__getitem__)
        return self._order[start:]


class _Rows(MutableMapping[str, Row]):
    """Rows by id: those of the columns, but for the ones that were replaced or removed, and those that are new."""

    def __init__(self, base: Columns) -> None:
        self.base = base
        self.kept: dict[str, Row] = {}
        """Edited and new rows."""
        self.replaced: set[int] = set()
        """Numbers of the rows of `base` that are edited or gone."""

    def __getitem__(self, key: str) -> Row:
        if (row := self.kept.get(key)) is not None:
            return row
        number = self.base.number(key)
        if number is None or number in self.replaced:
            raise KeyError(key)
        return self.base.row(number)

    def __setitem__(self, key: str, row: Row) -> None:
        self._replace(key)
        self.kept[key] = row

    def __delitem__(self, key: str) -> None:
        if key not in self:
            raise KeyError(key)
        self._replace(key)
        self.kept.pop(key, None)

    def __iter__(self) -> Iterator[str]:
        base = self.base
        yield from (base.key(number) for number in range(len(base)) if number not in self.replaced)
        yield from self.kept

    def __len__(self) -> int:
        return len(self.base) - len(self.replaced) + len(self.kept)

    def all(self) -> Iterator[Row]:
        """Return all rows, without making their ids."""
        base, replaced = self.base, self.replaced
        yield from (base.row(number) for number in range(len(base)) if number not in replaced)
        yield from self.kept.values()

    def _replace(self, key: str) -> None:
        if (number := self.base.number(key)) is not None:
            self.replaced.add(number)


class ColumnTable(Table[str]):
    """A table whose first rows are columns. What is edited or new is indexed as in any table."""

    def __init__(self, base: Columns, *, ordered: str) -> None:
        super().__init__("Id", indexes=dict.fromkeys(["Id", *base.indexes], str), ordered=ordered)
        self._base = base
        self.restore()

    def restore(self) -> None:
        """Drop all edits."""
        self.load(())
        self.rows: _Rows = _Rows(self._base)  # type: ignore[assignment]

    def __iter__(self) -> Iterator[Row]:
        return self.rows.all()

    def find(self, field: str, values: Iterable[Any]) -> set[str]:
        """Return the keys of the rows whose indexed field has one of the values."""
        if field == "Id":
            return {key for key in values if key in self.rows}
        values = list(values)
        found = super().find(field, values)
        base, replaced, numbers = self._base, self.rows.replaced, self._base.indexes[field]
        found.update(base.key(number) for value in values for number in numbers(value) if number not in replaced)
        return found

    def since(self, value: str) -> list[str]:
        """Return the keys of the rows whose ordered field is not less than the value."""
        base, replaced = self._base, self.rows.replaced
        return [*(base.key(number) for number in base.since(value) if number not in replaced), *super().since(value)]

    def _forget(self, key: str) -> None:
        if key in self.rows.kept:
            super()._forget(key)
