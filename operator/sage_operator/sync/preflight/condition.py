"""`spec.accounts.where`, read and held against Sage's fields."""

from sage_operator.sync.entities import Entity
from sage_operator.sync.findings import Finding, FindingKind
from sage_operator.sync.preflight.known import KnownSage
from sage_operator.sync.sources import undescribed
from sage_operator.sync.where import Condition, InvalidCondition, Problem, check_condition, parse_condition, shown

_ACCOUNT = Entity.ACCOUNTS.sage_object


def examine_condition(where: str, sage: KnownSage | None) -> tuple[Condition | None, tuple[Finding, ...]]:
    """Return the condition, None if it can't be used, and what is wrong with it."""
    try:
        condition = parse_condition(where)
    except InvalidCondition as error:
        return None, (_finding(where, Problem(column=error.column, message=error.problem)),)
    if sage is None or undescribed(condition.paths, of=_ACCOUNT, objects=sage.objects):
        return condition, ()  # an object that is not there is told by itself
    findings = tuple(_finding(where, problem) for problem in check_condition(condition, sage.objects, of=_ACCOUNT))
    return (None if any(not finding.is_warning for finding in findings) else condition), findings


def _finding(where: str, problem: Problem) -> Finding:
    line, _, excerpt = shown(where, problem).partition("\n")
    return Finding(
        kind=FindingKind.INVALID_CONDITION,
        subject="accounts.where",
        message=line,
        remedy="If it is meant so, nothing is to be done." if problem.is_warning else "Correct spec.accounts.where.",
        is_warning=problem.is_warning,
        excerpt=excerpt,
    )
