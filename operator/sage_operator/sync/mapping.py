"""Filling the mapped targets of one record from its row."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sage_operator.sync.codes import Code
from sage_operator.sync.coerce import Misfit, as_text, coerce
from sage_operator.sync.compiling import CompiledRule, source_of
from sage_operator.sync.context import PlanContext
from sage_operator.sync.expressions import Expression, ExpressionProblem
from sage_operator.sync.fieldmap import Lookup, OnProblem
from sage_operator.sync.lookups import LookupTable
from sage_operator.sync.records import Scalar, SourceRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """The mapped values of one record: `values` by target without the empty ones; what was wrong; what was cut."""

    values: Mapping[str, Scalar]
    problems: tuple[Misfit, ...]
    warnings: tuple[str, ...]


def map_row(row: SourceRow, context: PlanContext, *, creating: bool = True) -> Mapped:
    """Fill every target of the map, collecting all problems rather than the first only.

    Unless `creating`, targets that are written on creation only are left out.
    """
    values: dict[str, Scalar] = {}
    problems: list[Misfit] = []
    warnings: list[str] = []
    for compiled in context.rules:
        target = compiled.rule.target
        if compiled.rule.only_on_create and not creating:
            continue
        try:
            value = _value(row, compiled, context, warnings)
        except Misfit as misfit:
            problems.append(misfit)
            continue
        if value is not None and value != "":
            values[target] = value
        elif compiled.mandatory:
            problems.append(Misfit(Code.MISSING_MANDATORY_FIELD, target, _emptiness(compiled)))
    return Mapped(values=values, problems=tuple(problems), warnings=tuple(warnings))


def _value(row: SourceRow, compiled: CompiledRule, context: PlanContext, warnings: list[str]) -> Scalar:
    """Return the value of one target, None if it is empty."""
    rule = compiled.rule
    if rule.is_constant:
        return compiled.default if compiled.constant is None else compiled.constant
    missed: list[str] = []
    for value, lookup, origin in _candidates(row, compiled, context):
        if value is None or value == "":
            continue
        if lookup is None:
            return _coerced(value, compiled, warnings)
        found = _looked_up(as_text(value), lookup, rule.target, context.lists)
        if found is not None:
            return _coerced(found, compiled, warnings)
        missed.append(f"no row of {lookup.list_name} for {origin}")
    if missed:
        detail = ", ".join(missed)
        if rule.on_not_found is not OnProblem.EMPTY:
            raise Misfit(Code.LOOKUP_NOT_FOUND, rule.target, detail)
        warnings.append(f"{rule.target}: left empty, {detail}")
    return compiled.default


def _candidates(
    row: SourceRow, compiled: CompiledRule, context: PlanContext
) -> Iterator[tuple[Scalar, Lookup | None, str]]:
    """Yield each value that may fill a target, how it is looked up, and where it is from."""
    rule = compiled.rule
    for source in rule.sources:
        yield row.fields.get(source.path), source.lookup or rule.lookup, source.path
    if compiled.expression is not None:
        yield _evaluated(row, compiled.expression, rule.target, context), rule.lookup, "its expression"


def _evaluated(row: SourceRow, expression: Expression, target: str, context: PlanContext) -> Scalar:
    """Return what an expression gives for a row; what is read of a user who is not there is null."""
    bound: dict[str, dict[str, Scalar]] = {}
    for root, path in expression.paths:
        if root == "user":
            user = context.user_of(row)
            value: Scalar = getattr(user, path) if user is not None else None
        else:
            value = row.fields.get(source_of(root, path))
        bound.setdefault(root, {})[path] = value
    try:
        return expression.evaluate(bound)
    except ExpressionProblem as problem:
        raise Misfit(Code.EXPRESSION_FAILED, target, str(problem)) from None


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


def _emptiness(compiled: CompiledRule) -> str:
    """Say what gives no value."""
    if compiled.expression is not None:
        return "its expression gives nothing"
    return f"{' and '.join(source.path for source in compiled.rule.sources)} empty in Sage"
