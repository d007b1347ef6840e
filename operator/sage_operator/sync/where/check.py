"""A condition held against what Sage tells of its fields."""

from collections.abc import Iterator

from sage_operator.sync.ids import is_id
from sage_operator.sync.sources import Described, SourceField, SourceKind, Unresolved, resolve
from sage_operator.sync.where.condition import Condition, FieldUse, Literal, LiteralKind
from sage_operator.sync.where.problems import Problem

_LITERALS = {
    SourceKind.BOOLEAN: LiteralKind.BOOLEAN,
    SourceKind.DATE: LiteralKind.DATE,
    SourceKind.DATETIME: LiteralKind.DATETIME,
    **dict.fromkeys((kind for kind in SourceKind if kind.is_number), LiteralKind.NUMBER),
    **dict.fromkeys(
        (
            SourceKind.TEXT,
            SourceKind.TEXTAREA,
            SourceKind.ID,
            SourceKind.REFERENCE,
            SourceKind.PICKLIST,
            SourceKind.MULTIPICKLIST,
        ),
        LiteralKind.TEXT,
    ),
}
"""By the type of a field, what it is compared with. Fields of other types are not judged: Salesforce does."""

_EQUALITY = frozenset({"=", "!="})
_LISTS = frozenset({"IN", "NOT IN"})
_ORDER = frozenset({"<", "<=", ">", ">="})
_OPERATORS = {
    SourceKind.BOOLEAN: _EQUALITY,
    SourceKind.REFERENCE: _EQUALITY | _LISTS,
    SourceKind.ID: _EQUALITY | _LISTS | _ORDER,
    SourceKind.MULTIPICKLIST: _EQUALITY | {"INCLUDES", "EXCLUDES"},
    **dict.fromkeys(
        (SourceKind.TEXT, SourceKind.TEXTAREA, SourceKind.PICKLIST), _EQUALITY | _LISTS | _ORDER | {"LIKE"}
    ),
    **dict.fromkeys(
        (kind for kind in SourceKind if kind.is_number or kind in {SourceKind.DATE, SourceKind.DATETIME}),
        _EQUALITY | _LISTS | _ORDER,
    ),
}

_PARTS = {
    SourceKind.ADDRESS: "is an address, which has no value of its own: compare its parts, such as `{stem}City`",
    SourceKind.LOCATION: "is a location, which has no value of its own: compare `{stem}Latitude`, `{stem}Longitude`",
}


MOST_TOLD = 10
"""Mistakes, and warnings, that are told at once."""


def check_condition(condition: Condition, objects: Described, *, of: str = "Account") -> tuple[Problem, ...]:
    """Return what is wrong with a condition on an object, in the order of the columns; empty if nothing is.

    `objects` are the object's description and those of the parents that the condition goes over
    (`sync.sources.undescribed` tells which). A value that a picklist lacks is a warning: there may be records with it.
    At most `MOST_TOLD` mistakes, and as many warnings.
    """
    fields: dict[str, SourceField | Unresolved] = {}
    mistakes: list[Problem] = []
    warnings: list[Problem] = []
    for use in condition.fields:
        path = use.path.lower()
        if path not in fields:
            fields[path] = resolve(use.path, of=of, objects=objects)
        for problem in _problems(use, fields[path]):
            told = warnings if problem.is_warning else mistakes
            if len(told) == MOST_TOLD:
                break  # warnings come last of a use: no mistake is missed by them
            told.append(problem)
        if len(mistakes) == MOST_TOLD:
            break
    return tuple(sorted((*mistakes, *warnings), key=lambda problem: problem.column))


def _problems(use: FieldUse, field: SourceField | Unresolved) -> Iterator[Problem]:
    if isinstance(field, Unresolved):
        yield Problem(column=use.column + field.position, message=str(field))
        return
    at_name = use.column + use.path.rfind(".") + 1
    if field.kind.is_compound:
        stem = field.name.removesuffix("Address").removesuffix("__c")
        yield Problem(column=at_name, message=f"`{field.name}` {_PARTS[field.kind].format(stem=stem)}")
    elif not field.filterable:
        long = " (a long text)" if field.kind is SourceKind.TEXTAREA else ""
        message = f"`{field.name}`{long} can't be used in a condition: Sage can't filter by it"
        yield Problem(column=at_name, message=message)
    elif use.operator not in (allowed := _OPERATORS.get(field.kind, frozenset({use.operator}))):
        listed = ", ".join(sorted(allowed))
        yield Problem(
            column=use.operator_column,
            message=f"{use.operator} can't be used with `{field.name}`, {_described(field)}: use one of {listed}",
        )
    else:
        for literal in use.literals:
            yield from _misfits(field, literal)
        if field.picklist and use.operator not in _ORDER | {"LIKE"}:
            yield from _unknown_choices(field, use.literals)


def _misfits(field: SourceField, literal: Literal) -> Iterator[Problem]:
    """Yield what is wrong with a value for a field."""
    wanted = _LITERALS.get(field.kind, literal.kind)
    if literal.kind is LiteralKind.NULL:
        return
    if literal.kind is not wanted:
        yield Problem(
            column=literal.column,
            message=f"`{field.name}` is {_described(field)}, but {_shown(literal)} is {literal.kind}:"
            f" {_ADVICE[wanted]}",
        )
    elif field.kind is SourceKind.INTEGER and "." in literal.text:
        yield Problem(column=literal.column, message=f"`{field.name}` is a whole number, and {literal.text} is none")
    elif field.kind in {SourceKind.ID, SourceKind.REFERENCE} and not is_id(literal.text):
        yield Problem(
            column=literal.column,
            message=f"`{field.name}` holds ids of 15 or 18 letters and digits, and {_shown(literal)} is none",
        )


def _unknown_choices(field: SourceField, literals: tuple[Literal, ...]) -> Iterator[Problem]:
    known = {choice.value.casefold() for choice in field.picklist}
    for literal in literals:
        if literal.kind is LiteralKind.TEXT:
            # A multi-select picklist is compared with choices that go together: `Red;Blue`.
            chosen = literal.text.split(";") if field.kind is SourceKind.MULTIPICKLIST else [literal.text]
            for text in chosen:
                if text and text.casefold() not in known:
                    yield Problem(column=literal.column, message=_no_choice(field, text), is_warning=True)


def _no_choice(field: SourceField, text: str) -> str:
    message = f"'{text}' is no value of the picklist `{field.name}`"
    by_label = next((c.value for c in field.picklist if c.label.casefold() == text.casefold()), None)
    if by_label is not None:
        return f"{message}, but the label of '{by_label}': write that"
    values = [f"'{choice.value}'" for choice in field.picklist[:8]]
    return f"{message}, which has {', '.join(values)}{' and others' if field.picklist[8:] else ''}"


_ADVICE = {
    LiteralKind.TEXT: "write it in single quotes",
    LiteralKind.NUMBER: "write digits, without quotes",
    LiteralKind.BOOLEAN: "write TRUE or FALSE, without quotes",
    LiteralKind.DATE: "write 2026-01-31, without quotes and time",
    LiteralKind.DATETIME: "write 2026-01-31T00:00:00Z, without quotes",
}


def _described(field: SourceField) -> str:
    """Say what a field is."""
    article = "an" if field.kind.value[0] in "ai" else "a"
    return {
        SourceKind.BOOLEAN: "a checkbox",
        SourceKind.DATETIME: "a date with time",
        SourceKind.DECIMAL: "a number",
        SourceKind.INTEGER: "a whole number",
        SourceKind.CURRENCY: "an amount of money",
        SourceKind.PERCENT: "a percentage",
        SourceKind.MULTIPICKLIST: "a multi-select picklist",
        SourceKind.ID: "an id",
        SourceKind.REFERENCE: "a reference to another record",
        SourceKind.TEXTAREA: "a text",
    }.get(field.kind, f"{article} {field.kind}")


def _shown(literal: Literal) -> str:
    text = literal.text if len(literal.text) <= 30 else f"{literal.text[:29]}…"
    return f"'{text}'" if literal.kind is LiteralKind.TEXT else text
