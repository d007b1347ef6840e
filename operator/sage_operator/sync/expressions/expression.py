"""An expression, compiled once and evaluated for every record."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any

from lark import Tree

from sage_operator.sync.expressions import limits
from sage_operator.sync.expressions.errors import ExpressionProblem, InvalidExpression
from sage_operator.sync.expressions.functions import Implementation, Meter, bound
from sage_operator.sync.expressions.grammar import parse
from sage_operator.sync.expressions.kinds import kind_of
from sage_operator.sync.expressions.library import program
from sage_operator.sync.expressions.translate import MACROS, Translation
from sage_operator.sync.records import Scalar


@dataclass(frozen=True, slots=True)
class _Read:
    """A field as the library is given it, and how often it may be looked at."""

    variable: str
    root: str
    path: str
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """An expression; two are equal if their texts and the fields that they read are.

    Attributes:
        text: as it was written.
        paths: the fields that it reads as (root, dotted path), sorted, each once: `("record", "Owner.Name")`.
    """

    text: str
    paths: tuple[tuple[str, str], ...]
    _reads: tuple[_Read, ...] = field(compare=False, repr=False)
    _functions: tuple[tuple[str, Implementation], ...] = field(compare=False, repr=False)
    _run: Callable[[dict[str, Any]], Any] = field(compare=False, repr=False)

    def evaluate(self, variables: Mapping[str, Mapping[str, Scalar]]) -> Scalar:
        """Return the value for one record.

        Args:
            variables: by root, the values by dotted path: `{"record": {"Name": "A", "Owner.Name": None}}`. What is
                not given is null. Decimals are texts to the expression, spelled as in JSON.

        Returns:
            A text of at most 131,072 characters, an integer of 64 bits, a boolean, or null.

        Raises:
            ExpressionProblem: there is none; the text repeats no value.
        """
        given = self._given(variables)
        meter = Meter()
        environment: dict[str, Any] = {name: bound(run, meter) for name, run in self._functions}
        for read, value in zip(self._reads, given, strict=True):
            environment[read.variable] = value
        try:
            value = self._run(environment)
        except Exception as error:  # noqa: BLE001 - the library has no exceptions of its own
            ours = meter.problem if isinstance(error, RuntimeError) else None
            raise ExpressionProblem(ours or self._why(error, given)) from None
        except BaseException as error:
            if type(error).__module__ != "pyo3_runtime":  # a panic of the library derives from BaseException
                raise
            raise ExpressionProblem("the expression's library failed") from None
        if meter.exhausted:
            raise ExpressionProblem(meter.problem)
        return _result(value)

    def _given(self, variables: Mapping[str, Mapping[str, Scalar]]) -> list[str | int | bool | None]:
        values, characters = [], 0
        for read in self._reads:
            value = variables.get(read.root, {}).get(read.path)
            value = _spelled(value) if isinstance(value, Decimal) else value
            if isinstance(value, str):
                characters += len(value) * read.times
                if len(value) > limits.TEXT:
                    raise ExpressionProblem(f"{read.root}.{read.path} has more than {limits.TEXT:,} characters")
            elif isinstance(value, int) and value not in limits.INTEGERS:
                raise ExpressionProblem(f"{read.root}.{read.path} is an integer beyond 64 bits")
            values.append(value)
        if characters > limits.READ:
            raise ExpressionProblem(f"the expression would look at more than {limits.READ:,} characters")
        return values

    def _why(self, error: Exception, given: list[str | int | bool | None]) -> str:
        """Say why the library failed; its own words repeat values."""
        match error:
            case ZeroDivisionError():
                return "division by zero"
            case OverflowError():
                return "a number is beyond 64 bits"
            case IndexError():
                return "a list has no such element"
            case KeyError():
                return "a map has no such key"
        kinds = (f"{read.root}.{read.path} is {kind_of(value)}" for read, value in zip(self._reads, given, strict=True))
        where = ", ".join(kinds)
        return f"an operator or a function takes other kinds of value{where and f': {where}'}"


@lru_cache(maxsize=4096)
def _compiled(text: str, roots: frozenset[str]) -> Expression:
    _check_size(text)
    tree = parse(text)
    _check_shape(text, tree)
    translation = Translation(text, roots)
    translated = translation.value(tree)
    names = translation.names
    try:
        run = program(translated.text)
    except ValueError:
        raise InvalidExpression("it is nested too deep", text=text, start=0, end=len(text)) from None
    return Expression(
        text=text,
        paths=tuple(sorted(translation.reads)),
        _reads=tuple(
            _Read(variable=names[name], root=name[0], path=name[1], times=times)
            for name, times in translation.reads.items()
        ),
        _functions=tuple(translation.functions.items()),
        _run=run,
    )


def compile_expression(text: str, *, roots: Collection[str]) -> Expression:
    """Check an expression and compile it; the same text gives the same object.

    Args:
        text: CEL as `docs/expressions.md` describes it.
        roots: the names that fields may be reached by: `record`, `account`, `user`.

    Raises:
        InvalidExpression: it can't be used; it says where and why.
    """
    return _compiled(text, frozenset(roots))


def _check_size(text: str) -> None:
    if len(text) > limits.LENGTH:
        problem = f"an expression has at most {limits.LENGTH:,} characters"
        raise InvalidExpression(problem, text=text, start=limits.LENGTH, end=limits.LENGTH)
    if not text.strip():
        raise InvalidExpression("it is empty", text=text, start=0, end=0)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidExpression("not a character", text=text, start=error.start, end=error.start) from None


def _check_shape(text: str, tree: Tree) -> None:
    """Bound nesting and size, without recursion; a chain of one operator, or of choices, is one level."""
    nodes, waiting = 0, [(tree, 1, 1)]
    while waiting:
        node, depth, weight = waiting.pop()
        nodes += weight
        problem = None
        if depth > limits.DEPTH:
            problem = f"it is nested more than {limits.DEPTH} deep"
        elif nodes > limits.NODES:
            problem = f"it has more than {limits.NODES} parts"
        if problem:
            raise InvalidExpression(problem, text=text, start=node.meta.start_pos, end=node.meta.end_pos)
        waiting.extend(
            (child, depth if _goes_on(node, child) else depth + 1, limits.REPEATED if _repeats(node, child) else weight)
            for child in reversed(node.children)
            if isinstance(child, Tree)
        )


def _repeats(node: Tree, child: Tree) -> bool:
    """Tell whether a part is what a macro does with each element."""
    return bool(node.data == "method" and node.children[1] in MACROS and child is not node.children[0])


def _goes_on(node: Tree, child: Tree) -> bool:
    """Tell whether a part only continues a chain: `a + b + c`, `a ? 1 : b ? 2 : 3`; the translation keeps it flat."""
    if node.data != child.data:
        return False
    if node.data == "sum":
        return child is node.children[0] and node.children[1] == child.children[1] == "+"
    return bool(node.data == "ternary" and child is node.children[-1])


def _spelled(number: Decimal) -> str:
    """Spell a number as JSON does; its exponent is bounded: ten characters must not stand for a gigabyte of zeros."""
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or not -400 <= exponent <= 400:
        raise ExpressionProblem("a number is beyond what can be spelled out")
    return f"{number:f}"


def _result(value: Any) -> Scalar:
    if isinstance(value, str):
        if len(value) > limits.TEXT:
            raise ExpressionProblem(f"the result has more than {limits.TEXT:,} characters")
        return value
    if value is None or isinstance(value, bool) or (isinstance(value, int) and value in limits.INTEGERS):
        return value
    raise ExpressionProblem("the result is neither a text, an integer, a boolean nor null")
