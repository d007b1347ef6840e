"""Alert rules and dashboards: what `deploy/monitoring` and the pages on alerts are made of."""

from sage_operator.monitoring.alerts import Alert, Parameters, Severity, alerts

__all__ = ["Alert", "Parameters", "Severity", "alerts"]
