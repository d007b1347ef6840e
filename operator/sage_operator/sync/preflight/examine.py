"""A spec held against what is known: everything that is wrong at once, and what a run then works with."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sage_operator.sync.coerce import Misfit
from sage_operator.sync.compiling import CompiledRule, applicable, compile_map, refuse
from sage_operator.sync.entities import Entity
from sage_operator.sync.fieldmap import lists_used
from sage_operator.sync.findings import Finding, FindingKind, by_importance, errors_of, warnings_of
from sage_operator.sync.likeness import nearest
from sage_operator.sync.lookups import USERS, LookupTable, user_list
from sage_operator.sync.payments.compiling import CompiledFigure, compile_figures, with_demands, without_figures
from sage_operator.sync.preflight.condition import examine_condition
from sage_operator.sync.preflight.known import Known, KnownForceManager, KnownSage
from sage_operator.sync.preflight.needs import BRANCHES, branch_of_users, paths_needed
from sage_operator.sync.preflight.offered import examine_offered
from sage_operator.sync.preflight.origins import examine_sources, source_types
from sage_operator.sync.preflight.people import examine_users
from sage_operator.sync.preflight.trade import examine_trade
from sage_operator.sync.settings import EntitySettings, Settings
from sage_operator.sync.sources import undescribed
from sage_operator.sync.targets import FieldKind, TargetField, TargetSchema, ValueList
from sage_operator.sync.users import Associations
from sage_operator.sync.where import Condition

LITTLE_QUOTA = 0.05
"""The part of the day's API requests below which a warning is due."""

_OF_SHARED_MAPS = frozenset({FindingKind.SHARED_MAP_NOT_FOUND, FindingKind.INVALID_SHARED_MAP})


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What an examination has shown.

    Attributes:
        findings: errors, then warnings, the gravest first.
        users: None if one of the remotes is not known.
        condition: None if there is none, or it can't be used.
        rules: by entity, the entries of the effective map that fit; empty if ForceManager is not known.
        branch_id: of created records; None if it is not known.
        lists: the value lists that the maps use.
        figures: what of payments is written to accounts, as far as it fits.
    """

    findings: tuple[Finding, ...]
    users: Associations | None
    condition: Condition | None
    rules: Mapping[Entity, tuple[CompiledRule, ...]]
    branch_id: int | None
    lists: tuple[ValueList, ...]
    figures: tuple[CompiledFigure, ...] = ()

    @property
    def errors(self) -> tuple[Finding, ...]:
        """What stops the integration."""
        return errors_of(self.findings)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What stops nothing."""
        return warnings_of(self.findings)

    def refuse(self) -> None:
        """Do nothing if nothing but warnings was found.

        Raises:
            Blocked: of the kind of the gravest finding, with all errors.
        """
        refuse(self.findings)


def examine(settings: Settings, findings: Iterable[Finding], known: Known, *, strict_users: bool = True) -> Examined:
    """Hold a spec against what is known of both remotes.

    Args:
        settings: the spec with its maps merged.
        findings: what was found already while merging, and while reaching the remotes.
        known: what is not known is not checked; an object or list that a spec needs, and that a known remote has
            neither told nor denied, is a finding of its own (`NotChecked`).
        strict_users: the spec's pairs have not been proven yet; otherwise a miss is drift, and only a warning.
    """
    found = list(findings)
    sage, tenant = known.sage, known.force_manager
    users: Associations | None = None
    if sage is not None and tenant is not None:
        users, about_users = examine_users(settings, sage.users, tenant.users, strict=strict_users)
        found += about_users
    condition: Condition | None = None
    if settings.where is not None:
        condition, about_condition = examine_condition(settings.where, sage)
        found += about_condition
    if sage is not None:
        found += (*_about_sage(settings, sage), *examine_offered(settings, sage))
        told = sage.company is not None or sage.companies is not None
        if settings.payments is not None and not told and all(f.subject != "sage.company" for f in found):
            found.append(_not_checked("sage", "the list of companies"))
        if settings.payments is not None and sage.trade is not None:
            found += examine_trade(settings.payments, sage.trade)
    branch_id: int | None = None
    if tenant is not None:
        branch_id, about_branch = _branch(settings.branch, tenant)
        found += about_branch
    settings, twice = _without_figures(settings)
    figures, unfit = _figures(settings, tenant)
    found += (*twice, *unfit)
    maps = [_Map.examined(entity, sage, tenant) for entity in settings.entities]
    for each in maps:
        found += each.findings
    if settings.payments is not None:
        found = list(with_demands(found, settings.payments.rules))
    names = {name for each in maps for name in lists_used(c.rule for c in each.rules)}
    return Examined(
        findings=_without_echoes(found),
        users=users,
        condition=condition,
        rules={each.entity: each.rules for each in maps},
        branch_id=branch_id,
        lists=tuple(values for name, values in sorted(_lists(tenant).items()) if name in names),
        figures=figures,
    )


def _without_figures(settings: Settings) -> tuple[Settings, tuple[Finding, ...]]:
    """Return the settings with a map of accounts that leaves the targets of figures to them."""
    if settings.payments is None:
        return settings, ()
    accounts = next(each for each in settings.entities if each.entity is Entity.ACCOUNTS)
    rules, findings = without_figures(accounts.rules, settings.payments.rules)
    others = tuple(each for each in settings.entities if each is not accounts)
    return replace(settings, entities=(replace(accounts, rules=rules), *others)), findings


def _figures(
    settings: Settings, tenant: KnownForceManager | None
) -> tuple[tuple[CompiledFigure, ...], tuple[Finding, ...]]:
    schema = tenant.schemas.get(Entity.ACCOUNTS) if tenant is not None else None
    if settings.payments is None or schema is None:
        return (), ()
    return compile_figures(settings.payments.rules, schema)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Map:
    """The map of an entity, examined."""

    entity: Entity
    rules: tuple[CompiledRule, ...]
    findings: tuple[Finding, ...]

    @classmethod
    def examined(cls, settings: EntitySettings, sage: KnownSage | None, tenant: KnownForceManager | None) -> "_Map":
        entity, lists = settings.entity, _lists(tenant)
        schema = tenant.schemas.get(entity) if tenant is not None else None
        tables = {name: LookupTable.of(values) for name, values in lists.items()}
        rules = applicable(settings.rules, schema) if schema is not None else settings.rules
        # Nobody has said that they are not there.
        untold = frozenset(lists_used(rules)) - lists.keys() - (tenant.absent if tenant is not None else frozenset())
        compiled, findings = compile_map(
            entity,
            settings.rules,
            schema if schema is not None else _permissive(settings),
            tables,
            source_types=source_types(entity, settings.rules, sage),
            untold=untold,
        )
        found = list(findings)
        if tenant is not None:
            found += [_not_checked("forceManager", f"the value list `{name}`") for name in sorted(untold)]
            found += [_not_checked("forceManager", f"ForceManager's {entity}")] if schema is None else []
        if sage is not None:
            found += examine_sources(entity, rules, schema, sage)
        return cls(entity=entity, rules=compiled if schema is not None else (), findings=tuple(found))


def _lists(tenant: KnownForceManager | None) -> dict[str, ValueList]:
    return {} if tenant is None else {**tenant.lists, USERS: user_list(tenant.users)}


def _permissive(settings: EntitySettings) -> TargetSchema:
    """Return a schema that takes everything: that of a tenant of which nothing is known."""
    targets = (rule.target for rule in settings.rules)
    return TargetSchema(fields={target: TargetField(name=target, kind=FieldKind.UNKNOWN) for target in targets})


def _about_sage(settings: Settings, sage: KnownSage) -> Iterable[Finding]:
    """Yield what is wrong with objects and quota."""
    missing: set[str] = set()
    for each in settings.entities:
        of = each.entity.sage_object
        missing |= undescribed(paths_needed(settings, each.entity), of=of, objects=sage.objects)
    for name in sorted(missing):
        if name in sage.absent:
            yield Finding(
                kind=FindingKind.OBJECT_NOT_READABLE,
                subject="sage",
                message=f"there is no object {name}, or it is hidden from the integration user",
                remedy="In Salesforce's Setup give the integration user (the app's Run As user) a permission set"
                f" with Read on {name}.",
            )
        else:
            yield _not_checked("sage", f"the object {name}")
    if sage.quota_left is not None and sage.quota_left < LITTLE_QUOTA:
        yield Finding(
            kind=FindingKind.QUOTA_TOO_SMALL,
            subject="sage",
            message=f"less than {LITTLE_QUOTA:.0%} of the organisation's API requests of 24 hours are left",
            remedy="All its applications share them; a longer spec.interval needs fewer.",
            is_warning=True,
        )


def _not_checked(subject: str, what: str) -> Finding:
    return Finding(
        kind=FindingKind.NOT_CHECKED,
        subject=subject,
        message=f"{what} is not in the schema, so what refers to it was not checked",
        remedy="Write the schema anew: `sage-operator schema export`.",
        is_warning=True,
    )


def _branch(branch: str, tenant: KnownForceManager) -> tuple[int | None, tuple[Finding, ...]]:
    """Find the branch by label or id."""
    branches = tenant.lists.get(BRANCHES)
    if branches is None and (of_users := branch_of_users(branch, tenant.users)) is not None:
        return of_users, ()
    rows = branches.rows if branches is not None else ()
    message = f"ForceManager has no branch `{branch}`"
    try:
        if branch.isdecimal() and int(branch) in {row.id for row in rows}:
            return int(branch), ()
        found = LookupTable.of(branches).find(branch) if branches is not None else None
    except Misfit as several:
        found, message = None, f"`{branch}` is no unambiguous branch: {several.detail}"
    if found is not None:
        return found, ()
    labels = sorted({min(row.labels) for row in rows if row.labels})
    shown = ", ".join(f"`{label}`" for label in labels[:5]) + (" …" if len(labels) > 5 else "")
    near = nearest(branch, labels)
    remedy = f"Set spec.forceManager.branch to one of {shown}" if shown else "Create a branch in ForceManager"
    finding = Finding(
        kind=FindingKind.BRANCH_NOT_FOUND,
        subject="forceManager.branch",
        message=message,
        remedy=f"{remedy}; did you mean `{near}`?" if near else f"{remedy}.",
    )
    return None, (finding,)


def _without_echoes(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings without those that follow from others: what a shared map would fill that is not there."""
    findings = tuple(findings)
    incomplete = {f.subject.partition(".")[0] for f in findings if f.kind in _OF_SHARED_MAPS}
    return by_importance(
        f
        for f in findings
        if f.kind is not FindingKind.MANDATORY_TARGET_MISSING or f.subject.partition(".")[0] not in incomplete
    )
