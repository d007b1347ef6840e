"""Bounds of expressions: what keeps the worst accepted one within milliseconds (benchmarks/expressions.py)."""

INTEGERS = range(-(1 << 63), 1 << 63)
"""CEL's integers have 64 bits."""

TEXT = 131_072
"""Characters of one text, read or made: Salesforce has no longer field."""

LENGTH = 2_000
"""Characters of an expression."""

DEPTH = 32
"""How deep its parts may be nested. A chain of one operator, or of `? :`, is one level."""

NODES = 250
"""Parts of an expression: literals, fields, operators, calls."""

REPEATED = 4
"""Parts that one within a macro counts for: it is evaluated for each element."""

ELEMENTS = 100
"""Elements of a list; a macro looks at no more."""

PATTERN = 200
"""Positions of all regular expressions of an expression, a counted repetition counted as often as it may repeat."""

PATTERN_START = 10
"""Positions that any regular expression counts for: each is compiled again at each evaluation."""

MATCHED = 1_024
"""Characters of a text that a regular expression is applied to."""

WORK = 4 * TEXT
"""Characters that the functions of one evaluation, and +, may take and make."""

CALL = 200
"""Characters that a call counts for."""

READ = 2 * TEXT
"""Characters of field values in one evaluation, each counted as often as it may be looked at."""
