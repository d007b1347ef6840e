"""A real Prometheus with the rules of deploy/monitoring scrapes the running operator; their time runs faster."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
import yaml

from sage_operator.embedded.processes import Programs
from sage_operator.monitoring import Parameters, alerts, rules
from sage_operator.simulators import Dataset, Simulators
from support import manifests
from support.cluster import Integrations
from support.operators import Operator, wait_for
from support.prometheus import program, promtool

from .conftest import ROOT

ALERTS = {alert.name: alert for alert in alerts()}
NAMES = tuple(f"customer-{number:02}" for number in range(50))
INTERVAL, STALE = 900, 15
FAST = Parameters(pace=60, missed=STALE / INTERVAL)
"""A minute is a second; an integration is stale after 15 s, and told of 10 s later."""


class Prometheus:
    """A process of its own with its data in a folder; it ends with the test, however that ends."""

    def __init__(self, folder: Path, target: str) -> None:
        """Take what to scrape, `host:port`."""
        self._programs = Programs(folder)
        (folder / "rules.yaml").write_text(rules.plain(FAST))
        job = {"job_name": "sage-operator", "honor_labels": True, "static_configs": [{"targets": [target]}]}
        config = {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "500ms"},
            "rule_files": ["rules.yaml"],
            "scrape_configs": [job],
        }
        (folder / "prometheus.yaml").write_text(yaml.safe_dump(config))
        promtool("check", "config", folder / "prometheus.yaml")
        address = f"127.0.0.1:{_free_port()}"
        self.url = f"http://{address}"
        self._programs.start(
            "prometheus",
            [
                program("prometheus"),
                f"--config.file={folder / 'prometheus.yaml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address={address}",
            ],
        )

    def ready(self) -> bool:
        """Tell whether it has scraped the operator."""
        self._programs.check()
        try:
            return bool(self.query("up == 1"))
        except OSError:
            return False

    def query(self, expr: str) -> list[dict[str, Any]]:
        """Return the series that an expression gives now."""
        with urlopen(f"{self.url}/api/v1/query?{urlencode({'query': expr})}", timeout=10) as answer:
            found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
        return found

    def alerts(self, state: str) -> list[dict[str, Any]]:
        """Return the alerts in a state: `pending` or `firing`, with labels and annotations."""
        with urlopen(f"{self.url}/api/v1/alerts", timeout=10) as answer:
            found: list[dict[str, Any]] = json.load(answer)["data"]["alerts"]
        return [alert for alert in found if alert["state"] == state]

    def close(self) -> None:
        """End it."""
        self._programs.stop()


def _free_port() -> int:
    """Return a port that nobody listens on; Prometheus can't be told to take any."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@pytest.fixture
def simulators() -> Iterator[Simulators]:
    """Both remotes, with few records: they belong to the first integration, the others have theirs rejected."""
    with Simulators(dataset=Dataset(accounts=3, contacts=1)) as both:
        yield both


@pytest.fixture
def operator_flags() -> dict[str, Any]:
    """All integrations may run at once."""
    return {"max_runs": 50}


@pytest.fixture
def prometheus(operator: Operator, tmp_path: Path) -> Iterator[Prometheus]:
    """Prometheus, which scrapes that operator."""
    process = Prometheus(tmp_path / "prometheus", operator.url.removeprefix("http://"))
    try:
        wait_for(process.ready, "Prometheus scrapes the operator")
        yield process
    finally:
        process.close()


def test_one_outage_is_one_alert_and_one_recovery(
    kubectl: Any, namespace: str, operator: Operator, prometheus: Prometheus, simulators: Simulators
) -> None:
    """ForceManager is cut off from fifty integrations: its own alert fires, none of theirs, and resolves."""
    cluster = Integrations(kubectl, namespace)
    began = time.monotonic()
    cluster.apply(*(manifest for name in NAMES for manifest in _manifests(namespace, simulators, name)))
    cluster.run("wait", "sageint", "--all", "--for=condition=Ready", "--timeout=60s", seconds=70)
    crm = simulators.forcemanager.control
    crm.add_keys({simulators.forcemanager.public_key + "-2": simulators.forcemanager.private_key + "-2"})
    crm.add_fault(cut="before")
    # An idle run has nothing to ask ForceManager. With other keys each has to sign in.
    cluster.apply(*(manifests.secrets(namespace, simulators, name=name, end="-2")[1] for name in NAMES))
    (alert,) = wait_for(lambda: prometheus.alerts("firing"), "an alert fires", tail=operator.log)
    host = simulators.forcemanager.url.split("/")[2]
    assert alert["labels"] == {
        "alertname": "SageUpstreamDown",
        "severity": "warning",
        "system": "forcemanager",
        "host": host,
    }
    assert alert["annotations"]["summary"] == f"{host} (forcemanager) does not answer."
    waiting = 'sage_integration_info{reason="ForceManagerUnavailable"}'
    wait_for(lambda: len(prometheus.query(waiting)) == len(NAMES), "all wait for it", tail=operator.log)
    silence = STALE + ALERTS["SageIntegrationStale"].hold.total_seconds() / FAST.pace + 2
    behind = f"time() - sage_integration_last_success_timestamp_seconds > {silence}"
    wait_for(lambda: len(prometheus.query(behind)) == len(NAMES), "without the outage they would be told of")
    assert _names(prometheus.alerts("firing")) == ["SageUpstreamDown"]
    assert prometheus.alerts("pending") == []
    promtool("check", "metrics", stdin=operator.get("/metrics"))

    crm.clear_faults()
    cluster.run("annotate", "sageint", NAMES[0], "integrations.forcemanager.io/requestedAt=recovery")
    wait_for(lambda: not prometheus.alerts("firing"), "it resolves", tail=operator.log)
    cluster.run("wait", "sageint", "--all", "--for=condition=Ready", "--timeout=60s", seconds=70)
    window = int(time.monotonic() - began)  # not before: an operator that was never scraped is absent
    ever = prometheus.query(f'count by (alertname) (count_over_time(ALERTS{{alertstate="firing"}}[{window}s]))')
    assert [found["metric"]["alertname"] for found in ever] == ["SageUpstreamDown"]
    messages = [line["message"] for line in operator.lines()]
    assert (messages.count("upstream-down"), messages.count("upstream-back")) == (1, 1)


def _manifests(namespace: str, simulators: Simulators, name: str) -> list[dict[str, Any]]:
    return [
        *manifests.secrets(namespace, simulators, name=name),
        manifests.integration(namespace, simulators, name=name, interval=f"{INTERVAL // 60}m"),
    ]


def _names(alerts: list[dict[str, Any]]) -> list[str]:
    return [alert["labels"]["alertname"] for alert in alerts]


def test_kustomize_makes_the_folder(kubectl: Any) -> None:
    """Rule, monitor and the dashboards' ConfigMap come out of `deploy/monitoring`, in the operator's namespace."""
    made = list(yaml.safe_load_all(kubectl.run("kustomize", str(ROOT / "deploy" / "monitoring"))))
    assert {item["kind"] for item in made} == {"ConfigMap", "PrometheusRule", "ServiceMonitor"}
    assert {item["metadata"]["namespace"] for item in made} == {"sage-system"}
    (config,) = (item for item in made if item["kind"] == "ConfigMap")
    kubectl.run("apply", "--dry-run=server", "--namespace=default", "--filename=-", stdin=json.dumps(_moved(config)))


def _moved(item: dict[str, Any]) -> dict[str, Any]:
    return {**item, "metadata": {**item["metadata"], "namespace": "default"}}
