"""`python -m sage_operator.embedded fetch`: gets the programs of a real control plane."""

import dataclasses
import json

import click

from sage_operator.embedded.fetch import FetchError
from sage_operator.embedded.fetch import fetch as fetch_programs


@click.group()
def main() -> None:
    """The embedded Kubernetes API of the demo and the tests."""


@main.command()
@click.option("--force", is_flag=True, help="Fetch the programs again even if they are there.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="Form of the result.")
def fetch(*, force: bool, output: str) -> None:
    """Get kube-apiserver, etcd and kubectl into the cache."""
    try:
        fetched = fetch_programs(force=force, say=lambda line: click.echo(line, err=True))
    except FetchError as error:
        raise click.ClickException(str(error)) from error
    if output == "json":
        click.echo(json.dumps({**dataclasses.asdict(fetched), "folder": str(fetched.folder)}))
    else:
        known = "already there" if fetched.source == "cache" else f"from {fetched.source}"
        click.echo(f"Kubernetes {fetched.kubernetes} ({', '.join(fetched.programs)}), {known}: {fetched.folder}")


if __name__ == "__main__":
    main(prog_name="python -m sage_operator.embedded")
