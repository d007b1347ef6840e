"""`sage-operator demo`: everything on this machine, nothing to prepare."""

import asyncio
from contextlib import suppress

import click


@click.command()
@click.option("--once", is_flag=True, help="Stop after the second run instead of living on until Ctrl-C.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="json: one document at the end (needs --once).",
)
@click.option(
    "--accounts",
    type=click.IntRange(10, 100_000),
    default=1500,
    show_default=True,
    help="Accounts in the simulated Sage.",
)
@click.option(
    "--contacts",
    type=click.IntRange(10, 200_000),
    default=3000,
    show_default=True,
    help="Contacts in the simulated Sage.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same data.")
def demo(*, once: bool, output: str, accounts: int, contacts: int, seed: int) -> None:
    """Show a first sync and an incremental one, with simulated remotes and an embedded Kubernetes API.

    Starts a Kubernetes API on this machine (a real kube-apiserver and etcd from KUBEBUILDER_ASSETS or the cache that
    `make envtest` fills, else an emulator), Sage and ForceManager as simulators, and the operator as a process of its
    own; applies a SageIntegration, edits records in Sage, and shows what the operator does. Nothing is left behind.

    Example: sage-operator demo --once -o json
    """
    if output == "json" and not once:
        raise click.UsageError("-o json prints one document at the end: it needs --once.")
    try:
        from sage_operator.cli.demo.story import Options, tell  # noqa: PLC0415 - needs the extra
    except ModuleNotFoundError as missing:
        raise click.ClickException(
            f"The demo needs `{missing.name}`: install it with `pip install 'sage-operator[demo]'`."
        ) from missing
    options = Options(once=once, as_json=output == "json", accounts=accounts, contacts=contacts, seed=seed)
    with suppress(KeyboardInterrupt):
        asyncio.run(tell(options))
