"""Expressions of field maps: what one evaluation costs, and what the worst costs that is accepted.

All in one process, by the CPU time of its thread, the best of several: other load on the machine does not count. The
worst cases were looked for by hand, one for each bound of `sync/expressions/limits.py`, and by the fuzz tests.
"""

import argparse
import json
import os
import random
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import cel

from _processes import Usage, forget_peak, machine
from sage_operator.sync.expressions import (
    Expression,
    ExpressionProblem,
    InvalidExpression,
    compile_expression,
    limits,
)
from sage_operator.sync.expressions.grammar import parse

BOUND = 50
"""Milliseconds that the worst accepted case may take."""

TYPICAL: dict[str, tuple[str, dict[str, Any]]] = {
    "a field": ("record.Name", {"Name": "Acme"}),
    "a text with null": ("record.Note == null ? '' : 'Sage: ' + record.Note", {"Note": "new"}),
    "an address": (
        "[record.Street, record.Area, record.City].filter(x, x != null).join(', ')",
        {"Street": "Mayor 1", "Area": None, "City": "León"},
    ),
    "several values": ("record.Tags.split(';').exists(t, t == 'big')", {"Tags": "new;old;big"}),
    "a pattern": ("record.Vat.matches('^[A-Z][0-9]{7}[0-9A-J]$')", {"Vat": "B1234567J"}),
}  # fmt: skip

LIST = f"[{', '.join(['1'] * limits.ELEMENTS)}]"
LONG = "é" * limits.TEXT
NOISE = "".join(random.Random(1).choices("ab", k=limits.MATCHED))


def _repeated(part: str, joint: str, around: str = "{}") -> str:
    """Repeat a part as often as an expression may have it."""
    least, most = 1, limits.LENGTH
    while least < most:
        middle = (least + most + 1) // 2
        try:
            compile_expression(around.format(joint.join([part] * middle)), roots=["record"])
        except InvalidExpression:
            most = middle - 1
        else:
            least = middle
    return around.format(joint.join([part] * least))


def _worst() -> dict[str, tuple[str, dict[str, Any]]]:
    """Return the worst that was found for each bound, each as large as is accepted."""
    many, share = "a;" * (limits.ELEMENTS - 1), limits.READ // limits.ELEMENTS
    return {
        "operators in a macro": (_repeated("x < 2", " && ", f"{LIST}.all(x, {{}})"), {}),
        "functions in a macro": (_repeated("x.trim() != ''", " && ", "record.A.split(';').all(x, {})"), {"A": many}),
        "comparisons in a macro": (
            _repeated("x != 'éb'", " && ", "record.A.split(';').all(x, {})"), {"A": f"{'é' * 1200};" * 99},
        ),
        "searching in a macro": (
            _repeated("!x.contains('éb')", " && ", "record.A.split(';').all(x, {})"), {"A": f"{'é' * 1200};" * 99},
        ),
        "a field in a macro": (f"{LIST}.map(x, record.A).join()", {"A": "é" * share}),
        "a field in a macro, emoji": (f"{LIST}.map(x, record.A).join()", {"A": "😀" * share}),
        "failing within a macro": (
            _repeated("(x + x)", " || ", "record.A.split(';').all(x, {} || true)"), {"A": f"{'é' * 1300};" * 99},
        ),
        "macros in a row": (_repeated("map(x, x + 1)", ".", f"{LIST}.{{}}[0]"), {}),
        "joining": (_repeated("record.A", " + "), {"A": "é" * (limits.READ // 160)}),
        "long texts": ("record.A == record.B", {"A": LONG, "B": LONG[::-1]}),
        "growing": ("record.A.replace('a', 'éé').trim()", {"A": "a" * (limits.TEXT // 2)}),
        "refused for its work": ("record.A.replace('', record.A)", {"A": LONG}),
        "a pattern with many states": ("record.A.matches('[ab]*a[ab]{180}c')", {"A": NOISE}),
        "a pattern of any letters": ("record.A.matches('.*a.{180}c')", {"A": NOISE}),
        "a pattern without case": ("record.A.matches('(?i)[^q]*a[^q]{180}c')", {"A": NOISE}),
        "a pattern of optional parts": ("record.A.matches('(?:[ab]?){60}c')", {"A": NOISE}),
        "many patterns": (_repeated("record.A.matches('[ab]*a[ab]')", " && "), {"A": NOISE}),
        "a long choice": (_repeated("record.A == 1 ? 1 : ", "", "{}2"), {"A": 2}),
        "the longest text": (f"'{'é' * (limits.LENGTH - 2)}'", {}),
        "parentheses": (f"{'(' * 999}1{')' * 999}", {}),
        "deep": (f"{'(' * 31}true{' ? true : false)' * 31}", {}),
        "deep calls": (f"{'trim(' * 29}record.A{')' * 29}", {"A": "é" * (limits.WORK // 70)}),
        "several of these": (
            " || ".join([
                "record.C.matches('.*a.{170}c')",
                "record.A.split(';').map(x, record.B).join() == ''",
                f"record.A.split(';').all(x, {'(x + x) || ' * 10}true)",
            ]),
            {"A": f"{'é' * 400};" * 99, "B": "😀" * 1_500, "C": NOISE},
        ),
        "many parts": (_repeated("1", ", ", "[{}][0] == 1 && " + " && ".join(["true"] * 140)), {}),
    }  # fmt: skip


def _seconds(action: Callable[[], Any], times: int) -> float:
    """Return the CPU time of the best of several."""
    best = float("inf")
    for _ in range(5):
        started = time.thread_time()
        for _ in range(times):
            action()
        best = min(best, (time.thread_time() - started) / times)
    return best


def _evaluated(expression: Expression, record: dict[str, Any]) -> str:
    try:
        return type(expression.evaluate({"record": record})).__name__
    except ExpressionProblem:
        return "problem"


def _compile_anew(text: str) -> Expression:
    """Compile what is surely not cached: no other text has these roots."""
    return compile_expression(text, roots=["record", f"r{time.perf_counter_ns()}"])


def _measured(text: str, record: dict[str, Any], *, times: int) -> dict[str, Any]:
    """Measure one expression: milliseconds to compile and to evaluate, MiB that an evaluation adds at its peak."""
    expression = compile_expression(text, roots=["record"])
    result = _evaluated(expression, record)
    forget_peak()
    before = Usage.of(os.getpid()).rss
    _evaluated(expression, record)
    peak = max(0, Usage.of(os.getpid()).peak - before)
    return {
        "characters": len(text),
        "result": result,
        "compile": _seconds(lambda: _compile_anew(text), 2) * 1e3,
        "evaluate": _seconds(lambda: _evaluated(expression, record), times) * 1e3,
        "peak": peak,
    }


def measure() -> dict[str, Any]:
    """Measure all, and what the library alone takes for the typical ones that it can do alone."""
    started = time.thread_time()
    parse("1")
    grammar = (time.thread_time() - started) * 1e3
    typical = {name: _measured(*case, times=2000) for name, case in TYPICAL.items()}
    for name in ("a field", "a text with null"):
        text, record = TYPICAL[name]
        program = cel.compile(text)
        typical[name]["alone"] = _seconds(partial(program.execute, {"record": record}), 2000) * 1e3
    worst = {name: _measured(*case, times=3) for name, case in _worst().items()}
    return {"machine": machine(), "grammar": grammar, "typical": typical, "worst": worst}


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) if column == 0 else cell.rjust(width)
                  for column, (cell, width) in enumerate(zip(row, widths, strict=True)))
        for row in (head, *rows)
    )  # fmt: skip


def main() -> None:
    """Measure and print; end with 1 if the worst accepted case is beyond the bound."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of tables")
    args = parser.parse_args()
    measured = measure()
    worst = max(measured["worst"].values(), key=lambda case: case["evaluate"])["evaluate"]
    if args.json:
        print(json.dumps(measured, indent=1))
    else:
        typical = [
            (name, f"{case['compile'] * 1e3:,.0f}", f"{case['evaluate'] * 1e3:.1f}",
             f"{case['evaluate'] / case['alone']:.2f}" if "alone" in case else "-")
            for name, case in measured["typical"].items()
        ]  # fmt: skip
        hostile = [
            (name, str(case["characters"]), case["result"], f"{case['compile']:.1f}", f"{case['evaluate']:.3f}",
             f"{case['evaluate'] / BOUND:.2f}", f"{case['peak']:.1f}")
            for name, case in measured["worst"].items()
        ]  # fmt: skip
        print(measured["machine"])
        print(_table(("typical", "compile us", "evaluate us", "to the library alone"), typical), end="\n\n")
        print(_table(("worst", "characters", "result", "compile ms", "evaluate ms", "of 50 ms", "peak MiB"), hostile))
        print(
            f"\nthe parser's tables, once a process: {measured['grammar']:.0f} ms; the worst evaluation: {worst:.1f} ms"
        )
    if worst > BOUND:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
