"""Fitting figures to a tenant: what is wrong with a target for every account is found here, once.

A figure wins over the preset's entry for the same target. An entry that somebody wrote for it is a mistake: which of
the two is meant can't be told.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sage_operator.sync.compiling import missing_target
from sage_operator.sync.entities import Entity
from sage_operator.sync.fieldmap import FieldRule
from sage_operator.sync.findings import Finding, FindingKind, by_importance
from sage_operator.sync.payments.settings import Figure, FigureRule, Of, PaymentStatus
from sage_operator.sync.targets import FieldKind, TargetField, TargetSchema

STATUS_LENGTH: Final = 20
"""Characters that a field for the status is to have: all words fit, with some to spare."""

_LONGEST: Final = max(len(status) for status in PaymentStatus)
_TYPES: Final = {
    FieldKind.DECIMAL: "decimal",
    FieldKind.INTEGER: "integer",
    FieldKind.DATE: "date",
    FieldKind.TEXT: f"text, at least {STATUS_LENGTH} characters",
}
_MAY_BE_EMPTY: Final = frozenset({Figure.AVERAGE_DAYS_TO_PAY, Figure.LAST_PAYMENT_DATE, Figure.CREDIT_LIMIT})
_TAKES: Final = {
    FieldKind.DECIMAL: {FieldKind.DECIMAL, FieldKind.TEXT},
    FieldKind.INTEGER: {FieldKind.INTEGER, FieldKind.DECIMAL, FieldKind.TEXT},
    FieldKind.DATE: {FieldKind.DATE, FieldKind.TEXT},
    FieldKind.TEXT: {FieldKind.TEXT},
}
"""By the kind of a figure, the kinds of field that hold it without loss."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledFigure:
    """A figure with the field that it fills."""

    rule: FigureRule
    field: TargetField


def kind_of(rule: FigureRule) -> FieldKind:
    """Return the kind of field that a figure needs."""
    if rule.figure is Figure.STATUS:
        return FieldKind.TEXT
    if rule.figure in {Figure.AS_OF, Figure.LAST_PAYMENT_DATE}:
        return FieldKind.DATE
    if rule.figure in {Figure.OVERDUE_DAYS, Figure.DOCUMENTS} and rule.of is not Of.CHANGE_PERCENT:
        return FieldKind.INTEGER
    return FieldKind.DECIMAL


def without_figures(
    rules: Iterable[FieldRule], figures: Iterable[FigureRule]
) -> tuple[tuple[FieldRule, ...], tuple[Finding, ...]]:
    """Return a map of accounts without the preset's entries for targets of figures, and those that are in both."""
    taken = {figure.target for figure in figures}
    rules = tuple(rules)
    conflicts = [rule for rule in rules if rule.target in taken and not rule.from_preset]
    findings = [
        Finding(
            kind=FindingKind.TARGET_TWICE,
            subject=f"accounts.fields[{rule.target}]",
            message="`payments.fields` fills it too",
            remedy="Take one of the two entries out.",
            layer=rule.layer,
        )
        for rule in conflicts
    ]
    return tuple(rule for rule in rules if rule.target not in taken), by_importance(findings)


def compile_figures(
    rules: Iterable[FigureRule], schema: TargetSchema
) -> tuple[tuple[CompiledFigure, ...], tuple[Finding, ...]]:
    """Fit figures to the schema of accounts; returns what fits, and all that is wrong.

    A custom field (`Z_…`) that the schema does not list is taken as it is, unless the tenant lists its custom fields.
    """
    compiled, findings = [], []
    for rule in rules:
        field = schema.field(rule.target)
        finding = _missing(rule, schema) if field is None else _unfit(rule, field)
        if finding is not None:
            findings.append(finding)
        elif field is not None:
            compiled.append(CompiledFigure(rule=rule, field=field))
    return tuple(compiled), by_importance(findings)


def always_has_value(rule: FigureRule) -> bool:
    """Tell whether every account has a value for a figure, also one without documents."""
    return rule.figure not in _MAY_BE_EMPTY and rule.of is not Of.CHANGE_PERCENT


def with_demands(findings: Iterable[Finding], figures: Iterable[FigureRule]) -> tuple[Finding, ...]:
    """Return findings about the map of accounts as they are once figures fill fields that ForceManager demands.

    A field that a figure always fills is not missing; one that it may leave empty is a mistake of the figure.
    """
    filling = {f"accounts.fields[{rule.target}]": rule for rule in figures}
    result = []
    for finding in findings:
        rule = filling.get(finding.subject) if finding.kind is FindingKind.MANDATORY_TARGET_MISSING else None
        if rule is None:
            result.append(finding)
        elif not always_has_value(rule):
            message = f"ForceManager demands this field, and not every account has `{rule.figure}`"
            result.append(_finding(rule, FindingKind.MANDATORY_TARGET_MISSING, message, "Name another target."))
    return tuple(result)


def _missing(rule: FigureRule, schema: TargetSchema) -> Finding:
    return _finding(rule, *missing_target(Entity.ACCOUNTS, rule.target, schema, wanted=_TYPES[kind_of(rule)]))


def _unfit(rule: FigureRule, field: TargetField) -> Finding | None:
    """Return what speaks against a field that is there."""
    kind = kind_of(rule)
    if field.read_only:
        return _finding(
            rule, FindingKind.TARGET_NOT_WRITABLE, "it can't be written in ForceManager", "Name another target."
        )
    if field.kind is not FieldKind.UNKNOWN and field.kind not in _TAKES[kind]:
        return _finding(
            rule,
            FindingKind.TYPE_MISMATCH,
            f"it is a {field.kind}, which does not hold `{rule.figure}`",
            f"Name a target of type {_TYPES[kind]}.",
        )
    if kind is FieldKind.TEXT and field.max_length is not None and field.max_length < _LONGEST:
        return _finding(
            rule,
            FindingKind.TYPE_MISMATCH,
            f"it takes {field.max_length} characters, the longest `{rule.figure}` has {_LONGEST}",
            f"Name a target of type {_TYPES[kind]}.",
        )
    return None


def _finding(rule: FigureRule, kind: FindingKind, message: str, remedy: str) -> Finding:
    return Finding(kind=kind, subject=f"payments.fields[{rule.target}]", message=message, remedy=remedy)
