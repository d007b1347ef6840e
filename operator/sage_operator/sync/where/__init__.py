"""Conditions in SOQL: which records an integration synchronizes, in Salesforce's own words.

A condition is parsed by a grammar of ours, checked against the described fields, and then sent exactly as it was
written. It is never evaluated by us. Sources of what Salesforce allows: the SOQL and SOSL Reference,
https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select_conditionexpression.htm
"""

from sage_operator.sync.where.check import check_condition
from sage_operator.sync.where.condition import Condition, FieldUse, Literal, LiteralKind
from sage_operator.sync.where.grammar import parse_condition
from sage_operator.sync.where.problems import InvalidCondition, Problem, shown

__all__ = [
    "Condition",
    "FieldUse",
    "InvalidCondition",
    "Literal",
    "LiteralKind",
    "Problem",
    "check_condition",
    "parse_condition",
    "shown",
]
