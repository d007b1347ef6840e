"""Writes the reference pages: `python -m sage_operator.reference [--output-dir docs/reference]`."""

from pathlib import Path

import click

from sage_operator.reference import PAGES


@click.command()
@click.option("--output-dir", type=click.Path(file_okay=False, path_type=Path), default="docs/reference")
def main(*, output_dir: Path) -> None:
    """Generate the reference pages from the code."""
    output_dir.mkdir(parents=True, exist_ok=True)
    for name, render in PAGES.items():
        (output_dir / name).write_text(render(), encoding="utf-8")
        click.echo(output_dir / name)


if __name__ == "__main__":
    main(prog_name="python -m sage_operator.reference")
