"""How long the worst conditions take to read and check, and how much memory: accepted ones and refused ones.

    python benchmarks/conditions.py

Each case is measured several times without the cache of what was read before; the slowest of each is told, in
CPU time, since other processes of the machine are no part of it.
"""

import argparse
import json
from functools import partial
from typing import Any

from _worst import peak, slowest
from sage_operator.sync.sources import PicklistValue, SourceField, SourceKind, SourceObject
from sage_operator.sync.where import InvalidCondition, check_condition, parse_condition

BOUND_MS = 50
_TIMES = 20

# As large as Salesforce allows: 800 fields, a picklist of 1,000 values.
_VALUES = tuple(PicklistValue(value=f"Value {n}", label=f"Label {n}") for n in range(1000))
_CHOICES = SourceField(name="Type", kind=SourceKind.PICKLIST, picklist=_VALUES)
_FIELDS = [SourceField(name=f"Some_Custom_Field_{n}__c", kind=SourceKind.TEXT) for n in range(798)]
_OWNER = SourceField(name="OwnerId", kind=SourceKind.REFERENCE, relationship_name="Owner", relates_to=("Account",))
ACCOUNT = SourceObject.of(name="Account", label="Account", fields=[_CHOICES, _OWNER, *_FIELDS])

CASES = {
    # Accepted by the grammar.
    "100 comparisons": " OR ".join(["Some_Custom_Field_1__c = 'xxx'"] * 100),
    "100 unknown fields": " OR ".join([f"Sone_Custon_Feld_{n}__c = 'x'" for n in range(100)]),
    "200 values in each of 5 lists": " OR ".join([f"Type IN ({','.join(['1'] * 200)})"] * 5),
    "200 unknown choices in each of 4 lists": " OR ".join(["Type IN ('a'" + ",'a'" * 199 + ")"] * 4),
    "100 lists of a picklist": " OR ".join(["Type IN ('Value 1', 'Value 2')"] * 100),
    "a text of 3,980 letters": f"Type = '{'x' * 3980}'",
    "a text of 900 escapes": "Type = '" + r"\'" * 900 + "'",
    "parentheses 32 deep, over and over": " OR ".join([f"{'(' * 31}Type = 'x'{')' * 31}"] * 40),
    # Refused.
    "4,000 parentheses": "(" * 4000,
    "4,000 quotes": "'" * 4000,
    "1,000 NOT": "NOT " * 1000,
    "400 comparisons": "A = 1 AND " * 400,
    "a list of 1,997 values": "A IN (" + "1," * 1997,
    "a name of 4,000 letters": "A" * 4000,
    "10,000,000 letters": "x" * 10_000_000,
}


def judged(text: str) -> str:
    """Read and check a text without any cache; return what came of it."""
    try:
        condition = parse_condition.__wrapped__(text)
    except InvalidCondition:
        return "refused"
    problems = check_condition(condition, {"Account": ACCOUNT})
    return f"read, {len(problems)} problems" if problems else "accepted"


def main() -> None:
    """Measure and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    as_json = parser.parse_args().json
    cases: list[dict[str, Any]] = [
        {
            "case": name,
            "characters": len(text),
            "outcome": judged(text),
            "ms": round(slowest(partial(judged, text), times=_TIMES), 1),
            "kib": round(peak(partial(judged, text))),
        }
        for name, text in CASES.items()
    ]
    if as_json:
        print(json.dumps(cases, indent=2))
        return
    print("| case | characters | outcome | slowest ms | peak KiB |\n| --- | ---: | --- | ---: | ---: |")
    for one in cases:
        print(f"| {one['case']} | {one['characters']:,} | {one['outcome']} | {one['ms']} | {one['kib']} |")
    worst = max(one["ms"] for one in cases)
    print(f"\nworst: {worst} ms (bound {BOUND_MS} ms)")


if __name__ == "__main__":
    main()
