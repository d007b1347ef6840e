"""Records in memory with indexes. A row is never changed in place: whoever holds one keeps what it was."""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from sage_operator.simulators.wire import Row

K = TypeVar("K", str, int)


class Table(Generic[K]):
    """Rows by key, indexed by the values of some fields and ordered by one of them.

    Args:
        key: the field that identifies a row.
        indexes: per indexed field, what makes its values comparable (such as `str.casefold`).
        ordered: a field whose values sort as text, for `since`.
    """

    def __init__(
        self, key: str, *, indexes: Mapping[str, Callable[[Any], Any]] | None = None, ordered: str | None = None
    ) -> None:
        self.key = key
        self.rows: dict[K, Row] = {}
        self._norms = dict(indexes or {})
        self._indexes: dict[str, dict[Any, set[K]]] = {field: {} for field in self._norms}
        self._ordered = ordered
        self._order: list[tuple[str, K]] = []

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows.values())

    @property
    def indexed(self) -> frozenset[str]:
        """The fields that `find` knows."""
        return frozenset(self._indexes)

    def load(self, rows: Iterable[Row]) -> None:
        """Replace everything."""
        self.rows = {row[self.key]: row for row in rows}
        for field, norm in self._norms.items():
            index: dict[Any, set[K]] = {}
            for key, row in self.rows.items():
                if (value := row.get(field)) is not None:
                    index.setdefault(norm(value), set()).add(key)
            self._indexes[field] = index
        if self._ordered:
            self._order = sorted((row[self._ordered], key) for key, row in self.rows.items())

    def put(self, row: Row) -> None:
        """Insert or replace a row; null values are dropped."""
        row = {field: value for field, value in row.items() if value is not None}
        key: K = row[self.key]
        self._forget(key)
        self.rows[key] = row
        for field, norm in self._norms.items():
            if (value := row.get(field)) is not None:
                self._indexes[field].setdefault(norm(value), set()).add(key)
        if self._ordered:
            insort(self._order, (row[self._ordered], key))

    def purge(self, key: K) -> None:
        """Remove a row without a trace, if it is there."""
        self._forget(key)
        self.rows.pop(key, None)

    def find(self, field: str, values: Iterable[Any]) -> set[K]:
        """Return the keys of the rows whose indexed field has one of the values."""
        index, norm = self._indexes[field], self._norms[field]
        found: set[K] = set()
        for value in values:
            found |= index.get(norm(value), _EMPTY)
        return found

    def since(self, value: str) -> list[K]:
        """Return the keys of the rows whose ordered field is not less than the value."""
        start = bisect_left(self._order, value, key=lambda entry: entry[0])
        return [key for _, key in self._order[start:]]

    def _forget(self, key: K) -> None:
        old = self.rows.get(key)
        if old is None:
            return
        for field, norm in self._norms.items():
            if (value := old.get(field)) is not None:
                self._indexes[field][norm(value)].discard(key)
        if self._ordered:
            entry = (old[self._ordered], key)
            del self._order[bisect_left(self._order, entry)]


_EMPTY: frozenset[Any] = frozenset()
