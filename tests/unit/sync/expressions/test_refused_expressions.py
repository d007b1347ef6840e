import pytest

from sage_operator.sync.expressions import InvalidExpression, compile_expression, limits

ELEMENTS = ", ".join(["1"] * 101)

REFUSED = [
    # what can be read
    ("record", 1, "record is no value itself"),
    ("'a' + record", 7, "record is no value itself"),
    ("record.Name + account", 15, "account is no value itself"),
    ("user.email", 1, "there is no such name; fields are written account.Name or record.Name"),
    ("Name", 1, "there is no such name"),
    ("record['Name']", 1, "by its written name only"),
    ("record.Owner['Name']", 1, "by its written name only"),
    ("'a' == record[record.Name]", 8, "by its written name only"),
    ("record.Name[0]", 1, "by its written name only"),
    ("'abc'[0]", 1, "only lists and maps have [ ]; this is a text"),
    ("['a'][0].Name", 1, "only fields have parts"),
    ("record.Tags.split(';').all(x, x.Name == 1)", 31, "only fields have parts"),
    ("has(record.Name)", 1, "a field is always there"),
    (".record.Name", 1, "can't stand here"),
    ("record.?Name", 8, "can't stand here"),
    # what comes out
    ("record.Name.split(' ')", 1, "a single value is wanted here, this is a list"),
    ("{'a': 1}", 1, "a single value is wanted here, this is a map"),
    ("[1, [2]]", 5, "lists in lists"),
    ("{'a': [1]}['a']", 7, "maps of lists"),
    ("{'a': 1, 'a': 2}['a']", 10, "in the map already"),
    ("{record.A: 1}['a']", 2, "written out"),
    ("true ? [1] : 'a'", 1, "the choices don't fit: a list and a text"),
    # literals
    ("record.A * 1.5", 12, "numbers with a fraction are texts"),
    (".5", 1, "numbers with a fraction are texts"),
    ("1e3", 1, "numbers with a fraction are texts"),
    ("5u", 1, "unsigned integers"),
    ("b'a'", 1, "bytes"),
    ("rb'a'", 1, "bytes"),
    ("1 + 9223372036854775808", 5, "beyond 64 bits"),
    ("-9223372036854775809", 2, "beyond 64 bits"),
    (r"'a\q'", 3, "no such escape"),
    (r"'a\ud800'", 3, "no such escape"),
    (r"'\U00110000'", 2, "no such escape"),
    # operators
    ("'a' + 1", 1, "+ joins texts or adds integers, this is a text and an integer"),
    ("record.A + null", 1, "+ joins texts or adds integers"),
    ("[1] + [2]", 1, "+ joins texts or adds integers"),
    ("'a' - 'b'", 1, "- takes integers, this is a text"),
    ("2 * true", 5, "* takes integers, this is a boolean"),
    ("-'a'", 2, "- takes integers, this is a text"),
    ("!1", 2, "! negates a condition, this is an integer"),
    ("1 ? 2 : 3", 1, "a condition comes before ?, this is an integer"),
    ("true && 'a'", 9, "&& joins conditions, this is a text"),
    ("null || true", 1, "|| joins conditions, this is null"),
    ("'a' == 1", 1, "a text and an integer can't be compared"),
    ("1 < null", 1, "an integer and null can't be compared"),
    ("[1] == [1]", 1, "a list and a list can't be compared"),
    ("'a' in 'abc'", 1, "in looks for a value in a list or a map, not in a text"),
    ("null in {'a': 1}", 1, "null can't be in a map"),
    ("[1] in [1]", 1, "a list can't be in a list"),
    # functions
    ("record.A.lower()", 10, "lowerAscii?"),
    ("len(record.A)", 1, "size?"),
    ("concat('a', 'b')", 1, "orEmpty?"),
    ("nonsense_of_all_kinds()", 1, "there are contains, "),
    ("double('1')", 1, "texts, integers, booleans and null only"),
    ("timestamp('2020-01-01T00:00:00Z')", 1, "texts, integers, booleans and null only"),
    ("exists(record.A)", 1, "is written after a list"),
    ("trim()", 1, "trim takes 1 value, "),
    ("record.A.replace('a')", 1, "replace takes 3 to 4 values, "),
    ("trim(5)", 6, "trim takes a text here, this is an integer"),
    ("'a'.join()", 1, "join takes a list here, this is a text"),
    ("'a'.substring('b')", 15, "substring takes an integer here, this is a text"),
    ("string([1])", 8, "string takes a value here, this is a list"),
    # macros
    ("record.A.all(x, true)", 1, "all takes a list, this is a value"),
    ("[1].all(x)", 1, "all takes a name for the element"),
    ("[1].all('x', true)", 1, "all takes a name for the element"),
    ("[1].all(record, true)", 9, "a name of its own"),
    ("[1].filter(x, 5)", 15, "filter takes a condition, this is an integer"),
    ("[1].map(x, [x])[0]", 12, "map takes a value, this is a list"),
    ("[1].map(x, x)[0] == x", 21, "there is no such name"),
    ("[1].all(x, [2].all(y, x == y))", 16, "a macro within another"),
    ("[1].all(x, 'a'.matches('b'))", 24, "too costly within a macro"),
    # regular expressions
    ("record.A.matches(record.B)", 18, "must be written out"),
    ("record.A.matches('a' + 'b')", 18, "must be written out"),
    ("record.A.matches('(')", 18, "not a regular expression: unclosed group"),
    ("record.A.matches('a**{')", 18, "not a regular expression"),
    ("record.A.matches('(?=a)')", 18, "not a regular expression: look-around"),
    (r"record.A.matches(r'(a)\1')", 18, "not a regular expression: backreferences"),
    (r"record.A.matches(r'\pL')", 18, "classes of Unicode"),
    (r"record.A.matches(r'\w{201}')", 18, "more than 200 positions"),
    (r"record.A.matches(r'((a{9}){9}){9}')", 18, "more than 200 positions"),
    ("||".join(["record.A.matches('')"] * 21), 20 * 22 + 18, "together are too costly"),
    # syntax
    ("", 1, "it is empty"),
    (" \n ", 1, "it is empty"),
    ("// only this", 13, "a value is missing"),
    ("1 +", 4, "a value is missing"),
    ("(1", 3, ") is missing"),
    ("[1", 3, "] is missing"),
    ("1)", 2, "can't stand here"),
    ("1 2", 3, "can't stand here"),
    ("'abc", 1, "the text is not closed"),
    ("'a\nb'", 1, "the text is not closed"),
    ("record.A = 1", 10, "values are compared by =="),
    ("true and true", 6, "joined by &&"),
    ("true or true", 6, "joined by ||"),
    ("true & true", 6, "joined by &&"),
    ("not true", 5, "negated by !"),
    ("`Name`", 1, "in quotes"),
    ("a.B{}", 4, "can't stand here"),
    ("record.A + ñ", 12, "can't stand here"),
    ("'\ud800'", 2, "not a character"),
    # bounds
    ("'" + "a" * 1999 + "'", 2001, "at most 2,000 characters"),
    ("!" * 32 + "true", 33, "more than 32 deep"),
    ("1 + (" * 16 + "1 - (" * 16 + "1" + ")" * 32, None, "more than 32 deep"),
    ("+".join("1" * 250), None, "more than 250 parts"),
    ("[1].all(x, " + " && ".join(["x > 0"] * 28) + ")", None, "more than 250 parts"),
    (f"1 in [{ELEMENTS}]", 6, "at most 100 elements"),
]


@pytest.mark.parametrize(("text", "column", "problem"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_refused(text: str, column: int | None, problem: str) -> None:
    """Each mistake is refused with its place and with what is wrong."""
    with pytest.raises(InvalidExpression) as refusal:
        compile_expression(text, roots=["record", "account"])
    assert problem in str(refusal.value)
    assert column in {None, refusal.value.column}


def test_columns_count_within_their_line() -> None:
    """In a text of several lines the message names line and column, and shows the part that is meant."""
    with pytest.raises(InvalidExpression) as refusal:
        compile_expression("record.A == null\n  ? 'é'\n  : recrd.A", roots=["record"])
    assert str(refusal.value).startswith("line 3, column 5 (recrd): there is no such name")


def test_excerpts_are_short() -> None:
    """A long part is shown by its beginning."""
    with pytest.raises(InvalidExpression) as refusal:
        compile_expression("'" + "a" * 100 + "' - 1", roots=[])
    assert len(refusal.value.excerpt) == 40


def test_the_bounds_themselves_are_accepted() -> None:
    """The largest expression of each sort compiles."""
    for text in (
        "'" + "a" * (limits.LENGTH - 2) + "'",
        "!" * (limits.DEPTH - 1) + "true",
        "(" * 900 + "1" + ")" * 900,
        "true ? 1 : " * 80 + "2",
        " + ".join(["'a'"] * 125),
        " && ".join(["true"] * 200),
        "trim(" * (limits.DEPTH - 1) + "'a'" + ")" * (limits.DEPTH - 1),
        "(" * (limits.DEPTH - 1) + "true" + " ? true : false)" * (limits.DEPTH - 1),
        "1 - (" * (limits.DEPTH - 1) + "1" + ")" * (limits.DEPTH - 1),
        "[" + ", ".join(["1"] * limits.ELEMENTS) + "][0]",
        r"''.matches(r'\w{190}')",
    ):
        compile_expression(text, roots=[])
