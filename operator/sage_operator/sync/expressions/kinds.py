"""What kinds of value there are in an expression, as far as its text tells."""

from enum import StrEnum


class Kind(StrEnum):
    """The kind of a part's value. Lists and maps are always known; a field may be any other."""

    TEXT = "a text"
    INTEGER = "an integer"
    BOOLEAN = "a boolean"
    NULL = "null"
    ANY = "a value"
    LIST = "a list"
    MAP = "a map"

    @property
    def is_scalar(self) -> bool:
        """Tell whether it can be the value of a field."""
        return self not in {Kind.LIST, Kind.MAP}

    def fits(self, wanted: "Kind") -> bool:
        """Tell whether a value of this kind may turn out to be of the wanted one."""
        return self is wanted or (self.is_scalar and wanted is Kind.ANY) or (self is Kind.ANY and wanted.is_scalar)


def joined(one: Kind, other: Kind) -> Kind | None:
    """Return the kind of what is either; None if a list or a map can't be told from the other."""
    if one is other:
        return one
    return Kind.ANY if one.is_scalar and other.is_scalar else None


def kind_of(value: object) -> Kind:
    """Return the kind of a value of a field."""
    kinds = {str: Kind.TEXT, int: Kind.INTEGER, bool: Kind.BOOLEAN, type(None): Kind.NULL, list: Kind.LIST}
    return kinds.get(type(value), Kind.ANY)
