"""What has to be known of the remotes to check a spec."""

from collections.abc import Iterable
from contextlib import suppress

from sage_operator.sync.compiling import read_by
from sage_operator.sync.entities import Entity
from sage_operator.sync.expressions import InvalidExpression, compile_expression
from sage_operator.sync.fieldmap import ROOTS, FieldRule, lists_used
from sage_operator.sync.settings import Settings
from sage_operator.sync.users import ForceManagerUser
from sage_operator.sync.where import InvalidCondition, parse_condition

BRANCHES = "branches"


def paths_of(rule: FieldRule, entity: Entity) -> tuple[str, ...]:
    """Return the Sage fields that a rule reads, in its order; an expression that can't be read reads nothing."""
    expression = None
    if rule.expression is not None:
        with suppress(InvalidExpression):
            expression = compile_expression(rule.expression, roots=ROOTS[entity])
    return read_by(rule, expression)


def paths_needed(settings: Settings, entity: Entity) -> tuple[str, ...]:
    """Return the Sage fields, from the entity's object on, that map and condition name; sorted."""
    rules = (rule for each in settings.entities if each.entity is entity for rule in each.rules)
    paths = {path for rule in rules for path in paths_of(rule, entity)}
    if entity is Entity.ACCOUNTS and settings.where is not None:
        with suppress(InvalidCondition):  # it is told when it is examined
            paths.update(parse_condition(settings.where).paths)
    return tuple(sorted(paths))


def lists_needed(settings: Settings, users: Iterable[ForceManagerUser] = ()) -> tuple[str, ...]:
    """Return the names of the value lists that maps use, and that of the branches unless users tell ours; sorted."""
    names = {name for each in settings.entities for name in lists_used(each.rules)}
    return tuple(sorted(names if branch_of_users(settings.branch, users) is not None else {BRANCHES, *names}))


def branch_of_users(branch: str, users: Iterable[ForceManagerUser]) -> int | None:
    """Return the id of the branch that is meant, if it is that of active users; None if they don't tell."""
    wanted = branch.strip().casefold()
    found = {
        user.branch_id
        for user in users
        if user.active and user.branch_id is not None and wanted in {user.branch.casefold(), str(user.branch_id)}
    }
    return found.pop() if len(found) == 1 else None
