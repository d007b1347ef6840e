"""The alerts as Prometheus, the Prometheus Operator and Alertmanager read them."""

from collections.abc import Mapping
from typing import Any, Final

import yaml

from sage_operator.monitoring.alerts import Alert, Parameters, alerts

_NOTE: Final = "# Generated from operator/sage_operator/monitoring by `make docs`; do not edit.\n"
_LABELS: Final = {"app.kubernetes.io/name": "sage-operator", "app.kubernetes.io/part-of": "sage-operator"}

_INHIBIT: Final = """\
# For the `inhibit_rules` of Alertmanager. Outages of Sage and ForceManager need none: the expressions themselves leave
# out the integrations that wait for them.
"""


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as such."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def groups(parameters: Parameters | None = None) -> dict[str, Any]:
    """Return the rules as Prometheus's configuration has them."""
    chosen = parameters or Parameters()
    return {"groups": [{"name": "sage-operator", "rules": [_rule(alert, chosen) for alert in alerts(chosen)]}]}


def plain(parameters: Parameters | None = None) -> str:
    """Return a file for `rule_files`."""
    return document(groups(parameters))


def prometheus_rule(parameters: Parameters | None = None) -> str:
    """Return the resource of the Prometheus Operator."""
    return document(
        {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "PrometheusRule",
            "metadata": {"name": "sage-operator", "namespace": "sage-system", "labels": _LABELS},
            "spec": groups(parameters),
        }
    )


def inhibit() -> str:
    """Return the snippet for Alertmanager: what is a consequence of another alert of the operator itself."""
    return _NOTE + _INHIBIT + _dump({"inhibit_rules": [*map(_inhibition, _CONSEQUENCES.items())]})


_CONSEQUENCES: Final[Mapping[str, str]] = {
    "SageOperatorAbsent": "Sage.+",
    "SageLedgerNotStoring": "SageIntegrationStale|SageRunsWaiting",
    "SageEventLoopLagging": "SageIntegrationStale|SageRunsWaiting",
    "SageRunsWaiting": "SageIntegrationStale",
}
"""By cause. All of them are of one operator, so there is nothing to be equal; Alertmanager never lets an alert silence
itself."""


def _inhibition(item: tuple[str, str]) -> dict[str, list[str]]:
    cause, consequences = item
    return {"source_matchers": [f'alertname="{cause}"'], "target_matchers": [f'alertname=~"{consequences}"']}


def document(content: Mapping[str, Any]) -> str:
    """Return a generated YAML file."""
    return _NOTE + _dump(content)


def _dump(content: Mapping[str, Any]) -> str:
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, width=10_000, allow_unicode=True)


def _rule(alert: Alert, parameters: Parameters) -> dict[str, Any]:
    return {
        "alert": alert.name,
        "expr": alert.expr,
        "for": parameters.span(alert.hold),
        "labels": {"severity": alert.severity.value},
        "annotations": {
            "summary": alert.summary,
            "description": alert.description,
            "runbook_url": f"{parameters.runbooks}/{alert.name}.md",
        },
    }
