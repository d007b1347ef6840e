"""What has to be known of the remotes to check a spec."""

from collections.abc import Iterable
from contextlib import suppress

from sage_operator.sync.compiling import read_by
from sage_operator.sync.entities import Entity
from sage_operator.sync.expressions import InvalidExpression, compile_expression
from sage_operator.sync.fieldmap import ROOTS, FieldRule, lists_used
from sage_operator.sync.settings import Settings
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


def lists_needed(maps: Iterable[tuple[FieldRule, ...]]) -> tuple[str, ...]:
    """Return the names of the value lists that maps use, and that of the branches; sorted."""
    return tuple(sorted({BRANCHES, *(name for rules in maps for name in lists_used(rules))}))
