from decimal import Decimal

import cel
import pytest

from sage_operator.sync.expressions import ExpressionProblem, compile_expression
from sage_operator.sync.expressions.expression import Expression
from sage_operator.sync.records import Scalar

ROOTS = ("record", "user")


def value(text: str, **record: Scalar) -> Scalar:
    """Evaluate a text over fields of the record."""
    return compile_expression(text, roots=ROOTS).evaluate({"record": record})


def problem(text: str, **record: Scalar) -> str:
    """Evaluate a text that has no value, and return why."""
    with pytest.raises(ExpressionProblem) as caught:
        value(text, **record)
    return str(caught.value)


def test_paths_are_what_is_read() -> None:
    """Each field is named once, by root and dotted path, sorted."""
    text = "user.email == record.Owner.Email || record.B == record.A || record.B in [user.name]"
    assert compile_expression(text, roots=ROOTS).paths == (
        ("record", "A"), ("record", "B"), ("record", "Owner.Email"), ("user", "email"), ("user", "name"),
    )  # fmt: skip


def test_equal_by_text_and_paths() -> None:
    """The same text is the same expression, whatever other roots there are; another text is another."""
    one = compile_expression("record.A", roots=["record"])
    assert one is compile_expression("record.A", roots=("record",))
    assert one == compile_expression("record.A", roots=ROOTS)
    assert hash(one) == hash(compile_expression("record.A", roots=ROOTS))
    assert one != compile_expression("record. A", roots=ROOTS)
    assert repr(one) == "Expression(text='record.A', paths=(('record', 'A'),))"


def test_what_is_not_given_is_null() -> None:
    """A field that has no value, or a root that there is not for this record, is null."""
    assert compile_expression("record.Owner.Name == null && user.name == null", roots=ROOTS).evaluate({}) is True


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("", ""),
        ("ñ\0😀", "ñ\0😀"),
        (0, 0),
        (2**63 - 1, 2**63 - 1),
        (-(2**63), -(2**63)),
        (True, True),
        (None, None),
        (Decimal("12.50"), "12.50"),
        (Decimal("0.1"), "0.1"),
        (Decimal("1E+3"), "1000"),
        (Decimal("12345678901234567890.123456789"), "12345678901234567890.123456789"),
    ],
)
def test_values_pass_unchanged(given: Scalar, found: Scalar) -> None:
    """What is read comes out as it was; a number with a fraction is its exact text."""
    result = value("record.X", X=given)
    assert (result, type(result)) == (found, type(found))
    assert value("[record.X].filter(x, true)[0]", X=given) == found


@pytest.mark.parametrize("given", [2**63, -(2**63) - 1, Decimal("1E+1000000"), "\ud800", "a" * 131_073])
def test_values_that_are_too_much(given: Scalar) -> None:
    """What the library can't hold, or what is too long, is a problem of the record."""
    assert "1000000" not in problem("record.X == null", X=given)


@pytest.mark.parametrize(
    "literal",
    [
        r"'a\n\t\\\'\"\`\?\a\b\f\v\r'",
        r"'\x41\u00e9\U0001F600\101'",
        "r'\\d'",
        '"it\'s"',
        "'''a\n'b'''",
        '"""a\\n"b"""',
        "R'''\\x'''",
    ],
)
def test_literals_are_read_as_the_library_reads_them(literal: str) -> None:
    """Each escape stands for the character that CEL says."""
    assert value(literal) == cel.evaluate(literal)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("7 / 2 * 2 + 7 % 4 - 1", 8),
        ("-7 / 2", -3),
        ("2 - 3 - 4", -5),
        ("0x1F", 31),
        ("-9223372036854775808", -(2**63)),
        ("true || false && false", True),
        ("!(1 < 2) == false", True),
        ("false ? 1 : true ? 2 : 3", 2),
        ("1 in [1, 'a', null] && !(2 in {1: 'a', true: 'b'})", True),
        ("{1: 'a', true: 'b', '1': 'c'}['1']", "c"),
        ("'b' > 'a' && 'a' != 'b' && null == null", True),
        ("size('ñ😀')", 2),
        ("''.size() + [].size()", 0),
        ("' \\u00a0a\\t'.trim()", "a"),
        ("'aXñÑ'.upperAscii() + 'AXñÑ'.lowerAscii()", "AXñÑaxñÑ"),
        ("'ñ😀b'.substring(1, 2) + 'ab'.substring(2)", "😀"),
        ("'ab'.replace('', '-')", "-a-b-"),
        ("'aaa'.replace('a', 'b', 2) + 'aaa'.replace('a', 'b', 0) + 'a'.replace('a', 'b', -1)", "bbaaaab"),
        ("'a,b,c'.split(',', 2).join('|') + string('a'.split(',', 0).size())", "a|b,c0"),
        ("'añ'.split('').join('|') + ''.split(',').join() + string(''.split('').size())", "a|ñ0"),
        ("'abc'.split('', 2).join('|')", "a|bc"),
        ("[].join(',')", ""),
        ("orEmpty(null) + orEmpty(5) + orEmpty(true) + orEmpty('a')", "5truea"),
        ("string(-5) + string(false) + string('a')", "-5falsea"),
        ("int('-5') + int('+5') + int(2)", 2),
        ("contains('abc', 'b') && startsWith('abc', 'a') && endsWith('abc', 'c')", True),
        (r"'José'.matches(r'^\w+$') || '٣'.matches(r'\d') || 'ñ'.matches(r'[\w]')", False),
        (r"'Jose 5'.matches(r'^\w+\W[\d\s]\b$')", True),
        ("'Ñandú'.matches('(?i)^ñ[a-zú]{4}$')", True),
        ("['b', 'a'].exists_one(x, x == 'a')", True),
        ("[3, 4].map(x, x * 2).filter(y, y > 6).all(x, x == 8)", True),
        ("['a'].map(x, x + 'b')[0] + ['c'].map(x, x)[0]", "abc"),
    ],
)  # fmt: skip
def test_what_is_written_is_what_is_meant(text: str, found: Scalar) -> None:
    """Operators, functions and macros do as CEL says, texts by code points."""
    result = value(text)
    assert (result, type(result)) == (found, type(found))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("record.N / 0", "division by zero"),
        ("record.N % 0", "division by zero"),
        ("record.N + 9223372036854775807", "beyond 64 bits"),
        ("9223372036854775807 * record.N", "beyond 64 bits"),
        ("-(record.N - 9223372036854775807 - 1 - record.N)", "beyond 64 bits"),
        ("int('9223372036854775808')", "beyond 64 bits"),
        ("int('12.50')", "not an integer"),
        ("int(record.Nothing)", "int takes a text, but was given null"),
        ("string(record.Nothing)", "orEmpty"),
        ("[1][record.N]", "no such element"),
        ("{'a': 1}[record.T]", "no such key"),
        ("record.T + record.N", "a text and an integer; null is joined by orEmpty"),
        ("record.T + record.Nothing", "a text and null"),
        ("record.T.trim() < record.N", "other kinds of value: record.T is a text, record.N is an integer"),
        ("record.Nothing.contains('a')", "other kinds of value: record.Nothing is null"),
        ("record.N ? 1 : 2", "other kinds of value"),
        ("!record.T", "other kinds of value"),
        ("record.N.trim()", "trim takes a text, but was given an integer"),
        ("record.T.substring(0, 99)", "beyond the text"),
        ("record.T.substring(record.Nothing)", "substring takes an integer, but was given null"),
        ("record.T.substring(0, record.Nothing)", "substring takes an integer, but was given null"),
        ("record.T.substring(2, 1)", "beyond the text"),
        ("[record.T, record.N].join()", "join takes a text, but was given an integer"),
        ("record.Long.split('').size()", "more than 100 elements"),
        ("record.Long.matches('a')", "no more than 1,024 characters"),
        ("record.Longest + 'a'", "the result has more than 131,072 characters"),
        ("record.Longest.replace('', record.Long)", "too much work"),
        ("[record.Long].all(x, x == record.Longest)", "look at more than 262,144 characters"),
    ],
)
def test_why_there_is_no_value(text: str, why: str) -> None:
    """Each failure says why, and repeats no value."""
    said = problem(text, N=3, T="secret", Long="a" * 2000, Longest="a" * 131_072)
    assert why in said
    assert "secret" not in said
    assert "aaaa" not in said


def test_errors_are_absorbed_as_in_cel() -> None:
    """Of two conditions, one that decides alone makes up for an error of the other, also of a function of ours."""
    assert value("record.T.trim() == '' || true", T=None) is True
    assert value("true || record.T.trim() == ''", T=None) is True
    assert "trim" in problem("record.T.trim() == '' || false", T=None)


def test_exhaustion_is_not_absorbed() -> None:
    """An evaluation that has used up its work has no value, whatever else decides."""
    assert "too much work" in problem("record.T.replace('', record.T) == '' || true", T="a" * 10_000)


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    """A failing function leaves no word outside, where values might be seen."""
    problem("record.T.substring(99)", T="secret")
    assert capfd.readouterr() == ("", "")


def test_a_panic_of_the_library_is_a_problem_of_the_record() -> None:
    """What does not derive from Exception is caught too if it is a panic, and nothing else is."""
    panic = type("PanicException", (BaseException,), {"__module__": "pyo3_runtime"})

    def failing(error: type[BaseException]) -> Expression:
        def run(_: object) -> None:
            raise error

        return Expression(text="x", paths=(), _reads=(), _functions=(), _run=run)

    with pytest.raises(ExpressionProblem):
        failing(panic).evaluate({})
    with pytest.raises(KeyboardInterrupt):
        failing(KeyboardInterrupt).evaluate({})
