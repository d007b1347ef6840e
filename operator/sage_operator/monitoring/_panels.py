"""The little of Grafana's dashboards that is needed, as data; schema 39 is Grafana 11's, and 10 reads it."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

_SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
_COLUMNS: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """An expression in PromQL, and what its series are called in the legend (`{{label}}`)."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A panel.

    Attributes:
        kind: `timeseries`, `stat` or `table` of Grafana.
        unit: Grafana's name of one: `s`, `bytes`, `percentunit`, `reqps`, …
        width: in columns, of 24.
        steps: from which value on which colour; below the first it is green.
        hidden: columns of a table that say nothing.
        names: columns of a table by what they are to be called.
    """

    title: str
    meaning: str
    queries: tuple[Query, ...]
    kind: str = "timeseries"
    unit: str = "short"
    width: int = 8
    height: int = 7
    stacked: bool = False
    steps: tuple[tuple[float, str], ...] = ()
    hidden: tuple[str, ...] = ()
    names: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Panels under a common heading."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A choice at the top, filled by a query (`label_values(…)`)."""

    name: str
    label: str
    query: str
    several: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """A dashboard."""

    uid: str
    title: str
    description: str
    rows: tuple[Row, ...]
    variables: tuple[Variable, ...] = ()

    def render(self) -> str:
        """Return it as JSON, as Grafana imports and provisions it."""
        content = {
            "uid": self.uid,
            "title": self.title,
            "description": self.description,
            "tags": ["sage-operator"],
            "schemaVersion": 39,
            "version": 1,
            "editable": True,
            "refresh": "1m",
            "time": {"from": "now-24h", "to": "now"},
            "timezone": "browser",
            "links": [_links()],
            "templating": {"list": [_data_source(), *map(_variable, self.variables)]},
            "panels": [*_arranged(self.rows)],
        }
        return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _arranged(rows: Sequence[Row]) -> Iterable[dict[str, Any]]:
    """Yield the panels with their places: from left to right, as many in a line as fit."""
    number, y = 0, 0
    for row in rows:
        number += 1
        yield {
            "id": number,
            "type": "row",
            "title": row.title,
            "collapsed": False,
            "panels": [],
            "gridPos": {"x": 0, "y": y, "w": _COLUMNS, "h": 1},
        }
        x, y, height = 0, y + 1, 0
        for panel in row.panels:
            number += 1
            if x + panel.width > _COLUMNS:
                x, y, height = 0, y + height, 0
            yield {"id": number, **_panel(panel), "gridPos": {"x": x, "y": y, "w": panel.width, "h": panel.height}}
            x, height = x + panel.width, max(height, panel.height)
        y += height


def _panel(panel: Panel) -> dict[str, Any]:
    defaults: dict[str, Any] = {"unit": panel.unit}
    if panel.kind == "timeseries":
        stacking = {"mode": "normal" if panel.stacked else "none"}
        defaults |= {"min": 0, "custom": {"fillOpacity": 15 if panel.stacked else 0, "stacking": stacking}}
    if panel.steps:
        steps = [{"value": None, "color": "green"}, *({"value": at, "color": name} for at, name in panel.steps)]
        defaults["thresholds"] = {"mode": "absolute", "steps": steps}
    made = {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.meaning,
        "datasource": _SOURCE,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "targets": [_target(panel, query, letter) for query, letter in zip(panel.queries, "ABCDEF", strict=False)],
    }
    if panel.kind == "table":
        made["transformations"] = [
            {"id": "merge", "options": {}},
            {
                "id": "organize",
                "options": {"excludeByName": dict.fromkeys(panel.hidden, True), "renameByName": dict(panel.names)},
            },
        ]
    if panel.kind == "stat":
        made["options"] = {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "value", "graphMode": "none"}
    return made


def _target(panel: Panel, query: Query, letter: str) -> dict[str, Any]:
    now = panel.kind != "timeseries"
    return {
        "refId": letter,
        "datasource": _SOURCE,
        "expr": query.expr,
        "legendFormat": query.legend or "__auto",
        "instant": now,
        "range": not now,
        "format": "table" if panel.kind == "table" else "time_series",
    }


def _data_source() -> dict[str, Any]:
    return {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"}


def _variable(variable: Variable) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": variable.name,
        "label": variable.label,
        "type": "query",
        "datasource": _SOURCE,
        "query": {"query": variable.query, "refId": variable.name},
        "definition": variable.query,
        "refresh": 2,
        "sort": 1,
        "multi": variable.several,
        "includeAll": variable.several,
    }
    return made | ({"allValue": ".*", "current": {"text": "All", "value": "$__all"}} if variable.several else {})


def _links() -> dict[str, Any]:
    return {
        "type": "dashboards",
        "title": "Sage",
        "tags": ["sage-operator"],
        "asDropdown": True,
        "includeVars": True,
        "keepTime": True,
    }
