"""How long the worst manifests take to read and check, and how much memory: accepted ones and refused ones.

    python benchmarks/manifests.py

Each case is measured several times; the slowest of each is told, in CPU time, since other processes of the machine are
no part of it. `read`: the YAML with the place of each value; `check`: all that `sage-operator check -f` does with it.
The garbage collector leaves alone what the program has loaded itself: that takes 30 ms to look through.
"""

import argparse
import gc
import json
import os
import tempfile
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from _worst import peak, slowest
from sage_operator.cli._examining import Subject, broken, examined, settings_of_files
from sage_operator.cli._manifests import Unreadable, read
from sage_operator.cli._yaml import InvalidYaml, load
from sage_operator.resources.shared import account_entries
from sage_operator.sync.preflight import Known

BOUND_MS = 50
"""For all that is done with what is accepted."""
_TIMES = 10


def _first(text: str, lines: int) -> str:
    return "".join(text.splitlines(keepends=True)[:lines])


_HEAD = """\
apiVersion: integrations.forcemanager.io/v1alpha1
kind: SageIntegration
metadata: {name: acme, namespace: crm}
spec:
  sage: {url: https://acme.my.salesforce.com, credentialsSecretRef: {name: acme-sage}}
  forceManager: {credentialsSecretRef: {name: acme-forcemanager}, branch: Madrid}
"""
_PAIRS = "  users:\n    pairs:\n" + "".join(
    f"      - {{sage: sales{n}@acme.example, forceManager: sales{n}@acme.example}}\n" for n in range(1000)
)
_ENTRIES = "  accounts:\n    fields:\n" + "".join(
    f"      - {{target: Z_F{n}, source: F{n}__c, default: x, whenEmpty: Clear, lookup: {{list: countries}}}}\n"
    for n in range(200)
)
_EXPRESSIONS = "  accounts:\n    fields:\n" + "".join(
    f"      - {{target: Z_F{n}, expression: \"record.F{n}__c == null ? '' : 'Sage: ' + record.F{n}__c\"}}\n"
    for n in range(200)
)
_EMAIL = "  users: {matching: Email}\n"
_LAUGHS = "".join(f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in pairwise("abcdefghi"))

_SHARED = "".join(
    f"- {{target: Z_F{n}, source: F{n}__c, default: x, whenEmpty: Keep, onTooLong: Cut, onlyOnCreate: true,"
    f" lookup: {{list: countries, by: iso2, onNotFound: Empty}}}}\n"
    for n in range(200)
)

CASES = {
    # Accepted.
    "a usual integration: 10 pairs, 20 entries": _HEAD + _first(_PAIRS, 12) + _first(_ENTRIES, 22),
    "200 entries with look-ups": _HEAD + _EMAIL + _ENTRIES,
    "200 expressions": _HEAD + _EMAIL + _EXPRESSIONS,
    "1,000 pairs and 200 entries": _HEAD + _PAIRS + _ENTRIES,
    "11,900 values": "a:\n" + "- a\n" * 11_900,
    "a text of 128 KiB": "a: " + "x" * 128 * 1024,
    # Refused.
    "billion laughs": "a: &a [x,x,x,x,x,x,x,x,x]\n" + _LAUGHS,
    "100,000 brackets": "[" * 100_000,
    "200,000 values": "- a\n" * 200_000,
    "300,000 dashes on a line": "- " * 300_000,
    "1,000,000 digits": "a: " + "9" * 1_000_000,
    "250,000 escapes": 'a: "' + "\\x41" * 250_000 + '"',
    "50,000 anchors": "".join(f"- &a{n} x\n" for n in range(50_000)),
    "merged 200 times": "a: &a {" + ",".join(f"k{n}: 1" for n in range(100)) + "}\nb:\n  <<: [" + "*a," * 200 + "]",
    "10,000,000 letters": "a: " + "x" * 10_000_000,
}  # fmt: skip


def loaded(text: str) -> str:
    """Read a text as YAML; return what came of it."""
    try:
        load(text)
    except InvalidYaml:
        return "refused"
    return "accepted"


def checked(path: Path) -> int:
    """Check a file; return how many problems it has."""
    try:
        manifests = read([str(path)])
    except Unreadable:
        return 1
    problems = list(broken(manifests))
    for manifest in manifests.integrations:
        subject = Subject.read(manifest, manifests)
        problems += subject.problems
        if subject.integration is not None:
            settings, findings = settings_of_files(subject, subject.integration)
            problems += subject.told(examined(settings, findings, Known()))
    return len(problems)


def measured(name: str, text: str, folder: Path) -> dict[str, Any]:
    """Measure one case."""
    path = folder / "acme.yaml"
    path.write_text(text, encoding="utf-8")
    return {
        "case": name,
        "characters": len(text),
        "outcome": loaded(text),
        "read_ms": round(slowest(partial(loaded, text), times=_TIMES), 1),
        "read_kib": round(peak(partial(loaded, text))),
        "check_ms": round(slowest(partial(checked, path), times=_TIMES), 1),
    }


def shared() -> dict[str, Any]:
    """Measure the largest shared map, as the operator reads it from a ConfigMap: each text once."""
    run = partial(account_entries.__wrapped__, _SHARED)
    took = round(slowest(run, times=_TIMES), 1)
    return {
        "case": "a ConfigMap's 200 entries, in the operator",
        "characters": len(_SHARED),
        "outcome": "accepted",
        "read_ms": took,
        "read_kib": round(peak(run)),
        "check_ms": took,
    }


def main() -> None:
    """Measure and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    as_json = parser.parse_args().json
    checked(Path(os.devnull))
    gc.collect()
    gc.freeze()
    with tempfile.TemporaryDirectory() as folder:
        cases = [measured(name, text, Path(folder)) for name, text in CASES.items()]
    cases.append(shared())
    if as_json:
        print(json.dumps(cases, indent=2))
        return
    print("| case | characters | outcome | read ms | peak KiB | check ms |\n| --- | ---: | --- | ---: | ---: | ---: |")
    for one in cases:
        told = f"{one['read_ms']} | {one['read_kib']} | {one['check_ms']}"
        print(f"| {one['case']} | {one['characters']:,} | {one['outcome']} | {told} |")
    worst = max(one["check_ms"] for one in cases if one["outcome"] == "accepted")
    print(f"\nworst accepted: {worst} ms to check (bound {BOUND_MS} ms)")


if __name__ == "__main__":
    main()
