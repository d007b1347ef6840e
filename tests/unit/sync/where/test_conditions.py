import pytest

from sage_operator.sync.where import Condition, LiteralKind, parse_condition

from .writing import written


def uses(condition: Condition) -> list[tuple[str, str, list[str]]]:
    """Return what is compared, and with what."""
    return [(use.path, use.operator, [literal.text for literal in use.literals]) for use in condition.fields]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Type = 'Customer'", [("Type", "=", ["Customer"])]),
        ("type<>'x'", [("type", "!=", ["x"])]),
        ("A < 1 AND B <= -1.50 AND C > +2 AND D >= 0",
         [("A", "<", ["1"]), ("B", "<=", ["-1.50"]), ("C", ">", ["+2"]), ("D", ">=", ["0"])]),
        ("(A = 1 OR B = 2) AND (NOT C = null)", [("A", "=", ["1"]), ("B", "=", ["2"]), ("C", "=", ["null"])]),
        ("not (A = 1 oR B = 2)", [("A", "=", ["1"]), ("B", "=", ["2"])]),
        ("NOT (NOT A = 1)", [("A", "=", ["1"])]),
        ("((A = 1))", [("A", "=", ["1"])]),
        ("Name LIKE 'A\\_b\\%c%'", [("Name", "LIKE", [r"A\_b\%c%"])]),
        ("Name like '_'", [("Name", "LIKE", ["_"])]),
        ("T IN ('a', 'b',null)", [("T", "IN", ["a", "b", "null"])]),
        ("T not  in(1)", [("T", "NOT IN", ["1"])]),
        ("B INCLUDES ('x;y','z')", [("B", "INCLUDES", ["x;y", "z"])]),
        ("B excludes ('x')", [("B", "EXCLUDES", ["x"])]),
        ("V = TRUE OR V = false", [("V", "=", ["TRUE"]), ("V", "=", ["false"])]),
        ("D = 2024-02-29", [("D", "=", ["2024-02-29"])]),
        ("D > 2024-01-31T23:59:59.999+01:00", [("D", ">", ["2024-01-31T23:59:59.999+01:00"])]),
        ("D > 2024-01-31t00:00:00z", [("D", ">", ["2024-01-31t00:00:00z"])]),
        (r"N = 'O\'Neill \\ \"x\" \n\t'", [("N", "=", ["O'Neill \\ \"x\" \n\t"])]),
        ("N = ') OR (Id != null'", [("N", "=", [") OR (Id != null"])]),
        ("N = 'größer 東京 😀'", [("N", "=", ["größer 東京 😀"])]),
        ("Owner.Manager.Name = 'x'", [("Owner.Manager.Name", "=", ["x"])]),
        ("And__c = 1 AND Nullable = 2 AND In.Today__c = 3",
         [("And__c", "=", ["1"]), ("Nullable", "=", ["2"]), ("In.Today__c", "=", ["3"])]),
        ("\tA\n=\r\n1 ", [("A", "=", ["1"])]),
    ],
)  # fmt: skip
def test_what_salesforce_takes_is_read(text: str, expected: list[tuple[str, str, list[str]]]) -> None:
    """Expect fields, operators and values in order, and the text as it was."""
    condition = parse_condition(text)
    assert uses(condition) == expected
    assert condition.text == text


def test_literals_tell_their_kinds_and_columns() -> None:
    """Expect the kind of each literal, and columns from 1 of field, operator and value."""
    text = "A NOT IN ('x', 1, TRUE, 2024-01-31, 2024-01-31T00:00:00Z, null)"
    (use,) = parse_condition(text).fields
    assert [literal.kind for literal in use.literals] == [
        LiteralKind.TEXT,
        LiteralKind.NUMBER,
        LiteralKind.BOOLEAN,
        LiteralKind.DATE,
        LiteralKind.DATETIME,
        LiteralKind.NULL,
    ]
    assert (use.column, use.operator_column) == (1, 3)
    assert [text[literal.column - 1] for literal in use.literals] == ["'", "1", "T", "2", "2", "n"]


def test_paths_are_named_once_whatever_their_case() -> None:
    """Expect each field once, as it was first written, in order."""
    assert parse_condition("Type = 'a' OR TYPE = 'b' OR Owner.Name = 'c' OR type = 'd'").paths == ("Type", "Owner.Name")


def test_for_a_child_only_fields_are_changed() -> None:
    """Expect the relationship before each field and no other change, not even in texts or of blanks."""
    condition = parse_condition("(Type  = 'Type' AND\nOwner.Name LIKE 'Type = %')\tOR  Type IN ('a','b')")
    assert condition.of_child("Account") == (
        "(Account.Type  = 'Type' AND\nAccount.Owner.Name LIKE 'Type = %')\tOR  Account.Type IN ('a','b')"
    )


def test_bounds_are_exact() -> None:
    """Expect that the longest, deepest and widest conditions are read; one step more is refused elsewhere."""
    parse_condition(f"A = '{'x' * 3994}'")
    parse_condition(f"{'(' * 32}A = 1{')' * 32}")
    assert len(parse_condition(" OR ".join(["A = 1"] * 100)).fields) == 100
    assert len(parse_condition(f"A IN ({','.join(['1'] * 200)})").fields[0].literals) == 200


def test_written_conditions_have_what_the_tests_need() -> None:
    """Expect that the generator of the other tests makes conditions with all operators."""
    texts = [written(seed) for seed in range(300)]
    for word in (" AND ", " OR ", "NOT ", "LIKE", " IN ", "INCLUDES", "null", "2024-", "("):
        assert any(word in text for text in texts), word
