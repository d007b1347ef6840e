"""Writes `deploy/monitoring`: `python -m sage_operator.monitoring [--output-dir …] [--runbooks https://…]`."""

from collections.abc import Mapping
from pathlib import Path

import click

from sage_operator.monitoring import rules
from sage_operator.monitoring.alerts import Parameters
from sage_operator.monitoring.dashboards import DASHBOARDS


def files(parameters: Parameters) -> Mapping[str, str]:
    """Return all files by their names."""
    return {
        "rules.yaml": rules.plain(parameters),
        "prometheusrule.yaml": rules.prometheus_rule(parameters),
        "alertmanager-inhibit.yaml": rules.inhibit(),
        **{f"dashboards/{name}": dashboard.render() for name, dashboard in DASHBOARDS.items()},
    }


@click.command()
@click.option("--output-dir", type=click.Path(file_okay=False, path_type=Path), default="deploy/monitoring")
@click.option("--runbooks", default=Parameters().runbooks, help="Where the runbooks are; a path or a URL.")
def main(*, output_dir: Path, runbooks: str) -> None:
    """Generate the alert rules and dashboards."""
    for name, text in files(Parameters(runbooks=runbooks.rstrip("/"))).items():
        path = output_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        click.echo(path)


if __name__ == "__main__":
    main(prog_name="python -m sage_operator.monitoring")
