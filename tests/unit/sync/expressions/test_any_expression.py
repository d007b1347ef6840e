import contextlib
from decimal import Decimal
from string import Formatter
from typing import Any

import cel
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from sage_operator.sync.expressions import (
    ExpressionProblem,
    InvalidExpression,
    compile_expression,
    limits,
)
from sage_operator.sync.expressions.functions import FUNCTIONS
from sage_operator.sync.expressions.literals import quoted, unquoted
from sage_operator.sync.expressions.translate import MACROS
from sage_operator.sync.records import Scalar

ROOTS = ("record", "account")
FIELDS = ("record.A", "record.B", "record.Owner.Name", "account.A")

MARKS = "()[]{}.,?:!-+*/%<>=&|'\"\\`ñ😀\n\0 x01"
WORDS = [
    r"&&",
    r"||",
    r"==",
    r"in",
    r"true",
    r"null",
    r"record",
    r"has(",
    r".map(x,",
    r"matches(",
    r"'a'",
    r"'''",
    r"\u",
    r"'(a|b)*'",
    r"r'",
    r"b'",
    r"//",
    r"0x",
    r"1u",
    r".5",
    r"1e9",
    r"9223372036854775808",
]
TOKENS = st.sampled_from((*FIELDS, *FUNCTIONS, *MACROS, *MARKS, *WORDS))
SOUP = st.lists(TOKENS, max_size=40).map("".join) | st.lists(TOKENS, max_size=15).map(" ".join) | st.text(max_size=60)

SCALARS: st.SearchStrategy[Scalar] = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([2**63 - 1, -(2**63), 2**63])
    | st.decimals()
    | st.text(st.characters() | st.sampled_from(",; ab'\\"), max_size=30)
    | st.text(min_size=1, max_size=3).map(lambda text: text * 60_000)
)
KINDS = {
    "text": ["''", "'a'", "'ab;ñ'", r"'it\'s'", *FIELDS],
    "integer": ["0", "1", "7", "0x10", "-9223372036854775808", "9223372036854775807", *FIELDS],
    "condition": ["true", "false", *FIELDS],
    "list": ["[]", "[1, 'a', null, true]", "record.A.split(';')", "record.B.split('', 3)"],
}
FORMS = {
    "text": [
        "{text} + {text}",
        "({condition} ? {text} : {text})",
        "{text}.trim()",
        "upperAscii({text})",
        "{text}.lowerAscii()",
        "{text}.replace({text}, {text})",
        "{text}.replace({text}, {text}, {integer})",
        "{text}.substring({integer})",
        "{text}.substring({integer}, {integer})",
        "{list}.join({text})",
        "string({integer})",
        "orEmpty({condition})",
        "{list}[{integer}]",
        "{{'a': {text}, 1: {integer}}}[{text}]",
        "[{text}, {text}].filter(x, x != null).join()",
    ],
    "integer": [
        "{integer} + {integer}",
        "({integer} - {integer}) * {integer}",
        "{integer} / {integer}",
        "-({integer} % {integer})",
        "{text}.size()",
        "size({list})",
        "int({text})",
        "({condition} ? {integer} : {integer})",
        "{list}[{integer}]",
    ],
    "condition": [
        "({condition} && {condition})",
        "{condition} || {condition}",
        "!({condition})",
        "({text} == {text})",
        "({integer} < {integer})",
        "({text} >= {text})",
        "({integer} in {list})",
        "{text}.contains({text})",
        "{text}.startsWith({text})",
        "endsWith({text}, {text})",
        "{text}.matches(r'^[a-z]*\\d{{1,3}}|ñ')",
        "{list}.all(x, x == {text})",
        "{list}.exists(x, x + {text} == {text})",
        "{list}.exists_one(x, {condition})",
        "({text} == null)",
    ],
    "list": [
        "{text}.split({text})",
        "{text}.split({text}, {integer})",
        "[{text}, {integer}, {condition}]",
        "{list}.map(x, x + x)",
        "{list}.map(x, x == {text})",
        "{list}.filter(x, x != {integer})",
    ],
}


@st.composite
def expressions(draw: st.DrawFn, kind: str = "", depth: int = 4) -> str:
    """Write an expression; most are accepted, and fail or not by what the fields hold."""
    kind = kind or draw(st.sampled_from(["text", "integer", "condition"]))
    form = draw(st.sampled_from(KINDS[kind] if depth == 0 or draw(st.integers(0, 4)) == 0 else FORMS[kind]))
    if form in KINDS[kind]:
        return form
    parts = [
        f"{before}{draw(expressions(kind=part, depth=depth - 1)) if part else ''}"
        for before, part, _, _ in Formatter().parse(form)
    ]
    return "".join(parts)


EXPRESSIONS = expressions()
GIVEN = st.fixed_dictionaries({
    "record": st.fixed_dictionaries({"A": SCALARS, "B": SCALARS, "Owner.Name": SCALARS}),
    "account": st.fixed_dictionaries({"A": SCALARS}),
})  # fmt: skip
_slow: dict[str, Any] = {"deadline": None, "suppress_health_check": list(HealthCheck)}


def _points_into(text: str, refusal: InvalidExpression) -> None:
    lines = text.split("\n")
    assert 1 <= refusal.line <= len(lines)
    assert 1 <= refusal.column <= len(lines[refusal.line - 1]) + 1
    assert refusal.excerpt.rstrip("…") in " ".join(text.split())
    assert refusal.problem in str(refusal)


def _holds(text: str, given_values: dict[str, dict[str, Scalar]]) -> None:
    """The expression is refused, or has a value, or a problem, and the same again."""
    try:
        expression = compile_expression(text, roots=ROOTS)
    except InvalidExpression as refusal:
        _points_into(text, refusal)
        return
    outcomes = []
    for _ in range(2):
        try:
            result = expression.evaluate(given_values)
        except ExpressionProblem as problem:
            outcomes.append(("problem", str(problem)))
        else:
            assert type(result) in {str, int, bool, type(None)}
            assert not isinstance(result, str) or len(result) <= limits.TEXT
            assert not isinstance(result, int) or -(1 << 63) <= result < 1 << 63
            outcomes.append((type(result).__name__, str(result)))
    assert outcomes[0] == outcomes[1]


@given(SOUP, GIVEN)
@settings(max_examples=120, **_slow)
def test_any_text_is_refused_or_evaluated(text: str, values: dict[str, dict[str, Scalar]]) -> None:
    """Whatever is written, and whatever the fields hold, nothing but the two exceptions comes out."""
    _holds(text, values)


@given(EXPRESSIONS, GIVEN)
@settings(max_examples=120, **_slow)
def test_any_expression_has_a_value_or_a_problem(text: str, values: dict[str, dict[str, Scalar]]) -> None:
    """The same of what is well written."""
    _holds(text, values)


@pytest.mark.soak
@given(SOUP | EXPRESSIONS, GIVEN)
@settings(max_examples=50_000, **_slow)
def test_any_expression_soak(text: str, values: dict[str, dict[str, Scalar]]) -> None:
    """The same, for long."""
    _holds(text, values)


NUMBERS = st.recursive(
    st.integers(0, 9).map(str) | st.sampled_from(["record.A", "record.B"]),
    lambda parts: (
        st.tuples(parts, st.sampled_from(["+", "-", "*", "/", "%"]), parts).map(" ".join)
        | parts.map("({})".format)
        | parts.map("-({})".format)
        | st.tuples(parts, st.sampled_from(["<", "<=", "==", "!="]), parts, parts, parts).map(
            lambda five: f"({five[0]} {five[1]} {five[2]} ? {five[3]} : {five[4]})"
        )
    ),
    max_leaves=10,
)
CONDITIONS = st.recursive(
    st.tuples(NUMBERS, st.sampled_from(["<", ">", ">=", "==", "!="]), NUMBERS).map(" ".join)
    | st.sampled_from(["true", "false"]),
    lambda parts: (
        st.tuples(parts, st.sampled_from(["&&", "||"]), parts).map(" ".join)
        | parts.map("!({})".format)
        | st.tuples(parts, parts, parts).map(lambda three: f"({three[0]}) ? ({three[1]}) : {three[2]}")
    ),
    max_leaves=6,
)


@given(NUMBERS | CONDITIONS, st.integers(-9, 9), st.integers(-9, 9))
@settings(max_examples=120, **_slow)
def test_the_translation_means_what_was_written(text: str, one: int, other: int) -> None:
    """Of plain CEL, the library itself makes the same: precedence, grouping, integer arithmetic, short circuits."""
    try:
        expression = compile_expression(text, roots=ROOTS)
    except InvalidExpression as refusal:
        assume("deep" not in refusal.problem)
        raise
    wanted: Any = "none"
    with contextlib.suppress(ArithmeticError):
        wanted = cel.evaluate(text, {"record": {"A": one, "B": other}})
    found: Any = "none"
    with contextlib.suppress(ExpressionProblem):
        found = expression.evaluate({"record": {"A": one, "B": other}})
    assert (found, type(found)) == (wanted, type(wanted))


@given(st.text())
def test_texts_survive_quoting(text: str) -> None:
    """A text spelled for the library is read by it, and by us, as that text."""
    assert cel.evaluate(quoted(text)) == text
    assert unquoted(quoted(text)) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30))
def test_decimals_stay_exact(number: Decimal) -> None:
    """A number with a fraction that passes through an expression is the same number."""
    result = compile_expression("record.A", roots=ROOTS).evaluate({"record": {"A": number}})
    assert Decimal(str(result)) == number
