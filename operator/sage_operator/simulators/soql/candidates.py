"""Which rows a condition can be true of at most, told by the indexes; the predicate still decides."""

from sage_operator.simulators.soql.conditions import Compiler
from sage_operator.simulators.soql.syntax import And, Compare, Condition, In, Or, Query
from sage_operator.simulators.table import Table


def candidates(condition: Condition, table: Table[str], compiler: Compiler) -> set[str] | list[str] | None:
    """Return keys of all rows that may fulfil the condition; None: no index helps."""
    match condition:
        case And(terms):
            found = [keys for term in terms if (keys := candidates(term, table, compiler)) is not None]
            return min(found, key=len) if found else None
        case Or(terms):
            union: set[str] = set()
            for term in terms:
                keys = candidates(term, table, compiler)
                if keys is None:
                    return None
                union.update(keys)
            return union
        case Compare(operator="=", value=str() | bool() as value):
            field = compiler.resolve(condition.path)
            if field.direct and field.field.column in table.indexed:
                return table.find(field.field.column, [compiler.comparable(field.field, value, condition.path)])
        case Compare(operator=">=" | ">", path=path, value=value) if path.names[-1].lower() == "systemmodstamp":
            field = compiler.resolve(path)
            if field.direct and isinstance(text := getattr(value, "text", None), str):
                return table.since(text)
        case In(negated=False, members=members) if not isinstance(members, Query):
            field = compiler.resolve(condition.path)
            if field.direct and field.field.column in table.indexed:
                wanted = compiler.members(condition, field.field)
                return None if None in wanted else table.find(field.field.column, wanted)
        case In(negated=False):
            field = compiler.resolve(condition.path)
            if field.direct and field.field.column in table.indexed:
                return table.find(field.field.column, compiler.members(condition, field.field))
    return None
