"""Field maps: which Sage field or constant fills which ForceManager field."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from sage_operator.sync.entities import Entity
from sage_operator.sync.records import Scalar


class LookupBy(StrEnum):
    """What of a list's rows is compared with the value."""

    LABEL = "label"
    ISO2 = "iso2"


class OnProblem(StrEnum):
    """What is done with a value that does not fit."""

    REJECT = "Reject"  # the record is not written
    CUT = "Cut"  # texts: shortened, with a warning
    EMPTY = "Empty"  # look-ups: left out, with a warning


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """A value that is the label (or code) of a row of a value list; what is written is the row's id."""

    list_name: str
    by: LookupBy = LookupBy.LABEL


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSource:
    """One place where a value comes from: a Sage field, dotted parents allowed, and how it is looked up."""

    path: str
    lookup: Lookup | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRule:
    """How one target is filled.

    Attributes:
        target: the ForceManager field.
        sources: asked in this order; the first that gives a value wins. Empty for a constant.
        constant: the value, if there are no sources.
        default: stands for null and for `""`.
        from_preset: a target that the tenant lacks is then left out instead of being an error.
    """

    target: str
    sources: tuple[FieldSource, ...] = ()
    constant: Scalar = None
    default: Scalar = None
    on_too_long: OnProblem = OnProblem.REJECT
    on_not_found: OnProblem = OnProblem.REJECT
    from_preset: bool = False


def from_field(target: str, path: str) -> FieldRule:
    """Fill a target from one Sage field."""
    return FieldRule(target=target, sources=(FieldSource(path=path),))


def from_constant(target: str, value: Scalar) -> FieldRule:
    """Fill a target with a constant."""
    return FieldRule(target=target, constant=value)


def merge(preset: Iterable[FieldRule], own: Iterable[FieldRule]) -> tuple[FieldRule, ...]:
    """Return the effective map, sorted by target: an own rule replaces the preset's of the same target."""
    rules = {rule.target: rule for rule in preset} | {rule.target: rule for rule in own}
    return tuple(rules[target] for target in sorted(rules))


def source_paths(rules: Iterable[FieldRule]) -> tuple[str, ...]:
    """Return the Sage fields that a map reads, sorted, each once."""
    return tuple(sorted({source.path for rule in rules for source in rule.sources}))


def lists_used(rules: Iterable[FieldRule]) -> tuple[str, ...]:
    """Return the names of the value lists that a map looks values up in, sorted."""
    return tuple(sorted({s.lookup.list_name for rule in rules for s in rule.sources if s.lookup}))


MANDATORY: dict[Entity, tuple[str, ...]] = {
    Entity.ACCOUNTS: ("name",),
    Entity.CONTACTS: ("firstName", "lastName"),
}
"""Mapped targets that ForceManager demands; those that the operator writes itself are never missing."""
