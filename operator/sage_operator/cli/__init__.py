"""The command line: `sage-operator`."""

import click

from sage_operator._version import __version__
from sage_operator.cli.check import check
from sage_operator.cli.demo import demo
from sage_operator.cli.init import init
from sage_operator.cli.maps import maps
from sage_operator.cli.payments import payments
from sage_operator.cli.record import record, rejects
from sage_operator.cli.run import run
from sage_operator.cli.runs import runs
from sage_operator.cli.schema import schema
from sage_operator.cli.users import users

__all__ = ["main"]


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Options of `run` can be given as variables: --max-runs as SAGE_OPERATOR_MAX_RUNS.",
)
@click.version_option(__version__, prog_name="sage-operator")
def main() -> None:
    """Keep ForceManager CRM tenants in step with Sage Business Cloud Financials, from Kubernetes.

    `run` is the operator itself; it watches SageIntegration resources. `demo` shows all of it on this machine. `init`
    writes a first resource, `check` tells what is wrong with one, `maps` and `users` what it means. `runs`, `record`
    and `rejects` tell from the operator's ledger what was done, when and why; `payments` how an account pays.
    """


main.add_command(run)
main.add_command(demo)
main.add_command(runs)
main.add_command(record)
main.add_command(rejects)
main.add_command(check)
main.add_command(schema)
main.add_command(maps)
main.add_command(users)
main.add_command(init)
main.add_command(payments)
