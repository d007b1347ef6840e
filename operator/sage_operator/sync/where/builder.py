"""What the grammar's rules come to. Called by the parser as it reduces, so that nothing is as deep as the text."""

import re
from datetime import date, datetime
from typing import Any

import lark

from sage_operator.sync.where import words
from sage_operator.sync.where.condition import FieldUse, Literal, LiteralKind

MOST_PARENTS = 4
"""Salesforce follows five, and a contact's query needs one to reach the account."""


class Mistake(Exception):
    """What is wrong at an offset of the text; becomes an `InvalidCondition`."""

    def __init__(self, offset: int, problem: str) -> None:
        super().__init__(problem)
        self.offset = offset
        self.problem = problem


class _Negated(list[FieldUse]):
    """The fields of a NOT that stands without parentheses, at an offset."""

    offset = 0


class Builder:
    """One method a rule of the grammar, each given its children; expressions come to the fields that they compare."""

    def start(self, children: list[Any]) -> list[FieldUse]:
        """Return all fields."""
        return list(children[0])

    def expression(self, children: list[Any]) -> list[FieldUse]:
        """Join operands: all by AND or all by OR."""
        operands, joins = children[::2], children[1::2]
        if not joins:
            return operands[0]  # type: ignore[no-any-return]
        for join in joins:
            if join.type != joins[0].type:
                raise Mistake(_at(join), words.MIXED)
        for operand in operands:
            if isinstance(operand, _Negated):
                raise Mistake(operand.offset, words.NEGATED_BESIDE.format(join=joins[0].type))
        return [use for operand in operands for use in operand]

    def group(self, children: list[Any]) -> list[FieldUse]:
        """Take parentheses off."""
        return list(children[0])

    def negation(self, children: list[Any]) -> list[FieldUse]:
        """Keep in mind that it is negated."""
        token, operand = children
        if isinstance(operand, _Negated):
            raise Mistake(operand.offset, words.NEGATED_TWICE)
        negated = _Negated(operand)
        negated.offset = _at(token)
        return negated

    def compared(self, children: list[Any]) -> list[FieldUse]:
        """Return a comparison by a sign."""
        path, sign, literal = children
        operator = "!=" if sign == "<>" else str(sign)
        if literal.kind is LiteralKind.NULL and operator not in {"=", "!="}:
            raise Mistake(_at(sign), f"null is neither less nor greater than anything: `{sign}` can't be; use = or !=")
        return [_use(path, operator, sign, (literal,))]

    def like(self, children: list[Any]) -> list[FieldUse]:
        """Return a comparison with a pattern."""
        path, operator, pattern = children
        return [_use(path, "LIKE", operator, (_text(pattern, escapes=_PATTERN_ESCAPES),))]

    def listed(self, children: list[Any]) -> list[FieldUse]:
        """Return a comparison with a list."""
        path, operator, literals = children
        return [_use(path, operator.type, operator, literals)]

    def not_listed(self, children: list[Any]) -> list[FieldUse]:
        """Return a comparison with a list that must not hold."""
        path, first, _, literals = children
        return [_use(path, "NOT IN", first, literals)]

    def values(self, children: list[Any]) -> tuple[Literal, ...]:
        """Return the values of a list."""
        return tuple(children)

    def text(self, children: list[Any]) -> Literal:
        """Return a text."""
        return _text(children[0], escapes=_ESCAPES)

    def number(self, children: list[Any]) -> Literal:
        """Return a number."""
        return _literal(LiteralKind.NUMBER, children[0])

    def boolean(self, children: list[Any]) -> Literal:
        """Return TRUE or FALSE."""
        return _literal(LiteralKind.BOOLEAN, children[0])

    def null(self, children: list[Any]) -> Literal:
        """Return null."""
        return _literal(LiteralKind.NULL, children[0])

    def date(self, children: list[Any]) -> Literal:
        """Return a date that the calendar has."""
        try:
            date.fromisoformat(children[0])
        except ValueError:
            raise Mistake(_at(children[0]), f"{children[0]} is no date of the calendar") from None
        return _literal(LiteralKind.DATE, children[0])

    def datetime(self, children: list[Any]) -> Literal:
        """Return a date with time that calendar and clock have."""
        try:
            datetime.fromisoformat(children[0].upper())
        except ValueError:
            raise Mistake(_at(children[0]), f"{children[0]} is no date and time of the calendar") from None
        return _literal(LiteralKind.DATETIME, children[0])

    def relative(self, children: list[Any]) -> Literal:
        """Refuse a relative date."""
        raise Mistake(_at(children[0]), words.relative_date(str(children[0])))


_ESCAPES = {
    "n": "\n", "N": "\n", "r": "\r", "R": "\r", "t": "\t", "T": "\t", "b": "\b", "B": "\b", "f": "\f", "F": "\f",
    '"': '"', "'": "'", "\\": "\\",
}  # fmt: skip
_PATTERN_ESCAPES = _ESCAPES | {"_": r"\_", "%": r"\%"}
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def _at(token: lark.Token) -> int:
    return token.start_pos or 0


def _literal(kind: LiteralKind, token: lark.Token) -> Literal:
    return Literal(kind=kind, text=str(token), column=_at(token) + 1)


def _text(token: lark.Token, *, escapes: dict[str, str]) -> Literal:
    def resolve(match: re.Match[str]) -> str:
        try:
            return escapes[match[1]]
        except KeyError:
            raise Mistake(_at(token) + 1 + match.start(), words.unknown_escape(match[1])) from None

    return Literal(kind=LiteralKind.TEXT, text=_ESCAPE.sub(resolve, token[1:-1]), column=_at(token) + 1)


def _use(path: lark.Token, operator: str, sign: lark.Token, literals: tuple[Literal, ...]) -> FieldUse:
    if path.count(".") > MOST_PARENTS:
        raise Mistake(_at(path), f"`{path}` goes over more than {MOST_PARENTS} parents")
    return FieldUse(
        path=str(path), column=_at(path) + 1, operator=operator, operator_column=_at(sign) + 1, literals=literals
    )
