"""Whatever is written: a condition that cannot leave its parentheses, or a refusal; and soon."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sage_operator.sage import lists, soql
from sage_operator.simulators.soql import parse
from sage_operator.sync.entities import Entity
from sage_operator.sync.scope import RowQuery, Scope
from sage_operator.sync.where import InvalidCondition, check_condition, parse_condition
from sage_operator.sync.where.grammar import LONGEST_SENT

from .organisation import OBJECTS
from .writing import written

PIECES = st.sampled_from(
    "( ) ' '' \\ \\' , . : ; = != <> < <= > >= AND OR NOT IN LIKE INCLUDES EXCLUDES null TRUE 1 -1.5 2024-01-31"  # noqa: SIM905
    " 2024-01-31T00:00:00Z TODAY LAST_N_DAYS:3 Name Owner.Name 'x' 'a\\'b' SELECT FROM ORDER -- /* */ Id A(B)".split()
) | st.text(max_size=3)
SOUP = st.lists(PIECES, max_size=40).flatmap(
    lambda parts: st.sampled_from([" ", ""]).map(lambda glue: glue.join(parts))
)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """Draw a condition of which a part was cut out, doubled or replaced."""
    text = written(draw(st.integers(0, 10_000)))
    start = draw(st.integers(0, len(text)))
    end = draw(st.integers(start, len(text)))
    return text[:start] + draw(st.sampled_from(["", text[start:end] * 2]) | PIECES) + text[end:]


def depth_outside_of_texts(text: str) -> list[int]:
    """Return how many parentheses are open after each character, read as Salesforce reads; -1 within a text at last."""
    depths, depth, in_text, escaped = [], 0, False, False
    for char in text:
        if in_text:
            in_text, escaped = (char != "'" or escaped), (char == "\\" and not escaped)
        elif char == "'":
            in_text = True
        else:
            depth += {"(": 1, ")": -1}.get(char, 0)
        depths.append(depth)
    return [*depths, -1 if in_text else depth]


def judge(text: str) -> bool:
    """Check all that holds of any text; return whether it is a condition."""
    started = time.perf_counter()
    try:
        condition = parse_condition.__wrapped__(text)
    except InvalidCondition as error:
        condition, refusal = None, error
    assert time.perf_counter() - started < 1
    if condition is None:
        assert 1 <= refusal.column <= len(text) + 1
        assert str(refusal).count("\n") == 2
        return False
    assert condition.text == text
    depths = depth_outside_of_texts(text)
    assert min(depths) >= 0
    assert depths[-1] == 0
    assert len(lists.encode(condition.of_child("Account"))) <= LONGEST_SENT
    for use in condition.fields:
        assert text[use.column - 1 :].startswith(use.path)
    for problem in check_condition(condition, OBJECTS):
        assert 1 <= problem.column <= len(text)
    return True


@settings(max_examples=300, deadline=None)
@given(SOUP | damaged() | st.text(max_size=60))
def test_any_text_is_a_condition_or_a_refusal(text: str) -> None:
    """Expect no other exception, a column within the text, and parentheses that cannot be broken out of."""
    judge(text)


@pytest.mark.soak
@settings(max_examples=200_000, deadline=None)
@given(SOUP | damaged() | st.text(max_size=4100))
def test_any_text_for_long(text: str) -> None:
    """Expect the same of very many texts, long ones too."""
    judge(text)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 1_000_000))
def test_what_salesforce_takes_is_taken_and_sent_as_it_is(seed: int) -> None:
    """Expect that conditions written by the rules are read, and stand unchanged in queries that can be parsed."""
    text = written(seed)
    assert judge(text)
    scope = Scope(owner_ids=None, where=parse_condition(text))
    for entity in (Entity.ACCOUNTS, Entity.CONTACTS):
        ((query,),) = soql.rows(RowQuery(entity=entity, scope=scope, sources=()), path="/query")
        parse(query.text)
        if entity is Entity.ACCOUNTS:
            assert f"({text})" in query.text
        assert soql.request_line(query, path="/query") < soql.REQUEST_LINE


@pytest.mark.parametrize(
    "text",
    [
        "(" * 4000, ")" * 4000, "'" * 4000, "\\" * 4000, "NOT " * 1000, "A" * 4000, "A." * 2000, "1" * 4000,
        "A = 1 AND " * 400, "A IN (" * 600, "A IN (" + "1," * 1997, "A = '" + "\\'" * 1997, " " * 4000,
        "A = 1 OR (" * 400, "x" * 10_000_000, "(" * 10_000_000, "\n" * 4000, "2024-01-01T" * 360,
    ],
    ids=lambda text: f"{text[:10]!r}x{len(text)}",
)  # fmt: skip
def test_hostile_texts_are_refused(text: str) -> None:
    """Expect a refusal of repetition and depth, soon."""
    assert not judge(text)
