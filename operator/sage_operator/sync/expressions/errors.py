"""What can be wrong with an expression, before and while it is evaluated."""

_EXCERPT = 40


class InvalidExpression(Exception):
    """An expression that can't be used; raised by `compile_expression` only.

    Attributes:
        line: 1-based.
        column: 1-based, in characters, within its line.
        excerpt: the part that is meant, cut to a few words; empty at the end of the text.
        problem: what is wrong with it.
    """

    def __init__(self, problem: str, *, text: str, start: int, end: int) -> None:
        """Take the text, and the place that is meant as offsets into it."""
        super().__init__(problem, start)
        self.problem = problem
        self.line = text.count("\n", 0, start) + 1
        self.column = start - text.rfind("\n", 0, start)
        excerpt = " ".join(text[start:end].split())
        self.excerpt = excerpt if len(excerpt) <= _EXCERPT else f"{excerpt[: _EXCERPT - 1]}…"

    def __str__(self) -> str:
        """Name the place, show it, and say what is wrong."""
        line = f"line {self.line}, " if self.line > 1 else ""
        shown = f" ({self.excerpt})" if self.excerpt else ""
        return f"{line}column {self.column}{shown}: {self.problem}"


class ExpressionProblem(Exception):
    """An expression that has no usable value for one record. Its text repeats no value: they may be personal."""
