"""Expressions of field maps: CEL over the fields of a record, checked before use and bounded in time and memory."""

from sage_operator.sync.expressions.errors import ExpressionProblem, InvalidExpression
from sage_operator.sync.expressions.expression import Expression, compile_expression

__all__ = ["Expression", "ExpressionProblem", "InvalidExpression", "compile_expression"]
