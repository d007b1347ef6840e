"""Filling the mapped targets of one record from its row."""

from collections.abc import Mapping
from dataclasses import dataclass

from sage_operator.sync.codes import Code
from sage_operator.sync.coerce import Misfit, as_text, coerce
from sage_operator.sync.context import CompiledRule, PlanContext
from sage_operator.sync.fieldmap import MANDATORY, Lookup, OnProblem
from sage_operator.sync.lookups import LookupTable
from sage_operator.sync.records import Scalar, SourceRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """The mapped values of one record: `values` by target without the empty ones; what was wrong; what was cut."""

    values: Mapping[str, Scalar]
    problems: tuple[Misfit, ...]
    warnings: tuple[str, ...]


def map_row(row: SourceRow, context: PlanContext) -> Mapped:
    """Fill every target of the map, collecting all problems rather than the first only."""
    values: dict[str, Scalar] = {}
    problems: list[Misfit] = []
    warnings: list[str] = []
    for compiled in context.rules:
        try:
            value = _value(row, compiled, context.lists, warnings)
        except Misfit as misfit:
            problems.append(misfit)
            continue
        if value is not None and value != "":
            values[compiled.rule.target] = value
    failed = {problem.target for problem in problems}
    problems.extend(
        Misfit(Code.MISSING_MANDATORY_FIELD, target, _emptiness(target, context))
        for target in MANDATORY[context.entity]
        if target not in values and target not in failed
    )
    return Mapped(values=values, problems=tuple(problems), warnings=tuple(warnings))


def _value(row: SourceRow, compiled: CompiledRule, lists: Mapping[str, LookupTable], warnings: list[str]) -> Scalar:
    """Return the value of one target, None if it is empty."""
    rule = compiled.rule
    if not rule.sources:
        return compiled.constant
    missed: list[str] = []
    for source in rule.sources:
        value = row.fields.get(source.path)
        if value is None or value == "":
            continue
        if source.lookup is not None:
            value = _looked_up(as_text(value), source.lookup, rule.target, lists)
            if value is None:
                missed.append(f"no row of {source.lookup.list_name} for {source.path}")
                continue
        return _coerced(value, compiled, warnings)
    if missed:
        detail = ", ".join(missed)
        if rule.on_not_found is not OnProblem.EMPTY:
            raise Misfit(Code.LOOKUP_NOT_FOUND, rule.target, detail)
        warnings.append(f"{rule.target}: left empty, {detail}")
    if rule.default is None or rule.default == "":
        return None
    return _coerced(rule.default, compiled, warnings)


def _coerced(value: Scalar, compiled: CompiledRule, warnings: list[str]) -> Scalar:
    fitting, warning = coerce(value, compiled.field, on_too_long=compiled.rule.on_too_long)
    if warning:
        warnings.append(warning)
    return fitting


def _looked_up(text: str, lookup: Lookup, target: str, lists: Mapping[str, LookupTable]) -> int | None:
    try:
        return lists[lookup.list_name].find(text, by=lookup.by)
    except Misfit as misfit:
        raise Misfit(misfit.code, target, f"{misfit.target}: {misfit.detail}") from None


def _emptiness(target: str, context: PlanContext) -> str:
    """Say which Sage fields are empty."""
    paths = [s.path for c in context.rules if c.rule.target == target for s in c.rule.sources]
    return f"{' and '.join(paths)} empty in Sage" if paths else "the map gives it no value"
