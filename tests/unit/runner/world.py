"""Everything that a run meets, in memory, and what it must come to."""

import operator
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from sage_operator.runner.ports import Remotes
from sage_operator.runner.progress import Progress
from sage_operator.runner.report import RunReport
from sage_operator.runner.run import Runner
from sage_operator.sync.entities import Entity, RecordStatus, Trigger
from sage_operator.sync.fieldmap import FieldRule, from_constant, from_field, merge
from sage_operator.sync.payments.periods import PeriodKind
from sage_operator.sync.payments.settings import Figure, FigureRule, OnVoid, PaymentSettings, PaymentStatus
from sage_operator.sync.records import OutcomeKind, Scalar, WriteItem
from sage_operator.sync.settings import EntitySettings, Settings
from sage_operator.sync.state import RunHeader
from sage_operator.sync.users import Pair

from .crm_tenant import FIGURES, MADRID, MemoryTarget, Tenant, Verdict
from .expected_figures import expected_figures
from .life import Clock, Life
from .memory_ledger import Disk, MemoryLedger
from .sage_org import ANA, BEN, EVE, MemorySource, Organisation
from .trade import CREDIT, INVOICE, SUBMITTED

REPS = {ANA: 51, BEN: 52, EVE: 53}


PAYMENTS = PaymentSettings(
    time_zone="Europe/Madrid",
    signs={INVOICE: 1, CREDIT: -1},
    rules=(
        FigureRule(target="Z_Status", figure=Figure.STATUS),
        FigureRule(target="Z_Outstanding", figure=Figure.OUTSTANDING),
        FigureRule(target="Z_Overdue", figure=Figure.OVERDUE),
        FigureRule(target="Z_Documents", figure=Figure.DOCUMENTS, period=PeriodKind.YEAR),
        FigureRule(target="Z_LastPayment", figure=Figure.LAST_PAYMENT_DATE),
        FigureRule(target="Z_CreditLimit", figure=Figure.CREDIT_LIMIT),
    ),
)


WITH_SALES = replace(PAYMENTS, sales=True)

FEWER_FIGURES = replace(PAYMENTS, rules=PAYMENTS.rules[:3])
"""Without credit limits, which then are not read."""


def all_well(_entity: Entity, _item: WriteItem) -> Verdict:
    """Let a write succeed."""
    return OutcomeKind.DONE


@dataclass(slots=True)
class World:
    """Sage, ForceManager, the disk, the clock, and the spec: `comment` is a constant of the map."""

    clock: Clock = field(default_factory=Clock)
    comment: str = "from Sage"
    associated: tuple[str, ...] = (ANA, BEN)
    where: str | None = None
    payments: PaymentSettings | None = None
    sage: Organisation = field(init=False)
    tenant: Tenant = field(init=False)
    disk: Disk = field(default_factory=Disk)
    runs: int = 0
    deletions: int = 0
    left_open: int = 0
    open_ledger: Callable[[Life], Any] = field(init=False)
    source: MemorySource = field(init=False)
    target: MemoryTarget = field(init=False)
    ledger: Any = field(init=False)
    progress: Progress = field(init=False)

    def __post_init__(self) -> None:
        """Share the clock."""
        self.sage = Organisation(self.clock)
        self.tenant = Tenant(clock=self.clock)
        self.open_ledger = lambda life: MemoryLedger(self.disk, life)

    def settings(self) -> Settings:
        """Return the spec."""
        names = {ANA: "ana", BEN: "ben", EVE: "eve"}

        def entity(which: Entity, *rules: FieldRule, read_only: bool) -> EntitySettings:
            comment = from_constant("comment", self.comment)
            return EntitySettings(entity=which, rules=merge((), (*rules, comment)), read_only=read_only)

        return Settings(
            integration="crm/acme",
            branch="Madrid",
            pairs=tuple(Pair(sage=f"{names[i]}@acme.example", force_manager=names[i]) for i in self.associated),
            match_by_email=False,
            fallback=None,
            all_accounts=False,
            reassign=False,
            where=self.where,
            entities=(
                entity(Entity.ACCOUNTS, from_field("name", "Name"), from_field("phone", "Phone"), read_only=True),
                entity(
                    Entity.CONTACTS,
                    from_constant("firstName", "-"),
                    from_field("lastName", "LastName"),
                    read_only=False,
                ),
            ),
            timeout=timedelta(minutes=10),
            payments=self.payments,
        )

    async def run(
        self,
        *,
        judge: Callable[[Entity, WriteItem], Verdict] = all_well,
        ends_at: int | None = None,
        dies_late: bool = False,
        during: Callable[[int], None] = lambda _: None,
        faults: Sequence[str] = (),
        after: timedelta = timedelta(minutes=15),
        prepare: Callable[["World"], None] = lambda _: None,
    ) -> RunReport | None:
        """Carry out a run in a process of its own, some time `after` the last; None if the process died in it."""
        self.clock.advance(after)
        self.tenant.catch_up()
        self.runs += 1
        self.left_open = 0
        life = Life(self.clock, ends_at=ends_at, during=during)
        self.source = MemorySource(self.sage, life, faults=faults)
        self.target = MemoryTarget(self.tenant, life, judge=judge, dies_late=dies_late)
        self.ledger = self.open_ledger(life)
        self.progress = Progress(clock=self.clock)

        @asynccontextmanager
        async def connect() -> AsyncIterator[Remotes]:
            try:
                yield Remotes(source=self.source, target=self.target)
            finally:
                self.left_open = self.source.open_streams + self.target.open_streams

        async def load() -> Settings:
            return self.settings()

        header = RunHeader(
            id=f"run-{self.runs:04}", integration="crm/acme", trigger=Trigger.SCHEDULE, started_at=self.clock.now
        )
        prepare(self)
        runner = Runner(load=load, connect=connect, ledger=self.ledger, clock=self.clock)
        report: RunReport | None = await life.live(runner.run(header, self.progress, strict_users=True))
        return report

    def check(self) -> None:
        """Check that ForceManager has each record in scope once, as Sage has it, and nothing twice.

        Independent of the code under test: it looks at both remotes and at nothing that was planned.
        """
        for entity in Entity:
            ext_ids = [data["extId"] for data in self.tenant.records[entity].values()]
            assert len(ext_ids) == len(set(ext_ids)), f"an extId twice among {entity}"
        accounts = {}
        for row in self.sage.live(Entity.ACCOUNTS, self.associated, self.where):
            (found,) = self.tenant.bearing(Entity.ACCOUNTS, row.id) or [None]
            assert found is not None, f"account {row.id} is missing"
            accounts[row.id] = found
            wanted: dict[str, Scalar] = {"name": row.name, "phone": row.phone, "comment": self.comment}
            figures = expected_figures(self.sage.trade, row.id, self.clock.now) if self.payments is not None else {}
            self._same(Entity.ACCOUNTS, found, wanted | figures | {"readOnly": True, "branchId": MADRID})
        for row in self.sage.live(Entity.CONTACTS, self.associated, self.where):
            (found,) = self.tenant.bearing(Entity.CONTACTS, row.id) or [None]
            assert found is not None, f"contact {row.id} is missing"
            wanted = {"firstName": "-", "lastName": row.name, "comment": self.comment, "readOnly": False}
            self._same(Entity.CONTACTS, found, wanted | {"accountId": accounts[row.parent_id or ""]})

        self._check_those_that_left(set(accounts.values()))
        if self.payments is not None and self.payments.sales and self.payments.on_void is OnVoid.DELETE:
            self._check_sales(accounts)

    def _check_sales(self, accounts: Mapping[str, int]) -> None:
        """Check that each document that counts is one sale of its account, and that there are no others of these."""
        sales = [
            {key: sale[key] for key in ("extId", "accountId", "accountExtId", "date", "total")}
            for sale in self.tenant.records[Entity.SALES].values()
            if sale["accountExtId"] in accounts
        ]
        wanted = [
            {
                "extId": paper.id,
                "accountId": accounts[paper.account_id],
                "accountExtId": paper.account_id,
                "date": f"{paper.dated}T00:00:00Z",
                "total": -paper.total if paper.type == CREDIT else paper.total,
            }
            for paper in self.sage.trade.papers.values()
            if paper.account_id in accounts and not paper.deleted and paper.status == SUBMITTED
        ]
        by_id = operator.itemgetter("extId")
        assert sorted(sales, key=by_id) == sorted(wanted, key=by_id)

    def _check_those_that_left(self, in_scope: set[int]) -> None:
        """Check that no account which is not in scope looks as if its figures were kept up to date."""
        for target_id, data in self.tenant.records[Entity.ACCOUNTS].items():
            if self.payments is not None and target_id not in in_scope and "Z_Status" in data:
                assert data["Z_Status"] == PaymentStatus.NOT_SYNCHRONIZED.value
                assert not any(data.get(target) for target in FIGURES if target != "Z_Status")

    def _same(self, entity: Entity, target_id: int, wanted: dict[str, Scalar]) -> None:
        record = self.tenant.records[entity][target_id]
        given = {key: value for key, value in record.items() if key in wanted and value not in (None, "")}
        assert given == {key: value for key, value in wanted.items() if value not in (None, "")}

    def statuses(self, entity: Entity) -> dict[str, RecordStatus]:
        """Return what the ledger says of each record."""
        return {i: record.state.status for (e, i), record in self.disk.records.items() if e is entity}
