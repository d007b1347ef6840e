"""An integration between both simulators, run by run, without Kubernetes."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from sage_operator.forcemanager import ForceManagerAccess, Keys
from sage_operator.ledger import SqlLedger
from sage_operator.runner.ports import Remotes
from sage_operator.runner.progress import Progress
from sage_operator.runner.report import RunReport
from sage_operator.runner.run import Runner
from sage_operator.sage import ClientCredentials, SageAccess
from sage_operator.simulators import Simulators
from sage_operator.sync.entities import Entity, Trigger
from sage_operator.sync.fieldmap import FieldRule, merge
from sage_operator.sync.presets import PRESETS
from sage_operator.sync.settings import EntitySettings, Settings
from sage_operator.sync.state import RunHeader
from sage_operator.transport import HostPolicy

HOSTS = HostPolicy(allowed=("127.0.0.1",), insecure_http=True)


class Clock:
    """Seconds as they pass, for the pace of requests; `now` is moved on to let an hour of the caches pass at once."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return time.monotonic() + self.now


class Integration:
    """An integration; `settings` may be edited between its runs, and the time of its runs moved `ahead`."""

    def __init__(
        self, simulators: Simulators, ledger: SqlLedger, sage: SageAccess, crm: ForceManagerAccess, clock: Clock
    ) -> None:
        """Begin with the presets and all accounts of users with equal e-mail addresses."""
        self.simulators, self.ledger, self.sage, self.crm, self.clock = simulators, ledger, sage, crm, clock
        self.sage_url, self.client_secret = simulators.sage.url, simulators.sage.client_secret
        self.private_key = simulators.forcemanager.private_key
        self.runs = 0
        self.ahead = timedelta()
        self.settings = Settings(
            integration="crm/acme",
            branch="Madrid",
            pairs=(),
            match_by_email=True,
            fallback=None,
            all_accounts=False,
            reassign=False,
            entities=tuple(
                EntitySettings(entity=entity, rules=PRESETS[entity], read_only=False)
                for entity in (Entity.ACCOUNTS, Entity.CONTACTS)
            ),
            timeout=timedelta(minutes=1),
        )

    @classmethod
    @asynccontextmanager
    async def opened(cls, simulators: Simulators, ledger: Path) -> AsyncIterator[Self]:
        """Reset the simulators, and yield an integration that has not run yet; its caches have a clock of their own."""
        simulators.sage.control.reset()
        simulators.forcemanager.control.reset()
        clock = Clock()
        crm = ForceManagerAccess(hosts=HOSTS, clock=clock)
        async with SageAccess(hosts=HOSTS, monotonic=clock) as sage, await SqlLedger.open(ledger) as opened:
            yield cls(simulators, opened, sage, crm, clock)
        await crm.aclose()

    def now(self) -> datetime:
        """Return the time of the runs, UTC."""
        return datetime.now(UTC) + self.ahead

    def edit(self, *rules: FieldRule, **spec: Any) -> None:
        """Change the spec, and the presets of accounts by entries."""
        accounts, contacts = self.settings.entities
        accounts = replace(accounts, rules=merge(PRESETS[Entity.ACCOUNTS], rules))
        self.settings = replace(self.settings, entities=(accounts, contacts), **spec)

    async def run(self, *, strict_users: bool = True) -> RunReport:
        """Carry out a run."""
        self.runs += 1

        async def load() -> Settings:
            return self.settings

        header = RunHeader(
            id=f"run-{self.runs:04}", integration="crm/acme", trigger=Trigger.SCHEDULE, started_at=self.now()
        )
        runner = Runner(load=load, connect=self._connect, ledger=self.ledger, clock=self.now)
        return await runner.run(header, Progress(clock=self.now), strict_users=strict_users)

    @asynccontextmanager
    async def _connect(self) -> AsyncIterator[Remotes]:
        sage, crm = self.simulators.sage, self.simulators.forcemanager
        credentials = ClientCredentials(client_id=sage.client_id, client_secret=self.client_secret)
        source = self.sage.connect(url=self.sage_url, api_version="66.0", credentials=credentials)
        keys = Keys(public_key=crm.public_key, private_key=self.private_key)
        with self.crm.connect(url=crm.url, keys=keys, requests_per_second=13) as target:
            yield Remotes(source=source, target=target)
