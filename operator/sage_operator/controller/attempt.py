"""One run of one integration, from its turn under the global limit to its status."""

import asyncio
import os
from dataclasses import replace
from datetime import datetime

import structlog

from sage_operator.controller import status
from sage_operator.controller.history import followed_by
from sage_operator.controller.outages import outage_of
from sage_operator.controller.publish import publish, write
from sage_operator.controller.schedule import EPOCH, Past
from sage_operator.controller.services import Services
from sage_operator.controller.slot import Slot
from sage_operator.controller.supervise import supervise
from sage_operator.controller.translate import settings_and_findings
from sage_operator.runner.progress import Progress
from sage_operator.runner.report import RunReport
from sage_operator.runner.run import Runner
from sage_operator.runner.tasks import being_cancelled
from sage_operator.sync.entities import Trigger
from sage_operator.sync.errors import Stopped, SyncError, Unavailable
from sage_operator.sync.settings import Settings
from sage_operator.sync.state import RunHeader, RunResult
from sage_operator.sync.ulid import ulid
from sage_operator.telemetry import metrics
from sage_operator.telemetry.logging import run_context

log = structlog.get_logger(__name__)


async def attempt(slot: Slot, trigger: Trigger, services: Services, *, due: datetime) -> None:
    """Carry out one run of the integration as it is now, and make known what it did."""
    integration = slot.take()
    generation, token = slot.handled_generation, slot.handled_token
    now = services.clock()
    header = RunHeader(id=ulid(now, os.urandom(10)), integration=slot.key, trigger=trigger, started_at=now)
    slot.progress = progress = Progress(clock=services.clock)
    if trigger is Trigger.SCHEDULE and due > EPOCH:
        metrics.observe_lag(max((now - due).total_seconds(), 0))
    if slot.proven != generation:
        await publish(slot, services, status.running(slot.status, header, progress))

    async def load() -> Settings:
        shared = await services.connector.shared_maps(integration, slot.used)
        settings, mistakes = settings_and_findings(integration, shared=shared)
        return replace(settings, mistakes=mistakes)

    runner = Runner(
        load=load,
        connect=lambda: services.connector.connect(integration, slot.used),
        ledger=services.ledger,
        clock=services.clock,
        settling_time=services.settling_time,
    )

    async def tell() -> None:
        slot.status = status.running(slot.status, header, progress)
        await write(slot, services.kube)

    with run_context(integration=slot.key, run=header.id):
        log.info("run-started", trigger=trigger.value)
        try:
            report = await supervise(
                asyncio.create_task(
                    runner.run(header, progress, strict_users=slot.proven_users != integration.spec.users)
                ),
                progress,
                patience=integration.spec.timeout,
                clock=services.clock,
                tell=tell,
            )
        except asyncio.CancelledError:
            if being_cancelled():
                raise
            report = _cut_short(header, progress, services.clock())
        finally:
            slot.progress = None
        outage = outage_of(integration, services.upstreams)
        _log(report, explained=outage is not None and isinstance(report.error, Unavailable))
    if report.succeeded:
        slot.proven_users = integration.spec.users
    _remember(slot, report, generation, services)
    _measure(slot, report)
    # A token is answered by the run that took it, however it ended; one that was stopped is tried again first.
    handled = token if token and not isinstance(report.error, Stopped) else None
    await publish(slot, services, status.ended(slot.status, report, handled_token=handled))


async def crashed(slot: Slot, error: Exception, services: Services) -> None:
    """Take a bug for a failed run: it is seen, and tried again after a while rather than at once and for ever."""
    now = services.clock()
    failures = slot.past.failures if slot.past is not None else 0
    slot.past = Past(started_at=now, ended_at=now, failures=failures + 1)
    slot.error = SyncError(f"Internal error: {type(error).__name__}.", remedy="Please report it.")
    await publish(slot, services, slot.status.model_copy(update={"current_run": None}))


def _cut_short(header: RunHeader, progress: Progress, now: datetime) -> RunReport:
    """Return the report of a run that was ended by force; what it had sent is looked up later."""
    error: SyncError = progress.stopped or SyncError("The run broke off.", remedy="It is tried again by itself.")
    result = RunResult(
        outcome="Stopped" if isinstance(error, Stopped) else "Failed",
        reason=error.reason,
        message=str(error),
        mode=progress.mode,
        completed_at=now,
        counts={entity: dict(counter) for entity, counter in progress.counts.items()},
        requests={},
    )
    return RunReport(header=header, result=result, error=error, recorded=progress.recorded, codes=dict(progress.codes))


def _remember(slot: Slot, report: RunReport, generation: int, services: Services) -> None:
    """Keep what the next decisions rest on."""
    slot.past = followed_by(slot.past, report, settling_time=services.settling_time)
    if report.summary is not None:
        slot.summary = report.summary
    if report.succeeded:
        slot.proven, slot.error = generation, None
    elif not isinstance(report.error, Stopped):
        slot.error = report.error


def _measure(slot: Slot, report: RunReport) -> None:
    """Count the run in the metrics."""
    result, header = report.result, report.header
    word = {"Succeeded": "success", "Failed": "failure"}.get(result.outcome, "stopped")
    seconds = (result.completed_at - header.started_at).total_seconds()
    metrics.observe_run(word, header.trigger.value, result.mode.value if result.mode is not None else "", seconds)
    for stage, spent in report.stage_seconds.items():
        metrics.observe_stage(stage, spent)
    namespace, name = slot.key.split("/")
    for entity, counts in result.counts.items():
        for kind, number in counts.items():
            metrics.count_records(namespace, name, entity.value, kind.counted_as, number)
    for code, number in report.codes.items():
        metrics.count_reject(code.value, number)


def _log(report: RunReport, *, explained: bool) -> None:
    """Write one line a run; what the line of a remote's outage explains is for who looks closely."""
    result = report.result
    counts = {
        f"{entity.value}_{kind.counted_as}": number
        for entity, kinds in result.counts.items()
        for kind, number in kinds.items()
    }
    say = log.info if report.succeeded else log.debug if explained else log.warning
    say(
        "run-ended",
        outcome=result.outcome,
        reason=result.reason,
        detail=result.message,
        mode=result.mode.value if result.mode is not None else None,
        seconds=round((result.completed_at - report.header.started_at).total_seconds(), 3),
        requests=dict(result.requests),
        cut_or_left_out=report.warnings,
        drift=list(report.drift),
        **counts,
    )
