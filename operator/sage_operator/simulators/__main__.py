"""`python -m sage_operator.simulators`: both simulators until a signal comes.

When both listen, one JSON line on standard output tells URLs and credentials.
"""

import asyncio
import ctypes
import os
import signal
import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from sage_operator._version import __version__
from sage_operator.simulators.dataset import Dataset
from sage_operator.simulators.scenarios import SCENARIOS, add_faults, load
from sage_operator.simulators.serve import FIRST, Simulators
from sage_operator.simulators.wire import dumps

_PR_SET_PDEATHSIG = 1


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.option("--host", default="127.0.0.1", help="Address to listen on.")
@click.option("--sage-port", default=0, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--forcemanager-port", default=0, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--accounts", default=100, type=click.IntRange(0), help="Accounts in Sage.")
@click.option("--contacts", default=200, type=click.IntRange(0), help="Contacts in Sage.")
@click.option("--owners", default=10, type=click.IntRange(1), help="Sage users who own them.")
@click.option(
    "--documents", default=0, type=click.IntRange(0), help="Trade documents in Sage, of all accounts together."
)
@click.option("--companies", default=1, type=click.IntRange(1), help="Companies in Sage.")
@click.option(
    "--associated-share", default=1.0, type=click.FloatRange(0, 1), help="Accounts whose owner uses ForceManager."
)
@click.option("--seed", default=1, help="The same seed gives the same data.")
@click.option("--tenants", default=1, type=click.IntRange(1), help="Organisations and tenants to create.")
@click.option("--scenario", default="calm", help=f"One of {', '.join(SCENARIOS)}, or a JSON file.")
@click.option(
    "--tls",
    type=click.Path(file_okay=False, path_type=Path),
    help="Serve https, by a certificate authority made at start; its ca.pem is put into this directory.",
)
@click.option("--die-with-parent", is_flag=True, help="Stop when the process that started this one ends (Linux).")
@click.version_option(__version__)
def main(
    *,
    host: str,
    sage_port: int,
    forcemanager_port: int,
    tenants: int,
    scenario: str,
    tls: Path | None,
    die_with_parent: bool,
    **parameters: Any,
) -> None:
    """Serve Sage (Salesforce's REST API) and ForceManager (API v4) with made-up data."""
    if die_with_parent:
        _die_with_parent()
    try:
        chosen = load(scenario)
    except (OSError, msgspec.MsgspecError) as error:
        raise click.BadParameter(str(error), param_hint="--scenario") from error
    simulators = Simulators(
        dataset=Dataset(**parameters),
        organisation_settings=chosen.organisation,
        tenant_settings=chosen.tenant,
        host=host,
        sage_port=sage_port,
        forcemanager_port=forcemanager_port,
        extra=tenants - 1,
        tls=tls,
    )
    add_faults(chosen, simulators)
    asyncio.run(_serve(simulators, tenants))


async def _serve(simulators: Simulators, tenants: int) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, simulators.shut_down)
    serving = asyncio.create_task(simulators.serve())
    await simulators.ready()
    sys.stdout.write(dumps(_description(simulators, tenants)).decode() + "\n")
    sys.stdout.flush()
    await serving


def _description(simulators: Simulators, tenants: int) -> dict[str, Any]:
    sage, forcemanager = simulators.sage, simulators.forcemanager
    ends = ["", *(f"-{number}" for number in range(2, tenants + 1))]
    return {
        "sage": {
            "url": sage.url,
            "organisations": [
                {"name": FIRST + end, "clientId": sage.client_id + end, "clientSecret": sage.client_secret + end}
                for end in ends
            ],
        },
        "forceManager": {
            "url": forcemanager.url,
            "tenants": [
                {
                    "name": FIRST + end,
                    "publicKey": forcemanager.public_key + end,
                    "privateKey": forcemanager.private_key + end,
                }
                for end in ends
            ],
        },
        "users": [
            {"sage": pair.sage_email, "forceManager": pair.forcemanager_email}
            for pair in simulators.dataset.user_pairs()
        ],
        **({"caFile": str(simulators.ca_file)} if simulators.ca_file else {}),
    }


def _die_with_parent() -> None:
    """Ask the kernel for SIGTERM at the parent's death, which may have come before we could ask."""
    if sys.platform != "linux":
        raise click.ClickException("--die-with-parent needs Linux")
    parent = os.getppid()
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0:
        raise click.ClickException(f"prctl failed: {os.strerror(ctypes.get_errno())}")
    if os.getppid() != parent:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
