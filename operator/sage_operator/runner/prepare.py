"""Before anything is read: who the remotes are, who belongs to whom, and what the maps mean in this tenant."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sage_operator.runner.describing import scope_condition
from sage_operator.runner.ports import Remotes, Source, Target
from sage_operator.sync.compiling import CompiledRule, applicable, compile_map, refuse
from sage_operator.sync.context import PlanContext
from sage_operator.sync.entities import Entity
from sage_operator.sync.errors import ClockSkew, InvalidUserMap, SchemaMismatch
from sage_operator.sync.fieldmap import lists_used
from sage_operator.sync.findings import Finding, FindingKind, by_importance
from sage_operator.sync.lookups import USERS, LookupTable, user_list
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
    rules, lists = await _compile(settings, schemas, target)
    return Prepared(
        tenant=tenant.result(),
        fingerprint=f"{organisation.result()}/{tenant.result()}",
        now=source.clock,
        users=users,
        scope=Scope(owner_ids=None if settings.all_accounts else users.owner_ids, where=where),
        warnings=warnings,
        rules=rules,
        lists=lists,
        branches={
            e.entity: branch.result() if _has_branch(e.entity, schemas[e.entity]) else None for e in settings.entities
        },
    )


async def _compile(
    settings: Settings, schemas: Mapping[Entity, TargetSchema], target: Target
) -> tuple[dict[Entity, tuple[CompiledRule, ...]], tuple[ValueList, ...]]:
    """Fit the maps to the tenant; what they lack in the value lists is looked for once more in fresh ones."""
    names = {name for e in settings.entities for name in lists_used(applicable(e.rules, schemas[e.entity]))}
    rules: dict[Entity, tuple[CompiledRule, ...]] = {}
    lists: tuple[ValueList, ...] = ()
    findings: list[Finding] = []
    for fresh in (False, True):
        lists = await _value_lists(sorted(names), target, fresh=fresh)
        tables = {values.name: LookupTable.of(values) for values in lists}
        findings = []
        for e in settings.entities:
            rules[e.entity], found = compile_map(e.entity, e.rules, schemas[e.entity], tables)
            findings += found
        if not names or not any(finding.kind is FindingKind.INVALID_VALUE for finding in findings):
            break
    refuse(by_importance(findings))
    return rules, lists


async def _value_lists(names: Iterable[str], target: Target, *, fresh: bool) -> tuple[ValueList, ...]:
    """Read value lists; one that the tenant does not have is absent."""
    async with asyncio.TaskGroup() as together:
        asked = [together.create_task(_value_list(name, target, fresh=fresh)) for name in names]
    return tuple(values for task in asked if (values := task.result()) is not None)


async def _value_list(name: str, target: Target, *, fresh: bool) -> ValueList | None:
    if name == USERS:
        return user_list(tuple(await target.users(fresh=fresh)))
    try:
        return await target.value_list(name, fresh=fresh)
    except SchemaMismatch:
        return None


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
