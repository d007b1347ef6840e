"""Payments of one large organisation: first load, a run in which nothing has changed, and the first run of a new day.

The operator's runner, adapters and ledger (SQLite on disk) are one process, so that CPU and memory are its own; the
simulators are another one on the same machine. Documents come by Bulk 2.0 the first time. Of the figures there are
eleven, of all kinds, written in the accounts' own creates; the documents of `paid` are paid without any stamp moving.
Runs are fifteen minutes apart by the clocks of all. After each run the benchmark adds up what ForceManager shows, and
compares it with the ledger's documents.
"""

import argparse
import json
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from _processes import Usage, machine, simulators
from first_sync import Operator
from sage_operator.simulators.control.client import ForceManagerControl, SageControl

ACCOUNTS, DOCUMENTS = 100_000, 500_000
PAID = 80
INTERVAL = timedelta(minutes=15)
BOUND = 250
"""MiB that the operator's process may have at most (issue 5)."""


class Bench:
    """Both remotes with an operator, and the checks after each run."""

    def __init__(self, told: dict[str, Any], folder: str, pid: int, *, rate: float) -> None:
        """Begin."""
        self.sage, self.crm = SageControl(told["sage"]["url"]), ForceManagerControl(told["forceManager"]["url"])
        self.operator = Operator(told | {"payments": True}, folder, requests_per_second=rate)
        self._ledger = Path(folder) / "ledger.db"
        self._simulators = pid
        self._rate = rate

    def run(self, *, later: timedelta = timedelta()) -> dict[str, Any]:
        """Carry out a run, some time after the last; returns its measurements and what the remotes saw."""
        if later:
            self.sage.advance_clock(later)  # both remotes have one clock
        self.sage.reset_counters()
        self.crm.reset_counters()
        before = Usage.of(self._simulators).cpu
        run = self.operator.run(later=later.total_seconds())
        seen = {"sage": self.sage.counters(), "forceManager": self.crm.counters()}
        for name, counters in seen.items():
            if counters.internal_errors or counters.total != run["requests"].get(name, 0):
                raise SystemExit(f"{name} saw {counters.total} requests, errors {counters.internal_errors}; run: {run}")
        ideal = seen["forceManager"].total / self._rate
        accounts = run["counts"].get("accounts", {})
        return run | {
            "operations": {name: dict(Counter(of.by_operation).most_common()) for name, of in seen.items()},
            "ideal": ideal,
            "ratio": run["seconds"] / ideal if ideal else None,
            "simulatorsCpu": Usage.of(self._simulators).cpu - before,
            "written": accounts.get("added", 0) + accounts.get("modified", 0),
            "open": self._check(),
        }

    def _check(self) -> int:
        """End the benchmark unless ForceManager shows what is outstanding; returns how many documents are open."""
        with closing(sqlite3.connect(f"{self._ledger.as_uri()}?mode=ro", uri=True)) as ledger:
            rows = ledger.execute("SELECT type, outstanding FROM documents WHERE is_open = 1").fetchall()
        signs = {"Sales Invoice": 1, "Sales Credit": -1}
        owed = sum((signs[kind] * Decimal(amount) for kind, amount in rows), Decimal(0))
        shown = Decimal(0)
        for account in self.crm.records("accounts"):
            shown += Decimal(str(account["Z_Outstanding"]))
        if owed != shown:
            raise SystemExit(f"{len(rows)} open documents come to {owed}, ForceManager shows {shown}")
        return len(rows)

    def pay(self, count: int) -> int:
        """Pay some documents; no stamp moves. Returns how many there were to be paid."""
        with closing(sqlite3.connect(f"{self._ledger.as_uri()}?mode=ro", uri=True)) as ledger:
            query = "SELECT id FROM documents WHERE is_open = 1 AND type = 'Sales Invoice' ORDER BY id LIMIT ?"
            found = [row[0] for row in ledger.execute(query, (count,))]
        for document in found:
            self.sage.pay(document)
        return len(found)

    def size(self) -> float:
        """Return the size of the ledger in MiB."""
        return sum(file.stat().st_size for file in self._ledger.parent.iterdir()) / (1 << 20)


def measure(accounts: int, documents: int, *, rate: float) -> dict[str, Any]:
    """Measure an organisation from nothing to in step, and the runs after that."""
    options = {"accounts": accounts, "contacts": 0, "documents": documents}
    with tempfile.TemporaryDirectory() as folder, simulators(**options) as (told, pid):
        bench = Bench(told, folder, pid, rate=rate)
        try:
            runs = {"first": bench.run(), "nothing changed": bench.run(later=INTERVAL)}
            quiet = runs["nothing changed"]
            if (
                quiet["written"]
                or set(quiet["documents"]) - {"open"}
                or quiet["documents"].get("open") != quiet["open"]
            ):
                raise SystemExit(f"The run without changes did more than to read what is open: {quiet}")
            paid = bench.pay(PAID)
            runs[f"{paid} paid"] = bench.run(later=INTERVAL)
            runs["the next day"] = bench.run(later=timedelta(days=1))
        finally:
            bench.operator.close()
        return {
            "accounts": accounts,
            "documents": documents,
            "idle": bench.operator.idle,
            "runs": runs,
            "ledger": bench.size(),
        }


def _table(measured: Mapping[str, Any]) -> str:
    """Show the measurements as a table, and how they stand to what was asked for."""
    head = ("run", "documents read", "accounts written", "requests Sage", "FM", "ideal s", "wall s", "ratio", "CPU s",
            "peak MiB", "simulators' CPU s")  # fmt: skip
    rows = [head]
    for name, run in measured["runs"].items():
        read = ", ".join(f"{count:,} {which}" for which, count in run["documents"].items())
        rows.append((
            name,
            read or "-",
            f"{run['written']:,}",
            str(run["requests"].get("sage", 0)),
            str(run["requests"].get("forceManager", 0)),
            f"{run['ideal']:.1f}",
            f"{run['seconds']:.1f}",
            f"{run['ratio']:.2f}" if run["ratio"] is not None else "-",
            f"{run['cpu']:.1f}",
            f"{run['peak']:.0f}",
            f"{run['simulatorsCpu']:.1f}",
        ))  # fmt: skip
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    first, quiet = measured["runs"]["first"], measured["runs"]["nothing changed"]
    peak = max(run["peak"] for run in measured["runs"].values())
    stages = ", ".join(f"{name} {seconds:.1f}" for name, seconds in first["stages"].items())
    share, time = quiet["open"] / max(measured["documents"], 1), quiet["seconds"] / first["seconds"]
    lines += ["", f"seconds spent by stage in the first run (stages overlap): {stages}"]
    lines.append(f"first run: {1000 * first['cpu'] / max(measured['documents'], 1):.2f} ms of CPU a document")
    lines.append(
        f"nothing changed: read what is open, {share:.1%} of the documents; {time:.1%} of the first run's time"
    )
    lines.append(f"memory: {measured['idle']['rss']:.0f} MiB before the first run, peak {peak:.0f} MiB of {BOUND}")
    lines.append(f"ledger: {measured['ledger']:.0f} MiB")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=ACCOUNTS, help=f"in Sage (default: {ACCOUNTS:,})")
    parser.add_argument("--documents", type=int, default=DOCUMENTS, help=f"of all accounts (default: {DOCUMENTS:,})")
    parser.add_argument("--rate", type=float, default=13, help="requests a second to ForceManager (default: 13)")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of a table")
    args = parser.parse_args()
    measured = measure(args.accounts, args.documents, rate=args.rate)
    if args.json:
        print(json.dumps({"machine": machine(), "requestsPerSecond": args.rate, **measured}, indent=1))
    else:
        print(machine())
        print(_table(measured))
    peak = max(run["peak"] for run in measured["runs"].values())
    if peak > BOUND:
        raise SystemExit(f"The operator's process had {peak:.0f} MiB, more than the {BOUND} it may have.")


if __name__ == "__main__":
    main()
