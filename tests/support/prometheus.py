"""Prometheus's own programs, and rules held against time series that are made up."""

import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from .missing import unavailable

FIRING = 'count by (alertname) (ALERTS{alertstate="firing"})'


def program(name: str) -> Path:
    """Find `promtool` or `prometheus`; the test is skipped where it is missing, or fails if it must not be."""
    found = shutil.which(name)
    if found is None:
        unavailable(f"no {name}: install Prometheus (Debian: apt-get install prometheus)")
    return Path(found)


def promtool(*arguments: str | Path, stdin: str | None = None) -> str:
    """Run promtool and return all that it says; fail with that if it finds something wrong."""
    command = [str(program("promtool")), *map(str, arguments)]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=60)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


@dataclass(kw_only=True)
class Scenario:
    """Time series, a sample every `minutes`, and what has to fire when.

    Attributes:
        series: values by series, both in promtool's notation.
        firing: by minute, how many alerts of each name.
        alerts: by minute and name, the labels and annotations of all that fire.
    """

    series: dict[str, str]
    firing: dict[int, dict[str, int]] = field(default_factory=dict)
    alerts: dict[tuple[int, str], list[dict[str, Any]]] = field(default_factory=dict)
    minutes: int = 1

    def test(self) -> dict[str, Any]:
        """Return it as promtool reads it."""
        return {
            "interval": f"{self.minutes}m",
            "input_series": [{"series": name, "values": values} for name, values in self.series.items()],
            "promql_expr_test": [
                {
                    "expr": FIRING,
                    "eval_time": f"{minute}m",
                    "exp_samples": [
                        {"labels": f'{{alertname="{name}"}}', "value": number} for name, number in expected.items()
                    ],
                }
                for minute, expected in self.firing.items()
            ],
            "alert_rule_test": [
                {"eval_time": f"{minute}m", "alertname": name, "exp_alerts": expected}
                for (minute, name), expected in self.alerts.items()
            ],
        }


def hold(rules: str, scenarios: Iterable[Scenario], folder: Path) -> None:
    """Hold rules against scenarios, by `promtool test rules`."""
    (folder / "rules.yaml").write_text(rules)
    listed = list(scenarios)
    for minutes in {scenario.minutes for scenario in listed}:
        content = {
            "rule_files": ["rules.yaml"],
            "evaluation_interval": f"{minutes}m",
            "tests": [scenario.test() for scenario in listed if scenario.minutes == minutes],
        }
        path = folder / f"every-{minutes}m.yaml"
        path.write_text(yaml.safe_dump(content, width=10_000))
        promtool("test", "rules", path)


def series(metric: str, **labels: str) -> str:
    """Return the name of a series."""
    return metric + "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}"


def during(start: int, end: int, value: float = 1) -> str:
    """Return the values of a series that is there from one sample on, and gone at another."""
    before = f"_x{start} " if start else ""
    return f"{before}{value:g}x{end - start - 1} stale"


def merged(*parts: Mapping[str, str]) -> dict[str, str]:
    """Put series together; a later part replaces those of an earlier one."""
    return {name: values for part in parts for name, values in part.items()}
