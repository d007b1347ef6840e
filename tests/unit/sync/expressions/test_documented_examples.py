import json
import re
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sage_operator.sync.expressions import ExpressionProblem, InvalidExpression, compile_expression, limits
from sage_operator.sync.expressions.functions import FUNCTIONS
from sage_operator.sync.expressions.translate import MACROS

PAGE = (Path(__file__).parents[4] / "docs" / "expressions.md").read_text()
ROOTS = ("record", "account", "user")


def _rows(*head: str) -> list[list[str]]:
    """Return the cells of all tables of the page with these columns."""
    columns = r" \| ".join(head)
    found = re.findall(rf"^\| {columns} \|\n\| [-| ]+\|\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    lines = "".join(found).splitlines()
    return [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def _code(cell: str) -> str:
    assert cell.startswith("`"), cell
    assert cell.endswith("`"), cell
    return cell[1:-1]


EXAMPLES = _rows("expression", "fields", "value")
REFUSED = _rows("expression", "message")


@pytest.mark.parametrize(("expression", "fields", "value"), EXAMPLES)
def test_examples_give_what_the_page_says(expression: str, fields: str, value: str) -> None:
    """Every example of the page has the value, or fails, as it says."""
    variables: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for name, given in json.loads(_code(fields), parse_float=Decimal).items():
        root, _, path = name.partition(".")
        variables[root][path] = given
    compiled = compile_expression(_code(expression), roots=ROOTS)
    assert {f"{root}.{path}" for root, path in compiled.paths} == set(json.loads(_code(fields)))
    if value == "fails":
        with pytest.raises(ExpressionProblem):
            compiled.evaluate(variables)
        return
    wanted = json.loads(_code(value))
    found = compiled.evaluate(variables)
    assert (found, type(found)) == (wanted, type(wanted))


@pytest.mark.parametrize(("expression", "message"), REFUSED)
def test_refusals_say_what_the_page_says(expression: str, message: str) -> None:
    """Every refused example has exactly the message that the page shows."""
    with pytest.raises(InvalidExpression) as refusal:
        compile_expression(_code(expression), roots=ROOTS)
    assert str(refusal.value) == message


def test_the_page_shows_every_function() -> None:
    """No function or macro is without a row of its own and an example."""
    described = " ".join(row[0] for row in _rows("function", "what it gives"))
    used = " ".join(row[0] for row in EXAMPLES)
    for name in (*FUNCTIONS, *MACROS):
        assert f"{name}(" in described, name
        assert f"{name}(" in used, name


def test_the_page_has_the_limits() -> None:
    """The numbers of the limits are those in force."""
    page = PAGE[PAGE.index("## Limits") :]
    for limit in (limits.LENGTH, limits.NODES, limits.DEPTH, limits.TEXT, limits.ELEMENTS, limits.READ, limits.WORK):
        assert f"{limit:,}" in page
    for limit in (limits.CALL, limits.REPEATED, limits.MATCHED, limits.PATTERN, limits.PATTERN_START):
        assert f"{limit:,}" in page
