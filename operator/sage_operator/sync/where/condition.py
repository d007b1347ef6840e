"""A condition that was read: its text, and the fields that it compares."""

from dataclasses import dataclass
from enum import StrEnum


class LiteralKind(StrEnum):
    """What a literal is; the value is how messages name it."""

    TEXT = "a text"
    NUMBER = "a number"
    BOOLEAN = "TRUE or FALSE"
    DATE = "a date"
    DATETIME = "a date with time"
    NULL = "null"


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal:
    """A value that a field is compared with.

    Attributes:
        text: of texts the text that is meant, escapes resolved (those of LIKE's wildcards are kept); else as written.
        column: where it begins in the condition, from 1.
    """

    kind: LiteralKind
    text: str
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldUse:
    """One comparison.

    Attributes:
        path: the field as it was written, parents by dots.
        column: where it begins in the condition, from 1.
        operator: `=`, `!=`, `<`, `<=`, `>`, `>=`, `LIKE`, `IN`, `NOT IN`, `INCLUDES` or `EXCLUDES`.
        operator_column: where that begins.
        literals: what it is compared with; one, or those of the list.
    """

    path: str
    column: int
    operator: str
    operator_column: int
    literals: tuple[Literal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A condition that can stand within parentheses of any query. Made by `parse_condition` alone."""

    text: str
    fields: tuple[FieldUse, ...]

    @property
    def paths(self) -> tuple[str, ...]:
        """The fields that it compares, in order, each once, whatever its case."""
        paths: dict[str, str] = {}
        for use in self.fields:
            paths.setdefault(use.path.lower(), use.path)
        return tuple(paths.values())

    def of_child(self, relationship: str) -> str:
        """Return it for a child of the object: each field is reached by the relationship, all else is as written."""
        pieces: list[str] = []
        done = 0
        for use in self.fields:
            pieces += (self.text[done : use.column - 1], relationship, ".")
            done = use.column - 1
        return "".join((*pieces, self.text[done:]))
