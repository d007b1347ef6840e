"""The operator, put together: ledger, remotes, coordinator, Kopf, probes; and its orderly end."""

import asyncio
import signal
import time
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime

import kopf
import structlog
from kubernetes.aio import client

from sage_operator.controller import handlers
from sage_operator.controller.config import Config
from sage_operator.controller.coordinator import Coordinator
from sage_operator.controller.kube import Kube, kopf_session, load_configuration
from sage_operator.controller.probes import Probes
from sage_operator.controller.referent_watch import watches
from sage_operator.controller.referents import ReferentKind
from sage_operator.controller.remotes import RemoteConnector
from sage_operator.controller.retention import keep_pruned
from sage_operator.controller.services import Services
from sage_operator.controller.watches import WatchClock
from sage_operator.forcemanager import ForceManagerAccess
from sage_operator.ledger import SqlLedger
from sage_operator.resources import names
from sage_operator.sage import SageAccess
from sage_operator.telemetry import metrics
from sage_operator.transport import HostPolicy, Upstreams

log = structlog.get_logger(__name__)


async def serve(config: Config, *, stop: asyncio.Event | None = None, ready: asyncio.Event | None = None) -> None:
    """Run the operator until it is told to stop: by SIGTERM or SIGINT, or by `stop`.

    Raises:
        LedgerUnavailable: the ledger can't be opened.
        kubernetes.aio.config.ConfigException: there is no way to reach the Kubernetes API.
    """
    stop = stop or asyncio.Event()
    clock = WatchClock()
    configuration = await load_configuration(config.kubeconfig)
    async with AsyncExitStack() as stack:
        ledger = await stack.enter_async_context(await SqlLedger.open(config.ledger, keep_values=config.ledger_values))
        hosts = HostPolicy(allowed=config.allowed_hosts, insecure_http=config.insecure_http)
        ca_file = str(config.ca_file) if config.ca_file is not None else None
        upstreams = Upstreams(clock=_utc_now)
        sage = await stack.enter_async_context(SageAccess(hosts=hosts, ca_file=ca_file, upstreams=upstreams))
        force_manager = ForceManagerAccess(hosts=hosts, ca_file=ca_file, upstreams=upstreams)
        stack.push_async_callback(force_manager.aclose)
        kube = Kube(configuration, watches=len(ReferentKind) * max(len(config.namespaces), 1))
        stack.push_async_callback(kube.aclose)
        coordinator = Coordinator(
            Services(
                kube=kube,
                connector=RemoteConnector(references=kube, sage=sage, force_manager=force_manager, hosts=hosts),
                ledger=ledger,
                upstreams=upstreams,
                limit=asyncio.Semaphore(config.max_runs),
                clock=_utc_now,
                settling_time=config.settling_time,
            )
        )
        collector = metrics.IntegrationCollector(coordinator.samples)
        metrics.register(collector)
        stack.callback(metrics.unregister, collector)
        probes = await stack.enter_async_context(
            Probes(
                host=config.listen_host,
                port=config.listen_port,
                healthy=clock.problem,
                ready=lambda: "" if clock.started else "not watching yet",
            )
        )
        stack.push_async_callback(_cancel, asyncio.create_task(_measure_lag()))
        forgetting = keep_pruned(ledger, keep_actions=config.keep_actions, keep_runs=config.keep_runs)
        stack.push_async_callback(_cancel, asyncio.create_task(forgetting))
        for watch in watches(kube, coordinator, config.namespaces):
            stack.push_async_callback(_cancel, asyncio.create_task(watch.run()))
        log.info("operator-started", probes=probes.url, namespaces=list(config.namespaces) or "all")
        await _run_kopf(config, configuration, coordinator, clock, stop=stop, ready=ready)
    log.info("operator-stopped")


def _utc_now() -> datetime:
    return datetime.now(UTC)


async def _run_kopf(
    config: Config,
    configuration: client.Configuration,
    coordinator: Coordinator,
    clock: WatchClock,
    *,
    stop: asyncio.Event,
    ready: asyncio.Event | None,
) -> None:
    """Run Kopf until `stop`, or until it ends by itself because the API server is gone for too long."""
    kopf_stop = asyncio.Event()
    in_cluster = config.kubeconfig is None

    async def login() -> kopf.AiohttpSession:
        return await kopf_session(configuration, trace=clock.trace(), refreshed=in_cluster)

    before = asyncio.all_tasks()
    tasks = await kopf.spawn_tasks(
        registry=handlers.registry(coordinator, config, login=login),
        settings=handlers.settings(),
        # Kopf's own is made of the user's name, which a pod's numeric user does not have (it would crash). Nothing but
        # peering, which is off, looks at it.
        identity=names.FIELD_MANAGER,  # type: ignore[arg-type]
        standalone=True,
        clusterwide=not config.namespaces,
        namespaces=list(config.namespaces),
        stop_flag=kopf_stop,
        ready_flag=ready,
    )
    # Kopf's own signal handlers are in place by now, and would end the runs in flight: ours let them finish.
    loop = asyncio.get_running_loop()
    with suppress(RuntimeError, ValueError):  # not in the main thread: whoever embeds us uses `stop`
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
    stopping = asyncio.create_task(stop.wait())
    running = asyncio.create_task(kopf.run_tasks(tasks, ignored={*before, stopping}))
    try:
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        await coordinator.close(config.grace_period)
        kopf_stop.set()
        await running
    finally:
        kopf_stop.set()
        await _cancel(stopping)
        await asyncio.gather(running, return_exceptions=True)


async def _measure_lag() -> None:
    """Export how late the event loop wakes a timer."""
    while True:
        before = time.monotonic()
        await asyncio.sleep(1)
        metrics.set_loop_lag(max(time.monotonic() - before - 1, 0))


async def _cancel(task: "asyncio.Task[object]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
