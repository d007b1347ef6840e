"""Before anything is read: who the remotes are, who belongs to whom, and what the maps mean in this tenant."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sage_operator.runner.payments import Payments
from sage_operator.runner.ports import Remotes
from sage_operator.runner.preflight import preflight
from sage_operator.sync.compiling import CompiledRule
from sage_operator.sync.context import PlanContext
from sage_operator.sync.entities import Entity
from sage_operator.sync.errors import ClockSkew
from sage_operator.sync.findings import Finding
from sage_operator.sync.lookups import LookupTable
from sage_operator.sync.payments.compiling import CompiledFigure
from sage_operator.sync.payments.reading import Company
from sage_operator.sync.scope import Scope
from sage_operator.sync.settings import EntitySettings, Settings
from sage_operator.sync.targets import TargetSchema, ValueList
from sage_operator.sync.users import Associations

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
        warnings: what may be a mistake, the gravest first.
        company: whose documents count; None without payments.
        figures: what of payments is written to accounts.
    """

    tenant: str
    fingerprint: str
    now: datetime
    users: Associations
    scope: Scope
    rules: Mapping[Entity, tuple[CompiledRule, ...]]
    lists: tuple[ValueList, ...]
    branches: Mapping[Entity, int | None]
    warnings: tuple[Finding, ...] = ()
    company: Company | None = None
    figures: tuple[CompiledFigure, ...] = ()

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

    def payments(self, settings: Settings, *, hash_key: bytes) -> Payments | None:
        """Return the payments of the run; None if none are synchronised."""
        if settings.payments is None or self.company is None:
            return None
        return Payments.of(
            settings.payments,
            company=self.company,
            figures=self.figures,
            scope=self.scope,
            hash_key=hash_key,
            now=self.now,
        )


async def prepare(settings: Settings, remotes: Remotes, *, now: datetime, strict_users: bool) -> Prepared:
    """Reach both remotes and hold the spec against them. Nothing is written, and no record is read.

    `strict_users`: the spec's pairs have not been proven yet, so one that matches nobody is a mistake; later it is
    drift, and only a warning.

    Raises:
        Blocked: something is wrong; all that is, is told at once.
        ClockSkew, and what remotes raise that can't be reached.
    """
    examined, known = await preflight(settings, remotes, strict_users=strict_users)
    sage, tenant = known.sage, known.force_manager
    # A remote's `Date` is known once it has answered a query; one that has refused is a finding.
    if sage is not None and abs(remotes.source.clock - now) > MAX_SKEW:
        raise ClockSkew("Sage's clock and the operator's differ by more than an hour.")
    examined.refuse()
    if sage is None or tenant is None or examined.users is None:
        raise RuntimeError("a remote is not known, and nothing was found")
    return Prepared(
        tenant=tenant.tenant,
        fingerprint=f"{sage.organisation}/{tenant.tenant}",
        now=remotes.source.clock,
        users=examined.users,
        scope=Scope(owner_ids=None if settings.all_accounts else examined.users.owner_ids, where=examined.condition),
        warnings=examined.warnings,
        company=sage.company,
        figures=examined.figures,
        rules=examined.rules,
        lists=examined.lists,
        branches={
            entity: examined.branch_id if _has_branch(entity, schema) else None
            for entity, schema in tenant.schemas.items()
        },
    )


def _has_branch(entity: Entity, schema: TargetSchema) -> bool:
    """Accounts always have a branch; whether contacts do differs between ForceManager's own descriptions."""
    return entity is Entity.ACCOUNTS or "branchId" in schema.fields
