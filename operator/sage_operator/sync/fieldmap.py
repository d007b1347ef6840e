"""Field maps: which Sage field, expression or constant fills which ForceManager field."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sage_operator.sync.entities import Entity
from sage_operator.sync.records import Scalar

PRESET: Final = "preset"
SPEC: Final = "spec"


class LookupBy(StrEnum):
    """What of a list's rows is compared with the value."""

    ID = "id"
    LABEL = "label"  # in any language; the name of a user
    ISO2 = "iso2"
    ISO3 = "iso3"
    ISO_CODE = "isoCode"  # of currencies (ISO 4217)
    EMAIL = "email"
    NICKNAME = "nickname"


class OnProblem(StrEnum):
    """What is done with a value that does not fit."""

    REJECT = "Reject"  # the record is not written
    CUT = "Cut"  # texts: shortened, with a warning
    EMPTY = "Empty"  # look-ups: counts as empty, with a warning


class WhenEmpty(StrEnum):
    """What becomes of a target in ForceManager whose value is empty."""

    CLEAR_OWN = "ClearOwn"  # cleared if we wrote it
    CLEAR = "Clear"  # cleared, whoever wrote it
    KEEP = "Keep"  # left as it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """A value that means a row of a value list; what is written is the row's id."""

    list_name: str
    by: LookupBy = LookupBy.LABEL


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSource:
    """One place where a value comes from: a Sage field, dotted parents allowed; `lookup` goes before the rule's own."""

    path: str
    lookup: Lookup | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRule:
    """How one target is filled: from sources, by an expression, or with a constant.

    Attributes:
        target: the ForceManager field.
        sources: asked in this order; the first that gives a value wins.
        expression: the text of a CEL expression.
        constant: the value, if there is neither source nor expression.
        default: stands for null and for `""`.
        lookup: of the value, wherever it comes from.
        only_on_create: it is written with the record's creation and never again.
        layer: what set the rule: `preset`, `ConfigMap crm-maps/accounts`, `spec`.
    """

    target: str
    sources: tuple[FieldSource, ...] = ()
    expression: str | None = None
    constant: Scalar = None
    default: Scalar = None
    lookup: Lookup | None = None
    on_too_long: OnProblem = OnProblem.REJECT
    on_not_found: OnProblem = OnProblem.REJECT
    when_empty: WhenEmpty = WhenEmpty.CLEAR_OWN
    only_on_create: bool = False
    layer: str = SPEC

    @property
    def from_preset(self) -> bool:
        """Tell whether it is the preset's: a target that the tenant lacks is then left out, which is no error."""
        return self.layer == PRESET

    @property
    def is_constant(self) -> bool:
        """Tell whether no record is asked for the value."""
        return not self.sources and self.expression is None

    @property
    def lookups(self) -> tuple[Lookup, ...]:
        """All look-ups of the rule, its own and those of its sources."""
        return tuple(found for found in (*(source.lookup for source in self.sources), self.lookup) if found is not None)


def from_field(target: str, path: str) -> FieldRule:
    """Fill a target from one Sage field."""
    return FieldRule(target=target, sources=(FieldSource(path=path),))


def from_constant(target: str, value: Scalar) -> FieldRule:
    """Fill a target with a constant."""
    return FieldRule(target=target, constant=value)


def from_expression(target: str, text: str) -> FieldRule:
    """Fill a target by an expression."""
    return FieldRule(target=target, expression=text)


def merge(*layers: Iterable[FieldRule]) -> tuple[FieldRule, ...]:
    """Return the effective map, sorted by target: a rule replaces that of the same target in an earlier layer."""
    rules = {rule.target: rule for layer in layers for rule in layer}
    return tuple(rules[target] for target in sorted(rules))


def lists_used(rules: Iterable[FieldRule]) -> tuple[str, ...]:
    """Return the names of the value lists that a map looks values up in, sorted."""
    return tuple(sorted({lookup.list_name for rule in rules for lookup in rule.lookups}))


ROOTS: dict[Entity, tuple[str, ...]] = {
    Entity.ACCOUNTS: ("record", "user"),
    Entity.CONTACTS: ("record", "account", "user"),
}
"""What an expression may begin with: the Sage record, a contact's account, the associated ForceManager user."""

USER_FIELDS: Final = ("id", "email", "nickname", "name")
"""What an expression may read of `user`."""

MANDATORY: dict[Entity, tuple[str, ...]] = {
    Entity.ACCOUNTS: ("name",),
    Entity.CONTACTS: ("firstName", "lastName"),
}
"""Mapped targets that every tenant demands. Its own come with `TargetField.required`."""

WRITTEN_BY_OPERATOR: Final = frozenset({"extId", "branchId", "salesRepId", "salesRepId1", "accountId", "readOnly"})
"""Targets that no map may have; they are never missing."""
