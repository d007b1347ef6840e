"""What the commands that read the ledger share: their options, and how they fail."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sage_operator.sync.errors import SyncError

if TYPE_CHECKING:
    from sage_operator.ledger import Archive

Command = TypeVar("Command", bound=Callable[..., Any])


def ledger_option(command: Command) -> Command:
    """Declare `--ledger`, as `run` has it."""
    return click.option(
        "--ledger",
        envvar="SAGE_OPERATOR_LEDGER",
        show_envvar=True,
        type=click.Path(dir_okay=False, path_type=Path),
        default=Path("ledger.db"),
        show_default=True,
        help="The operator's ledger; it is only read, also while the operator runs.",
    )(command)


def namespace_option(command: Command) -> Command:
    """Declare `-n`."""
    return click.option("-n", "--namespace", help="Namespace of the integrations. Default: all.")(command)


def limit_option(default: int) -> Callable[[Command], Command]:
    """Declare `--limit`."""
    return click.option(
        "--limit", type=click.IntRange(1, 100_000), default=default, show_default=True, help="Rows at most."
    )


def examples(*commands: str) -> str:
    """Return an epilog of examples, each on a line of its own."""
    return "\n".join(("\b", "Examples:", *(f"  {command}" for command in commands)))


@contextmanager
def opened(ledger: Path) -> Iterator["Archive"]:
    """Open the archive; what is wrong with the ledger ends the command with its remedy."""
    # Imported here: the database's library takes a third of a second, which `--help` need not wait for.
    from sage_operator.ledger import Archive  # noqa: PLC0415

    try:
        with Archive.open(ledger) as archive:
            yield archive
    except SyncError as error:
        raise click.ClickException(str(error)) from error


def check_integration(archive: "Archive", integration: str | None, namespace: str | None) -> None:
    """End the command if no integration of this name ever ran.

    Raises:
        click.ClickException: there is none; it names those that are like it.
    """
    known = archive.integrations()
    if integration is None and namespace is None:
        return
    if integration is not None and "/" in integration:
        wanted, found = integration, integration in known
    elif integration is not None and namespace is not None:
        wanted = f"{namespace}/{integration}"
        found = wanted in known
    elif integration is not None:
        wanted, found = integration, any(name.endswith(f"/{integration}") for name in known)
    else:
        wanted, found = f"{namespace}/", any(name.startswith(f"{namespace}/") for name in known)
    if not found:
        raise click.ClickException(f"No integration {wanted} has run with this ledger.{nearest(wanted, known)}")


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a sentence that names what is like a word, empty if nothing is."""
    by_small = {name.lower(): name for name in known}
    near = get_close_matches(word.lower(), by_small, n=3, cutoff=0.5)
    return f" Is it {' or '.join(by_small[name] for name in near)}?" if near else ""
