"""What is said of a text that is no condition: for each usual mistake, what to write instead."""

import re
import unicodedata
from collections.abc import Set as AbstractSet

import lark

MIXED = "AND and OR stand side by side: Salesforce wants parentheses, such as (A = 1 AND B = 2) OR C = 3"
NEGATED_BESIDE = "NOT beside {join} needs parentheses of its own, such as (NOT A = 1) {join} B = 2"
NEGATED_TWICE = "NOT follows NOT: leave both out, or write NOT (NOT …)"

_CLAUSES = frozenset(
    "SELECT FROM WHERE ORDER GROUP HAVING LIMIT OFFSET WITH FOR USING TYPEOF UPDATE ALL".split()  # noqa: SIM905
)
_WORDY = frozenset(
    "AND OR NOT LIKE IN INCLUDES EXCLUDES TRUE FALSE NULL RELATIVE PATH STRING DATETIME DATE NUMBER".split()  # noqa: SIM905
)
_VALUES = frozenset({"STRING", "NUMBER", "DATETIME", "DATE", "TRUE", "FALSE", "NULL"})
_OPERATORS = frozenset({"SIGN", "LIKE", "IN", "INCLUDES", "EXCLUDES"})
_DATE_FUNCTIONS = frozenset(
    "CALENDAR_MONTH CALENDAR_QUARTER CALENDAR_YEAR DAY_IN_MONTH DAY_IN_WEEK DAY_IN_YEAR DAY_ONLY FISCAL_MONTH"  # noqa: SIM905
    " FISCAL_QUARTER FISCAL_YEAR HOUR_IN_DAY WEEK_IN_MONTH WEEK_IN_YEAR CONVERTTIMEZONE".split()
)
_CURRENCY_AMOUNT = re.compile(r"[A-Za-z]{3}\d+", re.ASCII)
_OTHER_QUOTES = "\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}\N{LEFT DOUBLE QUOTATION MARK}\
\N{RIGHT DOUBLE QUOTATION MARK}\N{ACUTE ACCENT}`"
_LINE_ENDS = "\n\r\t"


def unwanted_character(char: str) -> str | None:
    """Say what is wrong with a character that does not print; None if nothing is."""
    category = unicodedata.category(char)
    if char in _LINE_ENDS or category not in {"Cc", "Cs", "Zl", "Zp"}:
        return None
    return f"the control character U+{ord(char):04X} is not allowed; line breaks in a text are written \\n"


def misplaced(token: lark.Token, previous: lark.Token | None) -> str | None:
    """Say what is wrong with a token by itself or after the one before it; None if that is for the grammar to say."""
    if token.type == "STRING" and any(char in token for char in _LINE_ENDS):
        return "a line break or tab within a text is written \\n or \\t"
    if token.type == "PATH" and token.upper() in _CLAUSES:
        return _clause(token, previous)
    if (
        previous is None
        or previous.end_pos != token.start_pos
        or token.type not in _WORDY
        or previous.type not in _WORDY
    ):
        return None
    if previous.type == "DATE" and token[0] in "Tt":
        return "a date with time has hours, minutes, seconds and a zone: 2026-01-31T00:00:00Z"
    return f"a space is missing before {_name(token)}"


def function(name: lark.Token) -> str:
    """Say that functions can't be used."""
    if name.upper() in _DATE_FUNCTIONS:
        return (
            f"the date function {name} is not allowed, it depends on the integration user's time zone: compare with"
            " fixed dates, such as CreatedDate >= 2026-01-01T00:00:00Z"
        )
    return f"{_name(name)} is used as a function, which is not allowed: compare the field itself"


def unexpected(token: lark.Token, previous: lark.Token | None, expected: AbstractSet[str]) -> str:
    """Say what should stand where a token stands."""
    if previous is not None and previous.type == "SIGN" and token.type == "SIGN":
        return f"`{previous}{token}` is no operator; operators are =, !=, <, <=, >, >="
    if "STRING" in expected and token.type == "PATH":
        if _CURRENCY_AMOUNT.fullmatch(token):
            return f"`{token}` is an amount in a currency, which is not supported: write the number alone"
        return f"`{token}` is a field, where a value is expected: write a text in single quotes, '{token}'"
    if "STRING" in expected and previous is not None and previous.type == "LIKE":
        return f"LIKE takes a text in single quotes, not {_name(token)}"
    if token.type == "RPAR" and not ({"STRING", "PATH", "SIGN"} & expected):
        return "this parenthesis closes none that is open"
    if expected == {"IN"}:
        return "only IN follows a NOT here; the others are negated from before the field, such as NOT Name LIKE 'A%'"
    return f"{_expected(expected)} is expected here, not {_name(token)}"


def ended(previous: lark.Token | None, expected: AbstractSet[str]) -> str:
    """Say what is missing at the end."""
    if previous is None:
        return "the condition is empty; leave `where` out to have no condition"
    if "RPAR" in expected and "PATH" not in expected and "STRING" not in expected:
        return "a closing parenthesis is missing"
    return f"the condition ends where {_expected(expected)} is expected"


def no_token(text: str, offset: int) -> str:
    """Say what is wrong with a character that begins nothing known."""
    char, rest = text[offset], text[offset:]
    if char == "'":
        return "the text that begins here has no closing quote; a quote within a text is written \\'"
    if char == '"' or char in _OTHER_QUOTES:
        return "texts are written in single straight quotes, 'Customer'"
    if rest.startswith(("--", "//", "/*")) or char == "#":
        return "a condition has no comments"
    if rest.startswith(("==", "&&", "||")) or char in "&|":
        return "SOQL writes = for equal, AND and OR for && and ||"
    if char == ";":
        return "a condition is not ended by a semicolon"
    if char == ":":
        return "a colon has no meaning here: variables can't be used, and dates are written 2026-01-31"
    if char == "!":
        return "SOQL writes != for unequal and NOT for a negation"
    if char == ".":
        return "a dot stands between two names, as in Owner.Name, or two digits, as in 0.5"
    shown = char if char.isprintable() and not char.isspace() else f"U+{ord(char):04X}"
    return f"the character {shown} has no meaning here"


def relative_date(word: str) -> str:
    """Say why a date that is relative to today is refused."""
    return (
        f"{word.upper()} is not allowed: where a day, week or fiscal period begins depends on the integration user's"
        " time zone and locale, and records would leave by themselves; write a fixed date, 2026-01-31, or, for a field"
        " with time, 2026-01-31T00:00:00Z"
    )


def unknown_escape(char: str) -> str:
    """Say which escapes there are."""
    if char in "uU":
        return "\\u is not allowed: write the character itself"
    if char in "_%":
        return f"\\{char} is allowed after LIKE only: write {char}"
    return f"\\{char} is no escape; a backslash is written \\\\, a quote \\'"


def _clause(token: lark.Token, previous: lark.Token | None) -> str:
    word = token.upper()
    if word == "SELECT":
        return "sub-queries are not allowed; compare fields of parents by dots, such as Owner.Name"
    if word == "WHERE" and previous is None:
        return "leave WHERE out: the condition alone is written"
    clause = {"ORDER": "ORDER BY", "GROUP": "GROUP BY"}.get(word, word)
    return f"{clause} is not part of a condition: only comparisons, AND, OR, NOT and parentheses are allowed"


def _expected(expected: AbstractSet[str]) -> str:
    if expected >= _VALUES:
        return "a value (a text in single quotes, a number, a date, TRUE, FALSE or null)"
    if "STRING" in expected:
        return "a text in single quotes"
    if "PATH" in expected:
        return "a field, NOT or a parenthesis"
    if "SIGN" in expected:
        return "an operator (=, !=, <, <=, >, >=, LIKE, IN, NOT IN, INCLUDES, EXCLUDES)"
    if "COMMA" in expected:
        return "a comma or a closing parenthesis"
    if "AND" in expected:
        return "AND or OR"
    if "LPAR" in expected:
        return "a list in parentheses"
    return "IN"


def _name(token: lark.Token) -> str:
    """Name a token in a message, long ones cut."""
    text = str(token) if len(token) <= 30 else f"{token[:29]}…"
    return f"`{text}`" if "`" not in text else text
