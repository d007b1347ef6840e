"""`sage-operator run`: the operator."""

import asyncio
import gc
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import click

from sage_operator.cli._times import Age
from sage_operator.controller.config import DEFAULT_HOSTS, Config
from sage_operator.sync.errors import SyncError
from sage_operator.telemetry import logging

Command = TypeVar("Command", bound=Callable[..., Any])


def _option(name: str, **kwargs: Any) -> Callable[[Command], Command]:
    """Declare an option that can be given as `SAGE_OPERATOR_<NAME>` as well."""
    variable = f"SAGE_OPERATOR_{name.lstrip('-').replace('-', '_').upper()}"
    return click.option(name, envvar=variable, show_envvar=True, show_default=True, **kwargs)


@click.command()
@_option("--namespace", multiple=True, help="Namespace to watch; may be given several times.")
@_option("--all-namespaces", is_flag=True, help="Watch all namespaces (needs a ClusterRole).")
@_option(
    "--kubeconfig",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="How to reach the cluster. Default: the pod's service account, else the usual kubeconfig.",
)
@_option(
    "--ledger",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("ledger.db"),
    help="The ledger's SQLite file, on a volume that survives the pod.",
)
@_option(
    "--ledger-values",
    is_flag=True,
    help="Keep in the ledger the values that each write sent, so that `record` tells what a field was before. They are"
    " personal data, for as long as --keep-actions says.",
)
@_option("--keep-actions", type=Age(), default="90d", help="How long the ledger tells what runs did with each record.")
@_option("--keep-runs", type=Age(), default="400d", help="How long the ledger tells of runs; at least --keep-actions.")
@_option(
    "--allowed-hosts",
    multiple=True,
    default=DEFAULT_HOSTS,
    help="Host that integrations may name, as a glob: `*.my.salesforce.com`, `127.0.0.1:8443`. Replaces the default.",
)
@_option("--insecure-http", is_flag=True, help="Let integrations use plain http. For demos and tests only.")
@_option(
    "--ca-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="PEM file of CA certificates for Sage and ForceManager, beside the system's.",
)
@_option("--listen", default="0.0.0.0:8080", help="Address of /metrics, /healthz and /readyz; port 0 takes a free one.")
@_option("--max-runs", type=click.IntRange(1, 1000), default=16, help="Runs at once, of all integrations.")
@_option("--heartbeat", type=click.FloatRange(1, 300), default=10.0, help="Seconds between looks at an integration.")
@_option(
    "--settling-time",
    type=click.FloatRange(1, 3600),
    default=60.0,
    help="Seconds after which ForceManager is asked what became of a create that it did not answer. A shorter time than"
    " the default risks duplicates.",
)
@_option(
    "--grace-period",
    type=click.FloatRange(1, 3600),
    default=25.0,
    help="Seconds for batches in hand when the operator is told to stop; less than the pod's own grace period.",
)
@_option("--log-format", type=click.Choice(["json", "console"]), default="json", help="Form of the log lines.")
@_option(
    "--log-level", type=click.Choice(["DEBUG", "INFO", "WARNING", "ERROR"]), default="INFO", help="Least level logged."
)
def run(  # noqa: PLR0917 - click passes by keyword
    namespace: tuple[str, ...],
    all_namespaces: bool,
    kubeconfig: Path | None,
    ledger: Path,
    ledger_values: bool,
    keep_actions: timedelta,
    keep_runs: timedelta,
    allowed_hosts: tuple[str, ...],
    insecure_http: bool,
    ca_file: Path | None,
    listen: str,
    max_runs: int,
    heartbeat: float,
    settling_time: float,
    grace_period: float,
    log_format: str,
    log_level: str,
) -> None:
    """Run the operator until it is told to stop (SIGTERM, SIGINT).

    Example: sage-operator run --namespace crm --ledger /var/lib/sage-operator/ledger.db
    """
    if bool(namespace) == all_namespaces:
        raise click.UsageError("Give either --namespace (once or several times) or --all-namespaces.")
    host, _, port = listen.rpartition(":")
    if not port.isdecimal():
        raise click.BadParameter("must be HOST:PORT, such as 0.0.0.0:8080", param_hint="--listen")
    config = Config(
        namespaces=namespace,
        kubeconfig=kubeconfig,
        ledger=ledger,
        ledger_values=ledger_values,
        keep_actions=keep_actions,
        keep_runs=keep_runs,
        allowed_hosts=allowed_hosts,
        insecure_http=insecure_http,
        ca_file=ca_file,
        listen_host=host or "0.0.0.0",  # noqa: S104 - as the option's default
        listen_port=int(port),
        max_runs=max_runs,
        heartbeat=timedelta(seconds=heartbeat),
        settling_time=timedelta(seconds=settling_time),
        grace_period=timedelta(seconds=grace_period),
    )
    logging.configure(fmt=log_format, level=log_level)
    # Imported here: Kopf and the Kubernetes client take half a second, which `--help` need not wait for.
    from sage_operator.controller.app import serve  # noqa: PLC0415

    _calm_collector()
    try:
        asyncio.run(serve(config))
    except SyncError as error:
        raise click.ClickException(str(error)) from error


def _calm_collector() -> None:
    """Let the garbage collector look less often at what stays.

    What is imported, 200,000 objects, stays for good. Of what a thousand integrations hold, nearly all stays too, and
    looking at all of it takes a quarter of a second, in which nothing else happens: that was 17 % of all time.
    """
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)
