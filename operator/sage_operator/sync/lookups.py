"""Finding the row of a value list that a text means."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from sage_operator.sync.codes import Code
from sage_operator.sync.coerce import Misfit
from sage_operator.sync.fieldmap import LookupBy
from sage_operator.sync.targets import ListRow, ValueList


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupTable:
    """A value list, ready to be asked. Comparison is without case and outer blanks."""

    name: str
    _by_label: dict[str, tuple[int, ...]]
    _by_iso2: dict[str, tuple[int, ...]]

    @classmethod
    @lru_cache(maxsize=128)
    def of(cls, values: ValueList) -> "LookupTable":
        """Prepare a list: its labels in all languages, and the codes of countries.

        Runs share the tables: those of the countries take as long to make as a small run's planning.
        """
        return cls(
            name=values.name,
            _by_label=_grouped(values.rows, lambda row: row.labels),
            _by_iso2=_grouped(values.rows, lambda row: [row.iso2] if row.iso2 else []),
        )

    def find(self, text: str, *, by: LookupBy = LookupBy.LABEL) -> int | None:
        """Return the id of the row that a text means, None if there is none.

        Raises:
            Misfit: several rows have this label (`LookupAmbiguous`); `target` is the list's name.
        """
        ids = (self._by_iso2 if by is LookupBy.ISO2 else self._by_label).get(_folded(text), ())
        if len(ids) > 1:
            raise Misfit(Code.LOOKUP_AMBIGUOUS, self.name, f"{len(ids)} rows have this label")
        return ids[0] if ids else None


def _grouped(rows: Iterable[ListRow], labels: Callable[[ListRow], Iterable[str]]) -> dict[str, tuple[int, ...]]:
    table: dict[str, set[int]] = {}
    for row in rows:
        for label in labels(row):
            table.setdefault(_folded(label), set()).add(row.id)
    return {label: tuple(sorted(ids)) for label, ids in table.items()}


def _folded(text: str) -> str:
    return text.strip().casefold()
