"""First sync of one integration: how close it comes to the pace that ForceManager allows, and how flat memory stays.

The operator's runner, adapters and ledger (SQLite on disk) are one process, the simulators another; no Kubernetes. For
each size: a first sync of an organisation whose records are all in scope, a run in which nothing has changed, and one
in which 300 records have.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from _processes import Usage, machine, simulators
from sage_operator.simulators.control.client import ForceManagerControl, SageControl
from sage_operator.simulators.sage.edits import Edit

SIDE = Path(__file__).with_name("_one_integration.py")
SIZES = ((1_000, 2_000), (10_000, 20_000))
CHANGED = (100, 200)


class Operator:
    """The operator's side as a process; see `_one_integration`."""

    def __init__(self, told: dict[str, Any], folder: str, *, requests_per_second: float) -> None:
        """Start it; it has imported everything and opened the ledger when this returns."""
        (organisation,), (tenant,) = told["sage"]["organisations"], told["forceManager"]["tenants"]
        self._process = subprocess.Popen(
            [sys.executable, str(SIDE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.idle = self._ask({
            "ledger": f"{folder}/ledger.db",
            "payments": told.get("payments", False),
            "requestsPerSecond": requests_per_second,
            "sage": {
                "url": told["sage"]["url"],
                "credentials": {
                    "client_id": organisation["clientId"], "client_secret": organisation["clientSecret"],
                },
            },
            "forceManager": {
                "url": told["forceManager"]["url"],
                "keys": {"public_key": tenant["publicKey"], "private_key": tenant["privateKey"]},
            },
        })  # fmt: skip

    def run(self, *, later: float = 0) -> dict[str, Any]:
        """Carry out a run, `later` seconds after the last by the operator's clock, and return its measurements."""
        return self._ask({"later": later})

    def close(self) -> None:
        """End it."""
        with self._process as process:
            assert process.stdin is not None
            process.stdin.close()

    def _ask(self, what: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("the operator's side ended early")
        answer: dict[str, Any] = json.loads(line)
        return answer


def measure(accounts: int, contacts: int, *, rate: float, scenario: str) -> dict[str, Any]:
    """Measure one organisation from nothing to in step, and the runs after that."""
    options = {"accounts": accounts, "contacts": contacts, "scenario": scenario}
    with tempfile.TemporaryDirectory() as folder, simulators(**options) as (told, pid):
        sage, crm = SageControl(told["sage"]["url"]), ForceManagerControl(told["forceManager"]["url"])
        operator = Operator(told, folder, requests_per_second=rate)
        try:
            runs = {"first": _counted(operator.run(), sage, crm, pid, rate)}
            _check(crm, accounts=accounts, contacts=contacts)
            runs["nothing changed"] = _counted(operator.run(), sage, crm, pid, rate)
            changed = [number for number, most in zip(CHANGED, (accounts, contacts), strict=True) if number <= most]
            for name, field, number in zip(("Account", "Contact"), ("Name", "LastName"), changed, strict=False):
                keys = [row["Id"] for row in sage.records(name)[:number]]
                sage.edit(name, *(Edit(op="update", id=key, fields={field: f"Renamed {key}"}) for key in keys))
            runs[f"{sum(changed)} changed"] = _counted(operator.run(), sage, crm, pid, rate)
        finally:
            operator.close()
        ledger = sum(file.stat().st_size for file in Path(folder).iterdir()) / (1 << 20)
    return {"accounts": accounts, "contacts": contacts, "idle": operator.idle, "runs": runs, "ledger": ledger}


def _counted(run: dict[str, Any], sage: SageControl, crm: ForceManagerControl, pid: int, rate: float) -> dict[str, Any]:
    """Add what the remotes say of a run, and compare it with the pace."""
    seen = {"sage": sage.counters(), "forceManager": crm.counters()}
    for name, counters in seen.items():
        if counters.internal_errors or counters.total != run["requests"].get(name, 0):
            raise SystemExit(f"{name} saw {counters.total} requests, errors {counters.internal_errors}; run: {run}")
    requests = seen["forceManager"].total
    ideal = requests / rate
    run |= {
        "operations": dict(Counter(seen["forceManager"].by_operation).most_common()),
        "throttled": seen["forceManager"].throttled,
        "ideal": ideal,
        "ratio": run["seconds"] / ideal if requests else None,
        "simulatorsCpu": Usage.of(pid).cpu,
    }
    sage.reset_counters()
    crm.reset_counters()
    return run


def _check(crm: ForceManagerControl, *, accounts: int, contacts: int) -> None:
    """End the benchmark unless ForceManager has every record, once."""
    for name, wanted in (("accounts", accounts), ("contacts", contacts)):
        rows = crm.records(name)
        if len(rows) != wanted or len({row["extId"] for row in rows}) != wanted:
            raise SystemExit(f"ForceManager has {len(rows)} {name}, expected {wanted}, each once")


def _table(sizes: Sequence[dict[str, Any]]) -> str:
    """Show the measurements as a table, and what memory did between the sizes."""
    head = ("records", "run", "requests FM", "Sage", "ideal s", "wall s", "ratio", "CPU s", "peak MiB", "429s")
    rows = [head]
    for size in sizes:
        for name, run in size["runs"].items():
            rows.append((
                f"{size['accounts'] + size['contacts']:,}",
                name,
                str(run["requests"].get("forceManager", 0)),
                str(run["requests"].get("sage", 0)),
                f"{run['ideal']:.1f}",
                f"{run['seconds']:.2f}",
                f"{run['ratio']:.2f}" if run["ratio"] is not None else "-",
                f"{run['cpu']:.1f}",
                f"{run['peak']:.0f}",
                str(run["throttled"]),
            ))  # fmt: skip
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    lines += ["", "seconds spent by stage in the first sync (stages overlap):"]
    for size in sizes:
        stages = size["runs"]["first"]["stages"]
        told = ", ".join(f"{name} {seconds:.1f}" for name, seconds in stages.items())
        lines.append(f"  {size['accounts'] + size['contacts']:,} records: {told}; ledger {size['ledger']:.0f} MiB")
    return "\n".join([*lines, "", _memory(sizes)])


def _memory(sizes: Sequence[dict[str, Any]]) -> str:
    peaks = [(size["accounts"] + size["contacts"], size["runs"]["first"]["peak"]) for size in sizes]
    (few, less), (many, more) = peaks[0], peaks[-1]
    return (
        f"memory: {sizes[0]['idle']['rss']:.0f} MiB before the first run; peak {less:.0f} MiB at {few:,} records and"
        f" {more:.0f} MiB at {many:,}: {more - less:+.1f} MiB for {many / few:.0f} times the records"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=13, help="requests a second to ForceManager (default: 13)")
    parser.add_argument("--scenario", default="calm", help="of the simulators: calm, distant, rough (default: calm)")
    parser.add_argument(
        "--size", action="append", metavar="ACCOUNTS,CONTACTS", help="may be given several times, ascending"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of tables")
    args = parser.parse_args()
    sizes = [tuple(map(int, size.split(","))) for size in args.size] if args.size else SIZES
    measured = [measure(accounts, contacts, rate=args.rate, scenario=args.scenario) for accounts, contacts in sizes]
    if args.json:
        print(json.dumps({"machine": machine(), "requestsPerSecond": args.rate, "sizes": measured}, indent=1))
    else:
        print(machine())
        print(_table(measured))


if __name__ == "__main__":
    main()
