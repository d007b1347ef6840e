"""A condition from the spec to both remotes: all real but Salesforce and ForceManager, which are simulated."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sage_operator.forcemanager import ForceManagerAccess, Keys
from sage_operator.ledger import SqlLedger
from sage_operator.runner.ports import Remotes
from sage_operator.runner.progress import Progress
from sage_operator.runner.report import RunReport
from sage_operator.runner.run import Runner
from sage_operator.sage import ClientCredentials, SageAccess
from sage_operator.simulators import Dataset, Simulators
from sage_operator.sync.entities import ActionKind, Entity, Mode, Trigger
from sage_operator.sync.errors import InvalidScope
from sage_operator.sync.presets import PRESETS
from sage_operator.sync.settings import EntitySettings, Settings
from sage_operator.sync.state import RunHeader
from sage_operator.transport import HostPolicy

HOSTS = HostPolicy(allowed=("127.0.0.1",), insecure_http=True)


@pytest.fixture(scope="module")
def simulators() -> Iterator[Simulators]:
    """A small organisation and an empty tenant."""
    with Simulators(dataset=Dataset(accounts=60, contacts=120)) as running:
        yield running


class Integration:
    """An integration with a condition, run by run."""

    def __init__(self, simulators: Simulators, ledger: SqlLedger, sage: SageAccess, crm: ForceManagerAccess) -> None:
        """Begin without a run."""
        self.simulators, self.ledger, self.sage, self.crm = simulators, ledger, sage, crm
        self.runs = 0

    async def run(self, where: str | None) -> RunReport:
        """Carry out a run."""
        self.runs += 1

        async def load() -> Settings:
            return Settings(
                integration="crm/acme",
                branch="Madrid",
                pairs=(),
                match_by_email=True,
                fallback=None,
                all_accounts=False,
                reassign=False,
                where=where,
                entities=tuple(
                    EntitySettings(entity=entity, rules=PRESETS[entity], read_only=False)
                    for entity in (Entity.ACCOUNTS, Entity.CONTACTS)
                ),
                timeout=timedelta(minutes=1),
            )

        def clock() -> datetime:
            return datetime.now(UTC)

        header = RunHeader(
            id=f"run-{self.runs:04}", integration="crm/acme", trigger=Trigger.SCHEDULE, started_at=clock()
        )
        runner = Runner(load=load, connect=self._connect, ledger=self.ledger, clock=clock)
        return await runner.run(header, Progress(clock=clock), strict_users=True)

    @asynccontextmanager
    async def _connect(self) -> AsyncIterator[Remotes]:
        sage, crm = self.simulators.sage, self.simulators.forcemanager
        credentials = ClientCredentials(client_id=sage.client_id, client_secret=sage.client_secret)
        source = self.sage.connect(url=sage.url, api_version="66.0", credentials=credentials)
        keys = Keys(public_key=crm.public_key, private_key=crm.private_key)
        with self.crm.connect(url=crm.url, keys=keys, requests_per_second=13) as target:
            yield Remotes(source=source, target=target)


@pytest.fixture
async def integration(simulators: Simulators, tmp_path: Path) -> AsyncIterator[Integration]:
    """An integration that has not run yet."""
    simulators.sage.control.reset()
    simulators.forcemanager.control.reset()
    crm = ForceManagerAccess(hosts=HOSTS)
    async with SageAccess(hosts=HOSTS) as sage, await SqlLedger.open(tmp_path / "ledger.db") as ledger:
        yield Integration(simulators, ledger, sage, crm)
    await crm.aclose()


def live(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return rows that are not deleted, by id."""
    return {row["Id"]: row for row in rows if not row.get("IsDeleted")}


async def test_a_condition_from_the_spec_to_forcemanager(integration: Integration) -> None:
    """Expect exactly what fulfils it, then that an edit of it releases what leaves, and that it is kept."""
    sage, crm = integration.simulators.sage.control, integration.simulators.forcemanager.control
    accounts, contacts = live(sage.records("Account")), live(sage.records("Contact"))

    def in_forcemanager(resource: str) -> set[str]:
        return {row["extId"] for row in crm.records(resource) if row.get("extId")}

    first = await integration.run("Type IN ('Customer', 'Partner')")
    assert first.error is None
    assert first.result.mode is Mode.INITIAL
    wide = {key for key, row in accounts.items() if row.get("Type") in {"Customer", "Partner"}}
    written = in_forcemanager("accounts")
    owners = {accounts[key]["OwnerId"] for key in written}
    assert written == {key for key in wide if accounts[key]["OwnerId"] in owners}
    assert in_forcemanager("contacts") == {key for key, row in contacts.items() if row.get("AccountId") in written}
    assert first.result.counts[Entity.ACCOUNTS][ActionKind.CREATE] == len(written)

    second = await integration.run("Type = 'Customer'")
    assert second.error is None
    assert second.result.mode is Mode.REPLAN
    left = {key for key in written if accounts[key]["Type"] == "Partner"}
    assert left
    assert second.result.counts[Entity.ACCOUNTS][ActionKind.RELEASE] == len(left)
    assert second.result.counts[Entity.ACCOUNTS][ActionKind.UNCHANGED] == len(written - left)
    assert in_forcemanager("accounts") == written

    third = await integration.run("Type = 'Customer'")
    assert third.error is None
    assert third.result.mode is Mode.INCREMENTAL
    assert third.result.requests["sage"] <= 6

    wrong = await integration.run("Type = Customer")
    assert isinstance(wrong.error, InvalidScope)
    assert wrong.error.reason == "InvalidScope"
