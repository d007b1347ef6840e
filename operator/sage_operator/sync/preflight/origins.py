"""The sources of field maps: the Sage fields that rules and expressions read, held against Sage's describe."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

from sage_operator.sync.codes import Code
from sage_operator.sync.coerce import Misfit, coerce
from sage_operator.sync.entities import Entity
from sage_operator.sync.fieldmap import PRESET, FieldRule, OnProblem
from sage_operator.sync.findings import Finding, FindingKind
from sage_operator.sync.preflight.known import KnownSage
from sage_operator.sync.preflight.needs import paths_of
from sage_operator.sync.records import Scalar
from sage_operator.sync.sources import SourceField, SourceKind, Unresolved, resolve, undescribed
from sage_operator.sync.suggestions import type_for
from sage_operator.sync.targets import FieldKind, TargetField, TargetSchema

_ID: Final = "001000000000001AAA"
_SAMPLES: Final[Mapping[SourceKind, tuple[Scalar, ...]]] = {
    **dict.fromkeys(
        (SourceKind.TEXT, SourceKind.TEXTAREA, SourceKind.PICKLIST),
        ("text", "12", "12.5", "true", "2026-01-31", "2026-01-31T10:00:00Z"),
    ),
    SourceKind.MULTIPICKLIST: ("one;other",),
    SourceKind.INTEGER: (1,),
    **dict.fromkeys((SourceKind.DECIMAL, SourceKind.CURRENCY, SourceKind.PERCENT), (Decimal("1.00"), Decimal("1.25"))),
    SourceKind.BOOLEAN: (True,),
    SourceKind.DATE: ("2026-01-31",),
    SourceKind.DATETIME: ("2026-01-31T10:00:00.000+0000",),
    SourceKind.TIME: ("10:00:00.000Z",),
    SourceKind.ID: (_ID,),
    SourceKind.REFERENCE: (_ID,),
}
"""By the type of a field, values as Sage may give them. What is not here is not judged."""

_KIND_WORDS: Final = {
    FieldKind.INTEGER: "an integer",
    FieldKind.REFERENCE: "the id of a row",
    FieldKind.DECIMAL: "a decimal number",
    FieldKind.BOOLEAN: "true or false",
    FieldKind.DATE: "a date",
}


def source_types(entity: Entity, rules: tuple[FieldRule, ...], sage: KnownSage | None) -> dict[str, str]:
    """Return, by Sage field, the type that a ForceManager field needs for it, as far as that is known."""
    if sage is None:
        return {}
    paths = {source.path for rule in rules for source in rule.sources}
    found = ((path, _resolved(entity, path, sage)) for path in paths)
    return {path: type_for(field) for path, field in found if isinstance(field, SourceField)}


def examine_sources(
    entity: Entity, rules: tuple[FieldRule, ...], schema: TargetSchema | None, sage: KnownSage
) -> Iterator[Finding]:
    """Yield what is wrong with what rules read."""
    for rule in rules:
        target = schema.fields.get(rule.target) if schema is not None else None
        looked_up = {source.path for source in rule.sources if source.lookup or rule.lookup}
        for path in paths_of(rule, entity):
            field = _resolved(entity, path, sage)
            if isinstance(field, Unresolved):
                yield _unknown(entity, rule, path, field)
            elif field is None:
                continue  # an object that is not there is told by itself
            elif field.kind.is_compound or field.kind is SourceKind.BASE64:
                yield _without_value(entity, rule, field, path)
            else:
                if field.calculated:
                    yield _formula(entity, rule, path)
                if rule.expression is None and path not in looked_up and target is not None:
                    yield from _misfits(entity, rule, path, field, target)


def _resolved(entity: Entity, path: str, sage: KnownSage) -> SourceField | Unresolved | None:
    """Return where a path leads; None if an object on its way is not described."""
    of = entity.sage_object
    if undescribed([path], of=of, objects=sage.objects):
        return None
    return resolve(path, of=of, objects=sage.objects)


def _finding(
    entity: Entity, rule: FieldRule, kind: FindingKind, message: str, remedy: str, *, is_warning: bool = False
) -> Finding:
    subject = f"{entity}.fields[{rule.target}]"
    return Finding(kind=kind, subject=subject, message=message, remedy=remedy, layer=rule.layer, is_warning=is_warning)


def _unknown(entity: Entity, rule: FieldRule, path: str, why: Unresolved) -> Finding:
    hidden = "hidden" in why.problem
    correct = f"write `{why.nearest}`" if why.nearest else "correct the name"
    if rule.layer == PRESET:
        correct = f"add an entry for `{rule.target}` with another source to spec.{entity}.fields"
    grant = " or in Salesforce's Setup give the integration user Read Access to the field" if hidden else ""
    return _finding(
        entity,
        rule,
        FindingKind.UNKNOWN_SOURCE,
        f"`{path}`: {why.problem}",
        f"{correct[0].upper()}{correct[1:]},{grant}." if grant else f"{correct[0].upper()}{correct[1:]}.",
    )


def _without_value(entity: Entity, rule: FieldRule, field: SourceField, path: str) -> Finding:
    if field.kind is SourceKind.BASE64:
        what, instead = "holds a file", "Map another field."
    else:
        what = "has parts and no value of its own"
        stem = path.removesuffix("__c").removesuffix("Address")
        part = f"{stem}City" if field.kind is SourceKind.ADDRESS else f"{stem}Latitude"
        instead = f"Map its parts, such as `{part}`."
    return _finding(entity, rule, FindingKind.TYPE_MISMATCH, f"`{path}` {what}", instead)


def _formula(entity: Entity, rule: FieldRule, path: str) -> Finding:
    return _finding(
        entity,
        rule,
        FindingKind.FORMULA_SOURCE,
        f"`{path}` is a formula: Salesforce does not tell when its result changes",
        "It is refreshed when the record is edited, and by the Full run.",
        is_warning=True,
    )


def _misfits(entity: Entity, rule: FieldRule, path: str, field: SourceField, target: TargetField) -> Iterator[Finding]:
    """Yield what speaks against writing a field's values as they are."""
    fitting = [_fits(value, target) for value in _samples(field)]
    if fitting and not all(fitting):
        some = any(fitting)
        wanted = _KIND_WORDS[target.kind]
        yield _finding(
            entity,
            rule,
            FindingKind.TYPE_MISMATCH,
            f"`{path}` is {_described(field)}, {'which need not be' if some else 'and it takes'} {wanted}"
            + (": such records are rejected" if some else ""),
            "Add a `lookup`." if target.kind is FieldKind.REFERENCE else "Map another source, or an expression.",
            is_warning=some,
        )
    longest = _longest(field)
    if _is_cramped(rule, target, longest):
        yield _finding(
            entity,
            rule,
            FindingKind.TEXT_TOO_LONG,
            f"`{path}` may have {longest} characters, {target.max_length} fit: longer ones are rejected",
            "Set `onTooLong: Cut`, or make the field longer in ForceManager.",
            is_warning=True,
        )


def _is_cramped(rule: FieldRule, target: TargetField, longest: int) -> bool:
    fits = target.max_length is None or longest <= target.max_length
    return target.kind is FieldKind.TEXT and rule.on_too_long is OnProblem.REJECT and not fits


def _samples(field: SourceField) -> tuple[Scalar, ...]:
    if field.kind is SourceKind.PICKLIST and field.picklist:
        return tuple(choice.value for choice in field.picklist)
    samples = _SAMPLES.get(field.kind, ())
    return samples[:1] if field.kind.is_number and not field.scale else samples


def _fits(value: Scalar, target: TargetField) -> bool:
    """Ask what planning would ask: does the target take this value? Its length is another matter."""
    try:
        coerce(value, target, on_too_long=OnProblem.CUT)
    except Misfit as misfit:
        return misfit.code is not Code.TYPE_MISMATCH
    return True


def _longest(field: SourceField) -> int:
    if field.kind is SourceKind.PICKLIST and field.picklist:
        return max(len(choice.value) for choice in field.picklist)
    return field.length if field.kind in {SourceKind.TEXT, SourceKind.TEXTAREA} else 0


def _described(field: SourceField) -> str:
    article = "an" if field.kind.value[0] in "aio" else "a"
    words = {
        SourceKind.BOOLEAN: "a checkbox",
        SourceKind.DATETIME: "a date with time",
        SourceKind.DECIMAL: "a number",
        SourceKind.CURRENCY: "an amount of money",
        SourceKind.PERCENT: "a percentage",
        SourceKind.MULTIPICKLIST: "a picklist of several values",
        SourceKind.REFERENCE: "the id of another record",
        SourceKind.ID: "the id of a record",
        SourceKind.TIME: "a time of the day",
        SourceKind.TEXTAREA: "a text",
    }
    return words.get(field.kind, f"{article} {field.kind}")
