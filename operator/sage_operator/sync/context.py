"""Everything that planning the records of one entity needs besides the records: compiled once a run."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sage_operator.sync.coerce import Misfit, coerce
from sage_operator.sync.entities import Entity
from sage_operator.sync.errors import InvalidFieldMap
from sage_operator.sync.fieldmap import MANDATORY, FieldRule, OnProblem, source_paths
from sage_operator.sync.lookups import LookupTable
from sage_operator.sync.records import Scalar
from sage_operator.sync.targets import FieldKind, TargetField, TargetSchema
from sage_operator.sync.users import Associations


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledRule:
    """A rule with what it writes to; `constant` is coerced already."""

    rule: FieldRule
    field: TargetField
    constant: Scalar = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanContext:
    """What the plan of one entity rests on.

    Attributes:
        rules: the effective map.
        lists: by name, the value lists that the map looks values up in.
        branch_id: of created records; None where the tenant's schema of the entity has no branch.
        read_only: records are marked as not editable in ForceManager.
        reassign: the sales rep follows the owner in Sage after creation too.
        hash_key: secret of the ledger's scope.
        now: `T`, UTC; rejects are put off from it.
    """

    entity: Entity
    rules: tuple[CompiledRule, ...]
    lists: Mapping[str, LookupTable]
    users: Associations
    branch_id: int | None
    read_only: bool
    reassign: bool
    hash_key: bytes
    now: datetime

    @property
    def sources(self) -> tuple[str, ...]:
        """The Sage fields to read."""
        return source_paths(compiled.rule for compiled in self.rules)


def compile_rules(entity: Entity, rules: tuple[FieldRule, ...], schema: TargetSchema) -> tuple[CompiledRule, ...]:
    """Fit a field map to the tenant's schema.

    A preset's target that the tenant lacks is left out. A custom field (`Z_…`) that the schema does not list is taken
    as it is: whether `/schema` lists custom fields is not documented.

    Raises:
        InvalidFieldMap: every mistake of the map in one message.
    """
    compiled: list[CompiledRule] = []
    mistakes: list[str] = []
    for rule in rules:
        field = schema.fields.get(rule.target)
        if field is None and rule.target.startswith("Z_"):
            field = TargetField(name=rule.target, kind=FieldKind.UNKNOWN)
        if field is None:
            if not rule.from_preset:
                mistakes.append(f"`{rule.target}` is no field of ForceManager's {entity}")
        elif field.read_only:
            if not rule.from_preset:
                mistakes.append(f"`{rule.target}` can't be written in ForceManager")
        else:
            try:
                compiled.append(_compiled(rule, field))
            except Misfit as misfit:
                mistakes.append(f"`{misfit.target}`: its `value` does not fit, {misfit.detail}")
    present = {item.rule.target for item in compiled}
    mistakes += [f"mandatory target `{name}` has no entry" for name in MANDATORY[entity] if name not in present]
    if mistakes:
        raise InvalidFieldMap(f"{entity.capitalize()}: {'; '.join(mistakes)}.")
    return tuple(compiled)


def _compiled(rule: FieldRule, field: TargetField) -> CompiledRule:
    if rule.sources or rule.constant in (None, ""):
        return CompiledRule(rule=rule, field=field)
    value, _ = coerce(rule.constant, field, on_too_long=OnProblem.REJECT)  # never cut: it is wrong for every record
    return CompiledRule(rule=rule, field=field, constant=value)
