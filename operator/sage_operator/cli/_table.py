"""What commands print: a table for people, JSON or YAML for programs."""

import io
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal, TypeVar

import click
import msgspec
import yaml
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

Command = TypeVar("Command", bound=Callable[..., Any])
Format = Literal["table", "json", "yaml"]


def output_option(command: Command) -> Command:
    """Declare `-o`."""
    return click.option(
        "-o",
        "--output",
        "output",
        type=click.Choice(["table", "json", "yaml"]),
        default="table",
        show_default=True,
        help="Table for people; json and yaml for programs: one document, keys that stay.",
    )(command)


def print_document(document: Mapping[str, Any], output: Format) -> None:
    """Print a document as JSON, numbers exact, or as YAML. Times are UTC, to the second."""
    encoded = _encode(document)
    if output == "json":
        click.echo(msgspec.json.format(encoded, indent=2).decode())
    else:
        click.echo(yaml.dump(_decode(encoded), Dumper=_Dumper, sort_keys=False, allow_unicode=True), nl=False)


_encode = msgspec.json.Encoder(decimal_format="number").encode
_decode = msgspec.json.Decoder(float_hook=Decimal).decode


class _Dumper(yaml.SafeDumper):
    """Writes numbers with all their digits."""


_Dumper.add_representer(Decimal, lambda dumper, number: dumper.represent_scalar("tag:yaml.org,2002:float", str(number)))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under their columns: as wide as the terminal, or one line a row where there is no terminal."""
    table = Table(box=box.SIMPLE_HEAD if terminal() else None, pad_edge=False, show_edge=False)
    for column in columns:
        numbers = bool(rows) and all(isinstance(row[len(table.columns)], int) for row in rows)
        table.add_column(column.upper(), justify="right" if numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(shown(cell)) for cell in row))
    print_rich(table)


def print_facts(facts: Sequence[tuple[str, object]]) -> None:
    """Print names and values below each other; empty values are left out."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold" if terminal() else "")
    table.add_column(overflow="fold")
    for name, value in facts:
        if shown(value):
            table.add_row(f"{name}:", Text(shown(value)))
    print_rich(table)


def shown(value: object) -> str:
    """Return a value as people read it; what a remote wrote can't move the terminal's cursor."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"
    return "".join(character if character.isprintable() else " " for character in str(value))


def iso(moment: datetime | None) -> str | None:
    """Return a moment as documents spell it: `2026-11-24T08:00:00Z`."""
    return None if moment is None else f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def terminal() -> bool:
    """Tell whether people read what is printed."""
    return sys.stdout.isatty()


def terminal_width() -> int | None:
    """Return how many columns the terminal has; None without one."""
    return shutil.get_terminal_size().columns if terminal() else None


def natural_width(table: Table) -> int:
    """Return how many columns a table has where nothing is folded."""
    return Console(width=100_000).measure(table).maximum


def print_rich(table: Table) -> None:
    """Print a table as wide as the terminal, or plain and as wide as it is where there is no terminal."""
    if terminal():
        Console(width=shutil.get_terminal_size().columns).print(table)
        return
    plain = io.StringIO()
    Console(file=plain, width=100_000, color_system=None).print(table)
    click.echo("\n".join(line.rstrip() for line in plain.getvalue().splitlines()))
