"""The files of deploy/monitoring, and what else has to be there for each alert."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from sage_operator.monitoring import Parameters, alerts
from sage_operator.monitoring.__main__ import files, main
from sage_operator.monitoring.dashboards import DASHBOARDS

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
MONITORING = DEPLOY / "monitoring"
RUNBOOKS = ROOT / "docs" / "runbooks"
ALERTS = {alert.name: alert for alert in alerts()}


def load(path: Path) -> Any:
    """Return the one document of a file."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", files(Parameters()))
def test_files_in_the_repository_are_what_the_code_gives(name: str) -> None:
    """Expect that nobody changed the rules or dashboards without their files, or the other way round."""
    assert (MONITORING / name).read_text(encoding="utf-8") == files(Parameters())[name], "run `make docs`"


def test_the_command_takes_where_the_runbooks_are(tmp_path: Path) -> None:
    """Expect that each alert links to its page below a URL of one's own."""
    result = CliRunner().invoke(main, ["--output-dir", str(tmp_path), "--runbooks", "https://wiki.example.com/sage/"])
    assert result.exit_code == 0, result.output
    (group,) = load(tmp_path / "rules.yaml")["groups"]
    links = {rule["annotations"]["runbook_url"] for rule in group["rules"]}
    assert links == {f"https://wiki.example.com/sage/{name}.md" for name in ALERTS}


@pytest.mark.parametrize("name", ALERTS)
def test_each_alert_has_a_runbook(name: str) -> None:
    """Expect the page that `runbook_url` names, with its four sections."""
    text = (RUNBOOKS / f"{name}.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {name}\n")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Meaning", "Impact", "Diagnosis", "Mitigation"]


def test_each_runbook_has_an_alert() -> None:
    """Expect that a page goes with its alert."""
    assert {path.stem for path in RUNBOOKS.glob("*.md")} == ALERTS.keys()


def test_resource_and_plain_rules_are_the_same() -> None:
    """Expect one set of rules, whichever way Prometheus gets them."""
    assert load(MONITORING / "prometheusrule.yaml")["spec"] == load(MONITORING / "rules.yaml")


def test_inhibition_names_alerts_that_there_are() -> None:
    """Expect that each matcher is met by an alert of the rules."""
    for rule in load(MONITORING / "alertmanager-inhibit.yaml")["inhibit_rules"]:
        (source,), (target,) = rule["source_matchers"], rule["target_matchers"]
        cause = re.fullmatch(r'alertname="(\w+)"', source)
        consequences = re.fullmatch(r'alertname=~"(.+)"', target)
        assert cause
        assert cause[1] in ALERTS
        assert consequences
        for pattern in consequences[1].split("|"):
            assert any(re.fullmatch(pattern, name) for name in ALERTS), pattern


@pytest.mark.parametrize(
    ("monitor", "endpoints"), [("servicemonitor", "endpoints"), ("podmonitor", "podMetricsEndpoints")]
)
def test_monitors_find_what_is_installed(monitor: str, endpoints: str) -> None:
    """Expect that selector and port fit what is in deploy/base; the labels stay the integration's."""
    found = load(MONITORING / f"{monitor}.yaml")
    (common,) = load(DEPLOY / "base" / "kustomization.yaml")["labels"]
    service, deployment = load(DEPLOY / "base" / "service.yaml"), load(DEPLOY / "base" / "deployment.yaml")
    pod = deployment["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    if monitor == "servicemonitor":
        labels, ports = {**service["metadata"]["labels"], **common["pairs"]}, service["spec"]["ports"]
    else:
        labels, ports = pod["metadata"]["labels"], container["ports"]
    assert found["metadata"]["namespace"] == service["metadata"]["namespace"]
    assert found["spec"]["selector"]["matchLabels"].items() <= labels.items()
    (endpoint,) = found["spec"][endpoints]
    assert endpoint["port"] in {port["name"] for port in ports}
    assert endpoint["honorLabels"] is True


def test_the_kustomization_has_all_files() -> None:
    """Expect the rule, one monitor, not both, and all dashboards."""
    found = load(MONITORING / "kustomization.yaml")
    assert found["resources"] == ["prometheusrule.yaml", "servicemonitor.yaml"]
    (generator,) = found["configMapGenerator"]
    assert generator["files"] == [f"dashboards/{name}" for name in DASHBOARDS]


@pytest.mark.parametrize("name", DASHBOARDS)
def test_dashboards_are_laid_out(name: str) -> None:
    """Expect that panels have ids of their own, don't overlap, stay within the width, and say what they show."""
    panels = json.loads(DASHBOARDS[name].render())["panels"]
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
        assert panel["type"] == "row" or panel["description"]
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_time_can_run_faster() -> None:
    """Expect that durations are divided by the pace, and stay durations."""
    fast = {alert.name: alert for alert in alerts(Parameters(pace=600))}
    assert "sage_runs_waiting[1s]" in fast["SageRunsWaiting"].expr
    assert "sage_loop_lag_seconds[500ms]" in fast["SageEventLoopLagging"].expr
