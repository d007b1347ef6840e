"""What docs/payments.md tells to create and to write, held against the code."""

import re
from typing import Any

import pytest
import yaml

from sage_operator.controller.translate_payments import payment_settings
from sage_operator.resources._payments import PaymentsSpec
from sage_operator.sync.payments.compiling import STATUS_LENGTH, compile_figures, kind_of
from sage_operator.sync.payments.periods import PeriodKind
from sage_operator.sync.payments.settings import OF_A_PERIOD, Figure, FigureRule
from sage_operator.sync.targets import FieldKind, TargetField, TargetSchema

from .test_worked_example import PAGE, SETTINGS, tables

SECTIONS = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]


def fields() -> dict[str, TargetField]:
    """Return the fields that the page tells to create, by name."""
    (rows,) = tables("What the CRM must have")
    return {
        row["field"]: TargetField(
            name=row["field"], kind=FieldKind(row["type"]), max_length=int(row["length"]) if row["length"] else None
        )
        for row in rows
    }


def rules() -> tuple[FigureRule, ...]:
    """Return the figures of the sample."""
    return payment_settings(PaymentsSpec.model_validate(SETTINGS)).rules


@pytest.mark.parametrize("section", SECTIONS, ids=range(len(SECTIONS)))
def test_sections_that_are_shown_are_valid(section: dict[str, Any]) -> None:
    """Expect that what a reader copies is accepted."""
    assert set(section) == {"payments"}
    payment_settings(PaymentsSpec.model_validate(section["payments"]))


def test_there_is_a_way_without_any_field() -> None:
    """Expect a section that writes sales and no figure."""
    ways = [payment_settings(PaymentsSpec.model_validate(section["payments"])) for section in SECTIONS]
    assert [way for way in ways if way.sales and not way.rules]


def test_the_fields_to_create_are_those_that_the_sample_fills() -> None:
    """Expect each of them once, in the same order, of the type that its figure has, the text long enough."""
    (rows,) = tables("What the CRM must have")
    assert [row["field"] for row in rows] == [rule.target for rule in rules()]
    assert [re.match(r"\w+", row["figure"])[0] for row in rows] == [  # type: ignore[index]
        rule.figure.value for rule in rules()
    ]
    assert [fields()[rule.target].kind for rule in rules()] == [kind_of(rule) for rule in rules()]
    assert {rule.figure: fields()[rule.target].max_length for rule in rules()}[Figure.STATUS] == STATUS_LENGTH


def test_a_tenant_with_these_fields_has_nothing_amiss() -> None:
    """Expect no finding; and one for each field that is not there."""
    schema = TargetSchema(fields=fields(), lists_custom_fields=True)
    compiled, findings = compile_figures(rules(), schema)
    assert (len(compiled), findings) == (len(rules()), ())
    _, findings = compile_figures(rules(), TargetSchema(fields={}, lists_custom_fields=True))
    assert len(findings) == len(rules())


def test_each_figure_has_the_type_of_its_field() -> None:
    """Expect the tables of figures to name what the code demands."""
    section = PAGE.partition("## Figures\n")[2].partition("\n## ")[0]
    told = {
        Figure(name): kind
        for names, kind in re.findall(r"^\| (`[^|]*`) \| (\w+)[^|]*\|", section, re.MULTILINE)
        if kind in set(FieldKind)
        for name in re.findall(r"\w+", names)
    }
    assert set(told) == set(Figure)
    for figure, kind in told.items():
        rule = FigureRule(target="Z_X", figure=figure, period=PeriodKind.WEEK if figure in OF_A_PERIOD else None)
        assert kind == kind_of(rule), figure
