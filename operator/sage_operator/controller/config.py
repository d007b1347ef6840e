"""The operator's own settings: what its flags and `SAGE_OPERATOR_*` variables say."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

DEFAULT_HOSTS = ("*.my.salesforce.com", "api.forcemanager.com", "api.forcemanager.net")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """How the operator runs.

    Attributes:
        namespaces: which are watched; empty means all.
        kubeconfig: a file, or None: in the cluster the service account, elsewhere the usual kubeconfig.
        ledger: the SQLite file.
        ledger_values: the archive keeps the values that writes sent.
        keep_actions, keep_runs: how long the archive keeps them; a run as long as its actions at least.
        allowed_hosts: globs of hosts that integrations may name, `host` or `host:port`.
        insecure_http: integrations may use plain http (demo and tests).
        ca_file: PEM file of CAs for both remotes, beside the system's.
        listen_host, listen_port: of `/metrics`, `/healthz`, `/readyz`; port 0 takes a free one.
        max_runs: runs at once, of all integrations.
        heartbeat: how often each integration is looked at.
        settling_time: how long after an unclear create ForceManager is asked what became of it.
        grace_period: how long a stopping operator waits for batches in hand; less than the pod's own grace period.
    """

    namespaces: tuple[str, ...] = ()
    kubeconfig: Path | None = None
    ledger: Path = Path("ledger.db")
    ledger_values: bool = False
    keep_actions: timedelta = timedelta(days=90)
    keep_runs: timedelta = timedelta(days=400)
    allowed_hosts: tuple[str, ...] = DEFAULT_HOSTS
    insecure_http: bool = False
    ca_file: Path | None = None
    listen_host: str = "0.0.0.0"  # noqa: S104 - a pod's probes and scrapes come from outside
    listen_port: int = 8080
    max_runs: int = 16
    heartbeat: timedelta = timedelta(seconds=10)
    settling_time: timedelta = timedelta(seconds=60)
    grace_period: timedelta = timedelta(seconds=25)
