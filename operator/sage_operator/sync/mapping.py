"""Filling the mapped targets of one record from its row."""

from collections.abc import Mapping
from dataclasses import dataclass

from sage_operator.sync.codes import Code
from sage_operator.sync.coerce import Misfit, as_text, coerce
from sage_operator.sync.compiling import CompiledRule, source_of
from sage_operator.sync.context import PlanContext
from sage_operator.sync.expressions import Expression, ExpressionProblem
from sage_operator.sync.fieldmap import Lookup, OnProblem
from sage_operator.sync.records import Scalar, SourceRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """The mapped values of one record: `values` by target without the empty ones; what was wrong; what was cut.

    `lacking`: the value lists that have no row for a value of the record, whatever became of its target.
    """

    values: Mapping[str, Scalar]
    problems: tuple[Misfit, ...]
    warnings: tuple[str, ...]
    lacking: frozenset[str] = frozenset()


def map_row(row: SourceRow, context: PlanContext, *, creating: bool = True) -> Mapped:
    """Fill every target of the map, collecting all problems rather than the first only.

    Unless `creating`, targets that are written on creation only are left out.
    """
    values: dict[str, Scalar] = {}
    problems: list[Misfit] = []
    warnings: list[str] = []
    lacking: set[str] = set()
    for compiled in context.rules:
        target = compiled.rule.target
        if compiled.rule.only_on_create and not creating:
            continue
        try:
            value = _value(row, compiled, context, warnings, lacking)
        except Misfit as misfit:
            # Its trace leads here, to the list that it is kept in: only the garbage collector would end that.
            problems.append(misfit.with_traceback(None))
            continue
        if value is not None and value != "":
            values[target] = value
        elif compiled.mandatory:
            problems.append(Misfit(Code.MISSING_MANDATORY_FIELD, target, _emptiness(compiled)))
    return Mapped(values=values, problems=tuple(problems), warnings=tuple(warnings), lacking=frozenset(lacking))


class _NoRow(Exception):
    """No row of the list has the value; raised and caught within one target."""

    def __init__(self, list_name: str) -> None:
        super().__init__(f"no row of {list_name}")
        self.list_name = list_name


def _value(
    row: SourceRow, compiled: CompiledRule, context: PlanContext, warnings: list[str], lacking: set[str]
) -> Scalar:
    """Return the value of one target, None if it is empty. This is the hot path: no more calls than needed."""
    rule = compiled.rule
    missed: list[str] = []
    if compiled.expression is not None:
        value = _evaluated(row, compiled.expression, rule.target, context)
        if value is not None and value != "":
            try:
                return _fitting(value, rule.lookup, compiled, context, warnings)
            except _NoRow as absent:
                missed.append(f"{absent} for its expression")
                lacking.add(absent.list_name)
    elif not rule.sources:
        return compiled.default if compiled.constant is None else compiled.constant
    for source in rule.sources:
        value = row.fields.get(source.path)
        if value is None or value == "":
            continue
        try:
            return _fitting(value, source.lookup or rule.lookup, compiled, context, warnings)
        except _NoRow as absent:
            missed.append(f"{absent} for {source.path}")
            lacking.add(absent.list_name)
    if missed:
        detail = ", ".join(missed)
        if rule.on_not_found is not OnProblem.EMPTY:
            raise Misfit(Code.LOOKUP_NOT_FOUND, rule.target, detail)
        warnings.append(f"{rule.target}: left empty, {detail}")
    return compiled.default


def _fitting(
    value: Scalar, lookup: Lookup | None, compiled: CompiledRule, context: PlanContext, warnings: list[str]
) -> Scalar:
    """Return a value as its target takes it: looked up, coerced."""
    if lookup is not None:
        try:
            value = context.lists[lookup.list_name].find(as_text(value), by=lookup.by)
        except Misfit as misfit:
            raise Misfit(misfit.code, compiled.rule.target, f"{misfit.target}: {misfit.detail}") from None
        if value is None:
            raise _NoRow(lookup.list_name)
    fitting, warning = coerce(value, compiled.field, on_too_long=compiled.rule.on_too_long)
    if warning:
        warnings.append(warning)
    return fitting


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


def _emptiness(compiled: CompiledRule) -> str:
    """Say what gives no value."""
    if compiled.expression is not None:
        return "its expression gives nothing"
    return f"{' and '.join(source.path for source in compiled.rule.sources)} empty in Sage"
