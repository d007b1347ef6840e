"""Writes the CustomResourceDefinition: `python -m sage_operator.resources [--check] [--output-dir crds]`."""

from pathlib import Path

import click

from sage_operator.resources import crd


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; fail if the file differs from what would be written.")
@click.option("--output-dir", type=click.Path(file_okay=False, path_type=Path), default="crds", show_default=True)
def main(*, check: bool, output_dir: Path) -> None:
    """Generate the CustomResourceDefinition from the models."""
    path, text = output_dir / crd.FILE_NAME, crd.render()
    if check:
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            raise click.ClickException(f"{path} is stale: run `python -m sage_operator.resources`")
        return
    output_dir.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    click.echo(path)


if __name__ == "__main__":
    main()
