"""The alerts, from the rules themselves."""

import re
from datetime import timedelta
from typing import Final

from sage_operator.monitoring import Alert, Parameters, alerts
from sage_operator.reference._markdown import code, codes, document, section, table

_INTRODUCTION: Final = """\
The rules of `deploy/monitoring`, in the order of their causes. Each has the label `severity` and the annotations \
`summary`, `description` and `runbook_url`. How they get into Prometheus: [monitoring](../monitoring.md). What they \
ask for: [metrics](metrics.md)."""


def page() -> str:
    """Return the page of the alerts."""
    head = ("alert", "severity", "after", "labels", "summary")
    return document("Alerts", _INTRODUCTION, table(head, map(_row, alerts())), *map(_section, alerts()))


def _row(alert: Alert) -> tuple[str, ...]:
    link = f"[{alert.name}](../runbooks/{alert.name}.md)"
    return link, alert.severity.value, _spoken(alert.hold), codes(alert.labels), _plain(alert.summary)


def _section(alert: Alert) -> str:
    held = f"It has to hold for {code(_spoken(alert.hold))}. {alert.why}"
    return section(alert.name, _plain(alert.description), held, f"```promql\n{alert.expr}\n```")


def _spoken(duration: timedelta) -> str:
    return Parameters().span(duration)


def _plain(template: str) -> str:
    """Return a text with the names of labels instead of Prometheus's templates."""
    return re.sub(r"{{ \$(?:labels\.)?(\w+) }}", r"*\1*", template)
