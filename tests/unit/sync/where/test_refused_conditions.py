import pytest

from sage_operator.sync.where import InvalidCondition, parse_condition


def refusal(text: str) -> InvalidCondition:
    """Return why a text is refused."""
    with pytest.raises(InvalidCondition) as caught:
        parse_condition(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "column", "problem"),
    [
        # Nothing, or something else than a condition.
        ("", 1, "is empty"),
        ("  \n ", 1, "is empty"),
        ("WHERE A = 1", 1, "leave WHERE out"),
        ("SELECT Id FROM Account", 1, "sub-queries"),
        ("A = 1 ORDER BY Name", 7, "ORDER BY is not part"),
        ("A = 1 LIMIT 5", 7, "LIMIT is not part"),
        ("A = 1 FOR UPDATE", 7, "FOR is not part"),
        ("A = 1 WITH SECURITY_ENFORCED", 7, "WITH is not part"),
        ("A = 1 GROUP BY A", 7, "GROUP BY is not part"),
        ("A = 1;", 6, "semicolon"),
        ("A = 1 -- all", 7, "no comments"),
        ("A = 1 // all", 7, "no comments"),
        ("A = 1 /* all */", 7, "no comments"),
        ("A = 1 # all", 7, "no comments"),
        # Parentheses.
        ("(A = 1", 7, "closing parenthesis is missing"),
        ("A IN (1", 8, "closing parenthesis is missing"),
        ("A = 1)", 6, "closes none"),
        ("A = 1) OR (B = 2", 6, "closes none"),
        ("()", 2, "a field, NOT or a parenthesis"),
        ("A = 1 AND B = 2 OR C = 3", 17, "wants parentheses"),
        ("(A = 1 OR B = 2 AND C = 3)", 17, "wants parentheses"),
        ("NOT A = 1 AND B = 2", 1, "NOT beside AND"),
        ("A = 1 OR NOT B = 2", 10, "NOT beside OR"),
        ("NOT NOT A = 1", 5, "NOT follows NOT"),
        # Operators.
        ("A", 2, "an operator"),
        ("A B", 3, "an operator"),
        ("A == 1", 4, "`==` is no operator"),
        ("A => 1", 4, "`=>` is no operator"),
        ("A ! 1", 3, "!="),
        ("A = 1 && B = 1", 7, "AND and OR for"),
        ("A = 1 || B = 1", 7, "AND and OR for"),
        ("A = 1 B = 2", 7, "AND or OR"),
        ("A NOT LIKE 'x'", 7, "only IN follows"),
        ("A IS NULL", 3, "an operator"),
        ("A LIKE 5", 8, "a text in single quotes"),
        ("A < null", 3, "neither less nor greater"),
        ("A BETWEEN 1 AND 2", 3, "an operator"),
        # Values.
        ("A =", 4, "a value"),
        ("A = B", 5, "'B'"),
        ("A = 'x", 5, "no closing quote"),
        ("A = 'x' OR B = 'O'Neill'", 19, "a space is missing"),
        ('A = "x"', 5, "single straight quotes"),
        ("A = \N{LEFT SINGLE QUOTATION MARK}x\N{RIGHT SINGLE QUOTATION MARK}", 5, "single straight quotes"),
        (r"A = 'a\z'", 7, r"\z is no escape"),
        (r"A = 'a\u0027 OR Id != null'", 7, r"\u is not allowed"),
        (r"A = 'a\%'", 7, "after LIKE only"),
        ("A = 'a\nb'", 5, r"written \n"),
        ("A = 'a\x00b'", 7, "U+0000"),
        ("A = 'a\ud800b'", 7, "U+D800"),
        ("A =\N{NO-BREAK SPACE}1", 4, "U+00A0"),
        ("A = 1.", 6, "a dot"),
        ("A = .5", 5, "a dot"),
        ("A = 1e5", 6, "a space is missing"),
        ("A = USD500", 5, "in a currency"),
        ("A = :ids", 5, "variables"),
        ("A IN 'x'", 6, "a list in parentheses"),
        ("A IN ()", 7, "a value"),
        ("A IN ('a',)", 11, "a value"),
        ("A IN ('a' 'b')", 11, "a comma"),
        ("A = ('a')", 5, "a value"),
        ("Id IN (SELECT AccountId FROM Contact)", 8, "sub-queries"),
        ("A = 'x'AND B = 1", 8, "a space is missing"),
        # Dates.
        ("A = 2024-13-01", 5, "no date of the calendar"),
        ("A = 2023-02-29", 5, "no date of the calendar"),
        ("A = 2024-01-01T25:00:00Z", 5, "no date and time"),
        ("A = 2024-01-01T00:00:00", 15, "a zone"),
        ("A = TODAY", 5, "TODAY is not allowed"),
        ("A > last_n_days:30", 5, "LAST_N_DAYS:30 is not allowed"),
        ("A = THIS_FISCAL_QUARTER", 5, "locale"),
        ("A < N_DAYS_AGO:3", 5, "2026-01-31"),
        ("CALENDAR_YEAR(CreatedDate) = 2024", 1, "date function CALENDAR_YEAR"),
        ("A = 1 AND DISTANCE(B, GEOLOCATION(1,2), 'km') < 5", 11, "as a function"),
        ("A = toLabel('x')", 5, "as a function"),
        # Fields.
        ("A. B = 1", 2, "a dot"),
        ("a.b.c.d.e.F = 1", 1, "more than 4 parents"),
        ("1 = A", 1, "a field, NOT or a parenthesis"),
        ("_A = 1", 1, "no meaning"),
        ("\N{CYRILLIC SMALL LETTER A} = 1", 1, "no meaning"),
        ("A = FAL\N{LATIN SMALL LETTER LONG S}E", 5, "'FAL'"),
        # Bounds.
        (f"A = '{'x' * 3995}'", 4001, "4,001 characters"),
        (f"{'(' * 33}A = 1{')' * 33}", 33, "more than 32"),
        (" OR ".join(["A = 1"] * 101), 901, "more than 100 comparisons"),
        (f"A IN ({','.join(['1'] * 201)})", 406, "more than 200 values"),
        (" OR ".join([f"A IN ({','.join(['1'] * 200)})"] * 6), 2066, "more than 1,000 values"),
        (f"A = '{'é' * 1000}'", 1, "6,0"),
    ],
)
def test_what_is_refused_is_shown_where_it_is(text: str, column: int, problem: str) -> None:
    """Expect the column of the mistake, and words that say what to write."""
    found = refusal(text)
    assert (found.column, problem in found.problem) == (column, True), found


def test_a_refusal_shows_the_place() -> None:
    """Expect the problem in the first line, the condition in the second, and a caret under the column."""
    first, second, third = str(refusal("Type = Customer")).split("\n")
    assert first.startswith("column 8: `Customer` is a field")
    assert second == "    Type = Customer"
    assert third == "    " + " " * 7 + "^"


def test_a_refusal_in_several_lines_shows_the_line() -> None:
    """Expect line and column, and that line alone."""
    first, second, third = str(refusal("Type = 'a'\n  AND Name = Acme\n  AND A = 1")).split("\n")
    assert first.startswith("line 2, column 14: `Acme`")
    assert (second, third) == ("      AND Name = Acme", "    " + " " * 13 + "^")


def test_a_long_condition_is_shown_around_the_place() -> None:
    """Expect an excerpt with the caret where it belongs."""
    text = " AND ".join([f"Field{n}__c = 1" for n in range(40)]).replace("Field20__c = 1", "Field20__c = x")
    _, second, third = str(refusal(text)).split("\n")
    assert len(second) < 120
    assert second.strip().startswith("…")
    assert second.endswith("…")
    assert second[third.index("^")] == "x"


def test_what_a_terminal_would_obey_is_not_shown() -> None:
    """Expect no control character in the message, whatever is in the condition."""
    message = str(refusal("A = '\x1b[2J' AND\tB = x"))
    assert all(char.isprintable() or char == "\n" for char in message)
