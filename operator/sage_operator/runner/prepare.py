"""Before anything is read: who the remotes are, who belongs to whom, and what the maps mean in this tenant."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sage_operator.runner.describing import scope_condition
from sage_operator.runner.ports import Remotes, Source, Target
from sage_operator.sync.context import CompiledRule, PlanContext, compile_rules
from sage_operator.sync.entities import Entity
from sage_operator.sync.errors import ClockSkew, InvalidUserMap, SchemaMismatch
from sage_operator.sync.fieldmap import lists_used
from sage_operator.sync.lookups import LookupTable
from sage_operator.sync.scope import Scope
from sage_operator.sync.settings import EntitySettings, Settings
from sage_operator.sync.targets import TargetSchema, ValueList
from sage_operator.sync.users import Associations, associate

MAX_SKEW = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What the remotes and the spec say together.

    Attributes:
        tenant: fingerprint of the ForceManager tenant.
        fingerprint: of both remotes.
        now: `T`, on Sage's clock, UTC.
        lists: the value lists that the maps use.
        branches: by entity, the branch of created records; None where the schema has none.
        warnings: what may be a mistake of the scope.
    """

    tenant: str
    fingerprint: str
    now: datetime
    users: Associations
    scope: Scope
    rules: Mapping[Entity, tuple[CompiledRule, ...]]
    lists: tuple[ValueList, ...]
    branches: Mapping[Entity, int | None]
    warnings: tuple[str, ...] = ()

    def context(self, settings: Settings, entity: EntitySettings, *, hash_key: bytes) -> PlanContext:
        """Return what planning one entity rests on."""
        return PlanContext(
            entity=entity.entity,
            rules=self.rules[entity.entity],
            lists={values.name: LookupTable.of(values) for values in self.lists},
            users=self.users,
            branch_id=self.branches[entity.entity],
            read_only=entity.read_only,
            reassign=settings.reassign,
            hash_key=hash_key,
            now=self.now,
        )


async def prepare(settings: Settings, remotes: Remotes, *, now: datetime, strict_users: bool) -> Prepared:
    """Reach both remotes and resolve the spec against them. Nothing is written.

    `strict_users`: the spec's pairs have not been proven yet, so one that matches nobody is a mistake; later it is
    drift, and only a warning.

    Raises:
        ClockSkew, InvalidUserMap, InvalidScope, InvalidFieldMap, SchemaMismatch, and what the remotes raise.
    """
    source, target = remotes.source, remotes.target
    async with asyncio.TaskGroup() as both:
        organisation, tenant = both.create_task(source.identify()), both.create_task(target.identify())
    if abs(source.clock - now) > MAX_SKEW:
        raise ClockSkew("Sage's clock and the operator's differ by more than an hour.")
    users = await _associate(settings, source=source, target=target, strict=strict_users)
    where, warnings = await scope_condition(settings.where, source) if settings.where is not None else (None, ())
    async with asyncio.TaskGroup() as together:
        asked = {e.entity: together.create_task(target.schema(e.entity)) for e in settings.entities}
        branch = together.create_task(_branch(settings.branch, target))
    schemas = {entity: task.result() for entity, task in asked.items()}
    rules = {e.entity: compile_rules(e.entity, e.rules, schemas[e.entity]) for e in settings.entities}
    names = sorted({name for entity in rules.values() for name in lists_used(c.rule for c in entity)})
    async with asyncio.TaskGroup() as together:
        lists = [together.create_task(target.value_list(name)) for name in names]
    return Prepared(
        tenant=tenant.result(),
        fingerprint=f"{organisation.result()}/{tenant.result()}",
        now=source.clock,
        users=users,
        scope=Scope(owner_ids=None if settings.all_accounts else users.owner_ids, where=where),
        warnings=warnings,
        rules=rules,
        lists=tuple(task.result() for task in lists),
        branches={
            e.entity: branch.result() if _has_branch(e.entity, schemas[e.entity]) else None for e in settings.entities
        },
    )


def _has_branch(entity: Entity, schema: TargetSchema) -> bool:
    """Accounts always have a branch; whether contacts do differs between ForceManager's own descriptions."""
    return entity is Entity.ACCOUNTS or "branchId" in schema.fields


async def _associate(settings: Settings, *, source: Source, target: Target, strict: bool) -> Associations:
    """Associate users; a pair that matches nobody is looked for once more in a fresh list before it counts."""
    sage_users = await source.users()
    for fresh in (False, True):
        users = associate(
            settings.pairs,
            by_email=settings.match_by_email,
            fallback=settings.fallback,
            sage=sage_users,
            force_manager=await target.users(fresh=fresh),
        )
        if not users.problems:
            break
    if users.problems and strict:
        raise InvalidUserMap(f"{'; '.join(users.problems)}.")
    return users


async def _branch(branch: str, target: Target) -> int:
    """Find the branch by label or id, once more in a fresh list if it is not there."""
    for fresh in (False, True):
        values = await target.value_list("branches", fresh=fresh)
        found = _row(branch, values)
        if found is not None:
            return found
    labels = sorted({min(row.labels) for row in values.rows if row.labels})
    shown = ", ".join(f"`{label}`" for label in labels[:5]) + (" …" if len(labels) > 5 else "")
    raise SchemaMismatch(
        f"ForceManager has no branch `{branch}`.", remedy=f"Set spec.forceManager.branch to one of {shown}."
    )


def _row(branch: str, values: ValueList) -> int | None:
    if branch.isdecimal() and int(branch) in {row.id for row in values.rows}:
        return int(branch)
    return LookupTable.of(values).find(branch)
