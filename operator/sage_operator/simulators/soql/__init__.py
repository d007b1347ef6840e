"""The part of SOQL that a client of the query endpoint needs, with Salesforce's semantics.

`SELECT` of dotted fields or `COUNT()`, `WHERE` with `AND`, `OR`, `NOT` and parentheses, all comparison operators,
`LIKE`, `INCLUDES` and `EXCLUDES`, `IN` and `NOT IN` of lists and of one level of sub-queries, dates, dateTimes and
relative date literals, `ORDER BY`, `LIMIT`, `OFFSET`. No aggregates but `COUNT()`, no child sub-queries.
"""

from sage_operator.simulators.soql.execute import Database, Result, execute
from sage_operator.simulators.soql.parse import parse
from sage_operator.simulators.soql.periods import Calendar
from sage_operator.simulators.soql.syntax import Query, SoqlError

__all__ = ["Calendar", "Database", "Query", "Result", "SoqlError", "execute", "parse"]
