"""Text to condition. Whatever the text is, the answer is a `Condition` or an `InvalidCondition`, in bounded time."""

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote_plus

import lark

from sage_operator.sync.where import words
from sage_operator.sync.where.builder import Builder, Mistake
from sage_operator.sync.where.condition import Condition, FieldUse
from sage_operator.sync.where.problems import InvalidCondition

LONGEST = 4_000
"""Characters of a condition; Salesforce takes no longer text in WHERE."""

LONGEST_SENT = 5_500
"""Bytes of a condition in a URL, as a contact's query writes it. The request line has 8,000, and fields and ids need
theirs."""

DEEPEST = 32
"""Parentheses in one another."""

MOST_COMPARISONS = 100

MOST_VALUES = 200
"""Values of a list."""

MOST_VALUES_IN_ALL = 1_000
"""Values of all lists together."""

_OPENING = re.compile(r"[ \t\r\n]*\(")

_PARSER = lark.Lark(
    Path(__file__).with_name("condition.lark").read_text("utf-8"),
    parser="lalr",
    lexer="basic",
    transformer=Builder(),
    maybe_placeholders=False,
    # Without ASCII, other letters would count as ours: U+017F is an S without case.
    g_regex_flags=re.IGNORECASE | re.ASCII,
)


@lru_cache(maxsize=256)
def parse_condition(text: str) -> Condition:
    """Read a condition.

    Raises:
        InvalidCondition: with the column and what to write instead.
    """
    try:
        _check_text(text)
        fields = tuple(_parsed(text))
        condition = Condition(text=text, fields=fields)
        _check_sent(condition)
    except Mistake as mistake:
        # Raised anew outside of the parser, whose state the cause would keep.
        raise InvalidCondition(mistake.offset + 1, mistake.problem, text=text) from None
    return condition


def _check_text(text: str) -> None:
    if len(text) > LONGEST:
        raise Mistake(LONGEST, f"the condition has {len(text):,} characters; at most {LONGEST:,} are allowed")
    for offset, char in enumerate(text):
        if not char.isprintable() and (problem := words.unwanted_character(char)):
            raise Mistake(offset, problem)


def _parsed(text: str) -> list[FieldUse]:
    """Feed the parser token by token: so each is seen with the one before it, and nothing goes deep unseen."""
    parser = _PARSER.parse_interactive()
    previous: lark.Token | None = None
    bounds = _Bounds()
    for token in _tokens(text):
        offset = token.start_pos or 0
        if problem := words.misplaced(token, previous) or bounds.exceeded(token.type):
            raise Mistake(offset, problem)
        if token.type == "PATH" and _OPENING.match(text, token.end_pos or 0):
            raise Mistake(offset, words.function(token))
        try:
            parser.feed_token(token)
        except lark.UnexpectedToken:
            raise Mistake(offset, words.unexpected(token, previous, parser.accepts())) from None
        previous = token
    try:
        return cast("list[FieldUse]", parser.feed_eof(previous))
    except lark.UnexpectedToken:
        raise Mistake(len(text.rstrip()), words.ended(previous, parser.accepts())) from None


class _Bounds:
    """Counts what is bounded, before the parser sees it."""

    def __init__(self) -> None:
        self._depth = self._comparisons = self._commas = self._all_commas = 0

    def exceeded(self, token_type: str) -> str | None:
        """Count a token; return which bound it exceeds."""
        match token_type:
            case "LPAR":
                self._depth += 1
                self._commas = 0
            case "RPAR":
                self._depth -= 1
            case "COMMA":
                self._commas += 1
                self._all_commas += 1
            case "PATH":
                self._comparisons += 1
        if self._depth > DEEPEST:
            return f"more than {DEEPEST} parentheses within one another"
        if self._commas >= MOST_VALUES:
            return f"more than {MOST_VALUES} values in one list"
        if self._all_commas >= MOST_VALUES_IN_ALL:
            return f"more than {MOST_VALUES_IN_ALL:,} values in all lists together"
        if self._comparisons > MOST_COMPARISONS:
            return f"more than {MOST_COMPARISONS} comparisons; IN takes a list of values"
        return None


def _tokens(text: str) -> Iterator[lark.Token]:
    try:
        yield from cast("Iterator[Any]", _PARSER.lex(text))
    except lark.UnexpectedCharacters as error:
        raise Mistake(error.pos_in_stream, words.no_token(text, error.pos_in_stream)) from None


def _check_sent(condition: Condition) -> None:
    # As `sage.soql` encodes it; a test holds the two together.
    size = len(quote_plus(condition.of_child("Account"), safe="'(),:!"))
    if size > LONGEST_SENT:
        raise Mistake(
            0,
            f"the condition takes {size:,} bytes in a URL; at most {LONGEST_SENT:,} are allowed"
            " (signs take 3, letters outside of English 6 or more)",
        )
