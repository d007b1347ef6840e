"""Finding the row of a value list that a text means."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from sage_operator.sync.codes import Code
from sage_operator.sync.coerce import Misfit
from sage_operator.sync.fieldmap import LookupBy
from sage_operator.sync.targets import ListRow, ValueList
from sage_operator.sync.users import ForceManagerUser

USERS = "users"
"""The list of ForceManager's users, made of its directory (`user_list`)."""

KNOWN_LISTS = frozenset(
    {
        *("accountTypes", "accountStatuses", "accountSegments", "contactTypes", "branches", "countries", "currencies"),
        *("opportunityTypes", "opportunityStatuses", "salesorderStatuses", "activityTypes", "userTypes", "timezones"),
        USERS,
    }
)
"""Value lists that ForceManager's API v4 has by itself; a tenant's own are `list/<name>`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupTable:
    """A value list, ready to be asked. Comparison is without case and outer blanks."""

    values: ValueList
    _tables: Mapping[LookupBy, Mapping[str, tuple[int, ...]]]

    @classmethod
    @lru_cache(maxsize=128)
    def of(cls, values: ValueList) -> "LookupTable":
        """Prepare a list: its labels in all languages, its ids, and the codes of countries, currencies and users.

        Runs share the tables: those of the countries take as long to make as a small run's planning.
        """
        return cls(values=values, _tables={by: _grouped(values.rows, by) for by in LookupBy})

    def find(self, text: str, *, by: LookupBy = LookupBy.LABEL) -> int | None:
        """Return the id of the row that a text means, None if there is none.

        Raises:
            Misfit: several rows have this label (`LookupAmbiguous`); `target` is the list's name.
        """
        ids = self._tables[by].get(_folded(text), ())
        if len(ids) > 1:
            raise Misfit(Code.LOOKUP_AMBIGUOUS, self.values.name, f"{len(ids)} rows have this {by}")
        return ids[0] if ids else None

    def examples(self, by: LookupBy) -> str:
        """Name a few rows by one of their columns, for a message."""
        known = sorted(found for row in self.values.rows if (found := min(keys(row, by), default="")))
        return ", ".join(f"`{key}`" for key in known[:5]) + (" …" if len(known) > 5 else "")


@lru_cache(maxsize=128)
def user_list(users: tuple[ForceManagerUser, ...]) -> ValueList:
    """Return the tenant's users as a value list: the label is the name, deactivated ones are rows too."""
    return ValueList(
        name=USERS,
        rows=tuple(
            ListRow(
                id=user.id,
                labels=frozenset({user.name} - {""}),
                email=user.email or None,
                nickname=user.nickname or None,
            )
            for user in users
        ),
    )


def keys(row: ListRow, by: LookupBy) -> Iterable[str]:
    """Return the texts that mean a row, by one of its columns."""
    if by is LookupBy.LABEL:
        return row.labels
    found = {
        LookupBy.ID: str(row.id),
        LookupBy.ISO2: row.iso2,
        LookupBy.ISO3: row.iso3,
        LookupBy.ISO_CODE: row.iso_code,
        LookupBy.EMAIL: row.email,
        LookupBy.NICKNAME: row.nickname,
    }[by]
    return (found,) if found else ()


def _grouped(rows: Iterable[ListRow], by: LookupBy) -> dict[str, tuple[int, ...]]:
    table: dict[str, set[int]] = {}
    for row in rows:
        for key in keys(row, by):
            table.setdefault(_folded(key), set()).add(row.id)
    return {key: tuple(sorted(ids)) for key, ids in table.items()}


def _folded(text: str) -> str:
    return text.strip().casefold()
