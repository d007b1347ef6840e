"""What Sage tells of the fields that a spec names, and the condition held against it."""

from collections.abc import Iterable, Sequence

from sage_operator.runner.ports import Source
from sage_operator.sync.entities import Entity
from sage_operator.sync.errors import InvalidScope
from sage_operator.sync.findings import Finding, FindingKind
from sage_operator.sync.sources import Described, SourceObject, undescribed
from sage_operator.sync.where import Condition, InvalidCondition, Problem, check_condition, parse_condition, shown

_WHERE = "spec.accounts.where"
_ACCOUNT = Entity.ACCOUNTS.sage_object


async def described(source: Source, paths: Iterable[str], *, of: str, fresh: bool = False) -> Described:
    """Return the descriptions of an object and of the parents on the way of paths, as far as they exist.

    Raises:
        SchemaMismatch: one of them does not exist, or is hidden.
    """
    paths = tuple(paths)
    objects: dict[str, SourceObject] = {}
    while missing := undescribed(paths, of=of, objects=objects):
        for name in sorted(missing):
            objects[name] = await source.describe(name, fresh=fresh)
    return objects


async def scope_condition(where: str, source: Source) -> tuple[Condition, tuple[str, ...]]:
    """Return the condition of a spec, and warnings. A mistake is looked for once more in fresh descriptions.

    Raises:
        InvalidScope: it is no condition, or it does not fit Sage's fields; with every mistake as a finding.
        SchemaMismatch: an object that it needs does not exist, or is hidden.
    """
    try:
        condition = parse_condition(where)
    except InvalidCondition as error:
        raise _invalid(where, [Problem(column=error.column, message=error.problem)]) from None
    for fresh in (False, True):
        objects = await described(source, condition.paths, of=_ACCOUNT, fresh=fresh)
        problems = check_condition(condition, objects, of=_ACCOUNT)
        mistakes = [problem for problem in problems if not problem.is_warning]
        if not mistakes:
            return condition, tuple(f"{_WHERE}, column {p.column}: {p.message}" for p in problems)
    raise _invalid(where, mistakes)


def _invalid(where: str, mistakes: Sequence[Problem]) -> InvalidScope:
    """Say what is wrong, and where; each problem says what to write instead."""
    findings = [
        Finding(
            kind=FindingKind.INVALID_CONDITION,
            subject="accounts.where",
            message=f"the condition, column {mistake.column}: {mistake.message}",
            remedy=f"Correct {_WHERE}.",
        )
        for mistake in mistakes
    ]
    message = "\n".join(f"{_WHERE}, {shown(where, mistake)}" for mistake in mistakes)
    return InvalidScope(message, remedy="", findings=findings)
