"""What is wrong with a condition, shown where it is."""

from dataclasses import dataclass

_BEFORE, _AFTER = 50, 50
"""Characters that are shown before and after the place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that is wrong, or may be (`is_warning`), at a column of the condition, from 1."""

    column: int
    message: str
    is_warning: bool = False


class InvalidCondition(ValueError):
    """A text is no condition, or none that is allowed here.

    Attributes:
        column: where, from 1, counted in characters over the whole text, line ends included.
        problem: what is wrong there.
    """

    def __init__(self, column: int, problem: str, *, text: str) -> None:
        super().__init__(shown(text, Problem(column=column, message=problem)))
        self.column = column
        self.problem = problem


def shown(text: str, problem: Problem) -> str:
    """Return the place and the problem in a line, the condition there in a second, and a caret under it in a third.

    The first line alone tells it: tables show no more.
    """
    before = text[: problem.column - 1]
    line_start = before.rfind("\n") + 1
    column = problem.column - line_start
    line = text[line_start:].partition("\n")[0]
    line_number = before.count("\n") + 1
    place = f"line {line_number}, column {column}" if "\n" in text.strip() else f"column {problem.column}"
    first = max(0, column - 1 - _BEFORE)
    excerpt = _printable(line[first : column - 1 + _AFTER])
    cut, rest = "…" if first else "", "…" if len(line) > column - 1 + _AFTER else ""
    caret = " " * (len(cut) + column - 1 - first) + "^"
    return f"{place}: {problem.message}\n    {cut}{excerpt}{rest}\n    {caret}"


def _printable(text: str) -> str:
    """Return a text of as many columns, without what a terminal would obey."""
    return "".join(
        char if char.isprintable() else " " if char.isspace() else "\N{REPLACEMENT CHARACTER}" for char in text
    )
