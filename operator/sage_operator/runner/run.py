"""One run: prepare, then each entity (read, plan, write), then record. No stage calls back into an earlier one."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

import structlog

from sage_operator.runner.context import RunContext
from sage_operator.runner.documents import FactReader, forget_payments
from sage_operator.runner.entity import EntityRun
from sage_operator.runner.figures import FigureRun
from sage_operator.runner.lists import FreshLists
from sage_operator.runner.ports import Ledger, Remotes
from sage_operator.runner.preflight import explained
from sage_operator.runner.prepare import Prepared, prepare
from sage_operator.runner.present import index
from sage_operator.runner.progress import Progress
from sage_operator.runner.report import RunReport
from sage_operator.runner.sales import write_sales
from sage_operator.runner.unclear import look_up
from sage_operator.sync.digest import configuration_digest
from sage_operator.sync.entities import Entity, Mode
from sage_operator.sync.errors import Blocked, NothingTaken, Stopped, SyncError
from sage_operator.sync.findings import Finding
from sage_operator.sync.modes import SETTLING_TIME, begin_or_resume, choose
from sage_operator.sync.settings import Settings
from sage_operator.sync.state import RunHeader, RunResult, ScopeState, Summary

log = structlog.get_logger(__name__)

Failure = TypeVar("Failure", bound=BaseException)


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """Carries out runs of one integration.

    Attributes:
        load: reads what the run is told to do; may raise `SyncError`.
        connect: opens both remotes for the length of one run; may raise `SyncError`.
        settling_time: how long after an unclear create ForceManager is asked what became of it.
        clock: UTC now.
    """

    load: Callable[[], Awaitable[Settings]]
    connect: Callable[[], AbstractAsyncContextManager[Remotes]]
    ledger: Ledger
    clock: Callable[[], datetime]
    settling_time: timedelta = SETTLING_TIME

    async def run(self, header: RunHeader, progress: Progress, *, strict_users: bool) -> RunReport:
        """Carry out one run and return how it ended; a failure is a report too, only cancellation is raised.

        The ledger holds the run before anything else is done, and its end after everything else.
        """
        draft = _Draft()
        error: SyncError | None = None
        try:
            await self.ledger.begin_run(header)
            progress.recorded = True
            settings = await self.load()
            async with self.connect() as remotes:
                draft.remotes = remotes
                try:
                    await self._run(settings, header, progress, draft, remotes, strict_users=strict_users)
                except* (Blocked, NothingTaken):
                    if draft.scope is not None:  # it was examined, and something has changed since that was looked at
                        await explained(settings, remotes)
                    raise
        except* SyncError as errors:
            error = _first(errors).alone()
        except* Exception as errors:  # a bug: it must end this run only, with its trace in the log
            log.exception("run-crashed", integration=header.integration, run=header.id)
            error = SyncError(f"Internal error: {type(_first(errors)).__name__}.", remedy="Please report it.")
        try:
            if draft.scope is not None:
                draft.summary = await self.ledger.summary(draft.scope)
            await self.ledger.end_run(header.id, self._result(progress, draft, error))
        except SyncError as unstored:
            error = error or unstored.alone()
        result = self._result(progress, draft, error)
        return RunReport(
            header=header,
            result=result,
            error=error,
            recorded=progress.recorded,
            summary=draft.summary,
            users=draft.users,
            fields=draft.fields,
            figures=draft.figures,
            drift=draft.drift,
            doubts=draft.doubts,
            warnings=progress.warnings,
            codes=dict(progress.codes),
            stage_seconds=dict(progress.stage_seconds),
        )

    async def _run(
        self,
        settings: Settings,
        header: RunHeader,
        progress: Progress,
        draft: "_Draft",
        remotes: Remotes,
        *,
        strict_users: bool,
    ) -> None:
        prepared = await prepare(settings, remotes, now=self.clock(), strict_users=strict_users)
        progress.check()
        draft.take(prepared)
        if prepared.warnings:
            told = [str(warning) for warning in prepared.warnings]
            log.info("preflight-warnings", integration=header.integration, warnings=told)
        scope = await self.ledger.open_scope(
            integration=header.integration, fingerprint=prepared.fingerprint, tenant=prepared.tenant
        )
        draft.scope = scope
        recovered = await self.ledger.recover(scope, at=self.clock())
        if recovered:
            log.info("recovered", integration=header.integration, unclear=recovered)
        run = RunContext(
            run_id=header.id,
            scope=scope,
            source=remotes.source,
            target=remotes.target,
            ledger=self.ledger,
            progress=progress,
            settling_time=self.settling_time,
            clock=self.clock,
            lists=FreshLists(target=remotes.target, ledger=self.ledger, scope=scope),
            payments=prepared.payments(settings, hash_key=scope.hash_key),
        )
        entities = tuple(
            EntityRun(
                run=run,
                context=prepared.context(settings, entity, hash_key=scope.hash_key),
                scope=prepared.scope,
            )
            for entity in settings.entities
        )
        digest = configuration_digest(prepared.scope, [e.context for e in entities], prepared.lists)
        mode = choose(scope, digest=digest, now=prepared.now)
        progress.mode = mode
        await self.ledger.assign_run(header.id, scope, mode=mode)
        reader = await self._facts(run)
        reached = await reader.read() if reader is not None else {}
        if mode is Mode.INCREMENTAL and scope.watermark is not None:
            await self._changes(entities, progress, scope.watermark)
            as_of = prepared.now
        else:
            as_of = await self._everything(entities, header, progress, mode=mode, digest=digest, now=prepared.now)
        await write_sales(run, users=prepared.users, scope=prepared.scope)
        progress.enter("record")
        if reader is not None:
            await reader.save(reached)
        await self.ledger.complete(scope, watermark=as_of, digest=run.lists.digest(digest))
        draft.data_as_of = max(as_of, scope.watermark or as_of)

    @staticmethod
    async def _facts(run: RunContext) -> FactReader | None:
        """Return who reads the facts of payments, None if there are none."""
        if run.payments is None:
            await forget_payments(run)
            return None
        run.progress.enter("payments")
        return FactReader(run=run, payments=run.payments)

    async def _changes(self, entities: tuple[EntityRun, ...], progress: Progress, watermark: datetime) -> None:
        for entity in entities:
            progress.enter(entity.entity.value)
            await look_up(entity.run, entity.entity)
            await entity.changes(watermark)
            await _write_figures(entity)

    async def _everything(
        self,
        entities: tuple[EntityRun, ...],
        header: RunHeader,
        progress: Progress,
        *,
        mode: Mode,
        digest: str,
        now: datetime,
    ) -> datetime:
        """Carry out a pass, or the rest of an interrupted one; returns the `T` it began with."""
        scope = entities[0].run.scope
        state = begin_or_resume(scope, mode=mode, run_id=header.id, digest=digest, now=now)
        if state is not scope.unfinished:
            await self.ledger.begin_pass(scope, state)
        if mode is Mode.INITIAL and not state.indexed:
            for entity in entities:
                if not await index(entity.run, entity.entity):
                    break  # accounts come first: where not even a deleted one is, nothing can belong to one
            for entity in entities:
                await self.ledger.prefer_index(scope, entity.entity)
            state = replace(state, indexed=True)
            await self.ledger.save_pass(scope, state)
        for entity in entities:
            progress.enter(entity.entity.value)
            await look_up(entity.run, entity.entity)
            if entity.entity not in state.finished:
                state = await entity.everything(state)
                await self.ledger.save_pass(scope, state)
            await _write_figures(entity)
        return state.as_of

    def _result(self, progress: Progress, draft: "_Draft", error: SyncError | None) -> RunResult:
        outcome = "Succeeded" if error is None else "Stopped" if isinstance(error, Stopped) else "Failed"
        return RunResult(
            outcome=outcome,
            reason="Succeeded" if error is None else error.reason,
            message="" if error is None else str(error),
            mode=progress.mode,
            completed_at=self.clock(),
            counts={entity: dict(counter) for entity, counter in progress.counts.items()},
            requests=draft.requests,
            data_as_of=draft.data_as_of if error is None else None,
        )


async def _write_figures(entity: EntityRun) -> None:
    """Write the figures that are due of accounts whose rows had no change, once all rows have been looked at."""
    payments = entity.run.payments
    if payments is not None and entity.entity is Entity.ACCOUNTS:
        await FigureRun(run=entity.run, payments=payments).write_due()


class _Draft:
    """What becomes known of a run while it goes on."""

    def __init__(self) -> None:
        self.users: tuple[int, int] | None = None
        self.fields: dict[Entity, int] = {}
        self.figures: int | None = None
        self.drift: tuple[str, ...] = ()
        self.doubts: tuple[Finding, ...] | None = None
        self.scope: ScopeState | None = None
        self.summary: Summary | None = None
        self.data_as_of: datetime | None = None
        self.remotes: Remotes | None = None

    @property
    def requests(self) -> dict[str, int]:
        """How many requests were sent, by remote."""
        if self.remotes is None:
            return {}
        return {"sage": self.remotes.source.requests, "forceManager": self.remotes.target.requests}

    def take(self, prepared: Prepared) -> None:
        """Note what preparing has shown."""
        self.users = (len(prepared.users.by_sage), len(prepared.users.unassociated))
        self.fields = {entity: len(rules) for entity, rules in prepared.rules.items()}
        self.figures = len(prepared.figures) if prepared.company is not None else None
        self.drift = prepared.users.problems
        drifted = {mismatch.message for mismatch in prepared.users.mismatches}
        self.doubts = tuple(each for each in prepared.warnings if each.message not in drifted)


def _first(group: BaseExceptionGroup[Failure]) -> Failure:
    """Return the first exception of a group, however deep it is."""
    found = group.exceptions[0]
    return _first(found) if isinstance(found, BaseExceptionGroup) else found
