"""The series of integrations and of the operator, as the tests of the alerts want them."""

from support.prometheus import during, series

NAME = {"namespace": "crm", "name": "acme"}
HOST = {"system": "forcemanager", "host": "api.forcemanager.com"}
SAGE = {"system": "sage", "host": "acme.my.salesforce.com"}
END = 900
"""A sample after which nothing is asked."""


def well(end: int = END) -> dict[str, str]:
    """An operator with an integration that succeeds every quarter of an hour, of which nothing should fire."""
    return {
        **operator(end),
        **info(0, end),
        series("sage_integration_interval_seconds", **NAME): during(0, end, 900),
        last_success(): f"0+60x{end}",
        series("sage_integration_records", **NAME, entity="accounts", state="synchronized"): during(0, end, 80),
        series("sage_integration_records", **NAME, entity="accounts", state="rejected"): during(0, end, 2),
        series("sage_integration_records", **NAME, entity="contacts", state="rejected"): during(0, end, 2),
    }


def operator(end: int = END) -> dict[str, str]:
    """What a healthy operator exports of itself."""
    return {
        series("sage_build_info", version="0.1.0", instance="a"): during(0, end),
        series("sage_ledger_transactions_total", outcome="error"): during(0, end, 0),
        series("sage_ledger_transactions_total", outcome="ok"): f"0+9x{end}",
        "sage_loop_lag_seconds": during(0, end, 0.01),
        "sage_runs_waiting": during(0, end, 0),
        series("sage_upstream_up", **HOST): during(0, end),
        series("sage_upstream_up", **SAGE): during(0, end),
        series("sage_quota_remaining_ratio", **SAGE): during(0, end, 0.9),
    }


def info(
    start: int,
    end: int,
    *,
    name: str = "acme",
    ready: str = "True",
    reason: str = "Succeeded",
    suspended: str = "false",
    instance: str = "a",
) -> dict[str, str]:
    """The state of an integration, for as long as it lasts."""
    labels = {"namespace": "crm", "name": name, "ready": ready, "reason": reason, "suspended": suspended}
    return {series("sage_integration_info", **labels, instance=instance): during(start, end)}


def for_a_while(start: int, end: int, **state: str) -> dict[str, str]:
    """Well, in another state for a while, and well again."""
    before = dict.fromkeys(info(0, END), f"1x{start - 1} stale _x{end - start - 1} 1x{END - end}")
    return {**before, **info(start, end, **state)}


def last_success(name: str = "acme") -> str:
    """The name of that series."""
    return series("sage_integration_last_success_timestamp_seconds", namespace="crm", name=name)
