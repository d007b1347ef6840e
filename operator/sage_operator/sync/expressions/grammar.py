"""CEL's grammar (https://github.com/google/cel-spec, langdef.md), without messages, namespaces and optional values."""

from functools import cache

from lark import Lark, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput

from sage_operator.sync.expressions.errors import InvalidExpression

_GRAMMAR = r"""
?start: choice
?choice: either | either "?" either ":" choice -> ternary
?either: both | both ("||" both)+ -> either
?both: relation | relation ("&&" relation)+ -> both
?relation: sum | relation (COMPARED | IN) sum -> relation
?sum: product | sum (PLUS | MINUS) product -> sum
?product: unary | product TIMES unary -> product
?unary: member | "!" unary -> negation | "-" unary -> negative
?member: primary
    | member "." NAME -> select
    | member "." NAME "(" [choice ("," choice)*] ")" -> method
    | member "[" choice "]" -> index
?primary: "(" choice ")"
    | NAME -> name
    | NAME "(" [choice ("," choice)*] ")" -> call
    | "[" [choice ("," choice)* ","?] "]" -> list
    | "{" [entry ("," entry)* ","?] "}" -> map
    | INTEGER -> integer
    | FLOAT -> float
    | UNSIGNED -> unsigned
    | STRING -> string
    | BYTES -> bytes
    | "true" -> true
    | "false" -> false
    | "null" -> null
entry: choice ":" choice

COMPARED: "==" | "!=" | "<=" | ">=" | "<" | ">"
IN: "in"
PLUS: "+"
MINUS: "-"
TIMES: "*" | "/" | "%"
NAME: /[A-Za-z_][A-Za-z0-9_]*/
UNSIGNED.4: /(0x[0-9A-Fa-f]+|[0-9]+)[uU]/
FLOAT.4: /[0-9]+\.[0-9]+([eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|\.[0-9]+([eE][+-]?[0-9]+)?/
INTEGER.3: /0x[0-9A-Fa-f]+|[0-9]+/
_RAW: /[rR]('''(.|\n)*?'''|\"{3}(.|\n)*?\"{3}|'[^'\r\n]*'|"[^"\r\n]*")/
_COOKED: /'''(\\(.|\n)|[^\\])*?'''|\"{3}(\\(.|\n)|[^\\])*?\"{3}|'(\\.|[^'\\\r\n])*'|"(\\.|[^"\\\r\n])*"/
STRING.2: _RAW | _COOKED
BYTES.3: /([rR]?[bB])(?=[rR'"])/ (_RAW | _COOKED)
COMMENT: /\/\/[^\n]*/
%ignore /[ \t\r\n\f]+/
%ignore COMMENT
"""

_MEANT = {
    "and": "both conditions are joined by &&",
    "or": "alternatives are joined by ||",
    "not": "a condition is negated by !",
    "if": "a choice is written condition ? value : other value",
    "is": "values are compared by ==",
    "=": "values are compared by ==",
    "&": "both conditions are joined by &&",
    "|": "alternatives are joined by ||",
    "'": "the text is not closed, or holds a line break",
    '"': "the text is not closed, or holds a line break",
    "`": "a text is written in quotes: 'text'",
}


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", propagate_positions=True, maybe_placeholders=False)


def parse(text: str) -> Tree:
    """Return the syntax tree, whose nodes are named by the rules of the grammar and know their place.

    Neither time nor stack depend on how the text is nested.

    Raises:
        InvalidExpression: it is not CEL, or not the part of CEL that is taken.
    """
    try:
        return _parser().parse(text)
    except UnexpectedInput as error:
        raise _explained(error, text) from None


def _explained(error: UnexpectedInput, text: str) -> InvalidExpression:
    token = getattr(error, "token", None)
    if token is not None and token.type == "$END":
        missing = next((mark for mark in (")", "]", "}") if _open(text, mark)), None)
        problem = f"it ends too early: {missing} is missing" if missing else "it ends too early: a value is missing"
        return InvalidExpression(problem, text=text, start=len(text), end=len(text))
    start = max(error.pos_in_stream or 0, 0)
    found = text[start] if isinstance(error, UnexpectedCharacters) else str(token)
    before = text[:start].split()
    meant = _MEANT.get(found) or _MEANT.get(before[-1] if before else "")
    return InvalidExpression(
        meant or "it can't stand here", text=text, start=start, end=len(text) if found in "'\"" else start + len(found)
    )


def _open(text: str, mark: str) -> bool:
    """Tell whether a bracket stays open, for a message: texts in quotes that hold brackets may mislead it."""
    opening = {")": "(", "]": "[", "}": "{"}[mark]
    return text.count(opening) > text.count(mark)
