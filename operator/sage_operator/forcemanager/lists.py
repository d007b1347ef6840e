"""Users and value lists, from the rows as ForceManager gives them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sage_operator.forcemanager.values import flag, moment, text
from sage_operator.sync.targets import ListRow, ValueList
from sage_operator.sync.users import ForceManagerUser

Row = Mapping[str, Any]

_LABEL_PREFIXES = ("description", "descripcion")
_LABELS = {"value", "strname"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """The users of a tenant, and the fingerprint that follows from them."""

    users: tuple[ForceManagerUser, ...]
    fingerprint: str


def parse_users(rows: Iterable[Row]) -> Directory:
    """Read user rows. The fingerprint is `<id>@<dateCreated>` of the user with the lowest id, deleted or not.

    A tenant has no id of its own; its first user is as old as itself and is never removed, only marked as deleted.

    Raises:
        ValueError: there is no user.
    """
    by_id = {row["id"]: row for row in rows}
    if not by_id:
        raise ValueError("there is no user")
    live = (row for _, row in sorted(by_id.items()) if not flag(row.get("deleted")))
    return Directory(users=tuple(_user(row) for row in live), fingerprint=_fingerprint(by_id[min(by_id)]))


def parse_list(name: str, rows: Iterable[Row]) -> ValueList:
    """Read the live rows of a value list; labels are the descriptions in all languages, and countries' `strName`."""
    by_id = {row["id"]: row for row in rows if not flag(row.get("deleted"))}
    return _shared(ValueList(name=name, rows=tuple(_list_row(row) for _, row in sorted(by_id.items()))))


@lru_cache(maxsize=128)
def _shared(values: ValueList) -> ValueList:
    """Return an equal list that another tenant has: countries in ten languages take 300 KiB, and are all the same."""
    return values


def _user(row: Row) -> ForceManagerUser:
    told = row.get("branches")
    branch = told if isinstance(told, Mapping) and isinstance(told.get("id"), int) else {}
    return ForceManagerUser(
        id=row["id"],
        email=text(row.get("email")),
        nickname=text(row.get("nic")),
        name=f"{text(row.get('name'))} {text(row.get('lastName'))}".strip(),
        active=flag(row.get("isActive", True)),
        ext_id=text(row.get("extId")),
        branch_id=branch.get("id"),
        branch=text(branch.get("description")),
    )


def _fingerprint(row: Row) -> str:
    created = row.get("dateCreated")
    at = moment(created)
    return f"{row['id']}@{at.isoformat(timespec='seconds').replace('+00:00', 'Z') if at else text(created)}"


def _list_row(row: Row) -> ListRow:
    labels = (text(value) for key, value in row.items() if _is_label(key) and isinstance(value, str | int))
    return ListRow(
        id=row["id"],
        labels=frozenset(label for label in labels if label),
        iso2=text(row.get("iso2")) or None,
        iso3=text(row.get("iso3")) or None,
        iso_code=text(row.get("isoCode")) or None,
    )


def _is_label(key: str) -> bool:
    lowered = key.lower()
    return lowered in _LABELS or lowered.startswith(_LABEL_PREFIXES)
