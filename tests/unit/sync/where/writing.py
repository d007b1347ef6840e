"""Random conditions, written as Salesforce takes them, independent of the parser."""

import random

_FIELDS = ("Name", "Type", "Owner.Name", "Parent.Owner.Name", "s2cor__UID__c", "NumberOfEmployees")
_TEXTS = ("Customer", r"O\'Neill", "a) OR (b", r"back\\slash", "größer 😀", "", "--", "/* x */")
_VALUES = ("1", "-2.5", "TRUE", "null", "2024-01-31", "2024-01-31T00:00:00Z")


def written(seed: int) -> str:
    """Return a condition."""
    return _expression(random.Random(seed), 4)


def _expression(source: random.Random, depth: int) -> str:
    if depth == 0 or source.random() < 0.25:
        return _comparison(source)
    join = source.choice((" AND ", " OR "))
    operands = [_operand(source, depth) for _ in range(source.randint(2, 3))]
    return source.choice((join.join(operands), f"NOT ({operands[0]})"))


def _operand(source: random.Random, depth: int) -> str:
    return source.choice((_comparison(source), f"({_expression(source, depth - 1)})", f"(NOT {_comparison(source)})"))


def _comparison(source: random.Random) -> str:
    field, text = source.choice(_FIELDS), f"'{source.choice(_TEXTS)}'"
    texts = ", ".join(f"'{one}'" for one in source.sample(_TEXTS, 3))
    return source.choice(
        (
            f"{field} {source.choice(('=', '!=', '<>'))} {source.choice(_VALUES)}",
            f"{field} {source.choice(('<', '<=', '>', '>='))} {text}",
            f"{field}={text}",
            f"{field} LIKE {text}",
            f"{field} {source.choice(('IN', 'NOT IN'))} ({texts})",
            f"{field} {source.choice(('INCLUDES', 'EXCLUDES'))} ({text})",
        )
    )
