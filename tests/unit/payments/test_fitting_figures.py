"""Figures against a tenant's fields, and against the other entries of the map."""

from dataclasses import replace

import pytest

from sage_operator.sync.fieldmap import PRESET, FieldRule, from_field
from sage_operator.sync.findings import FindingKind
from sage_operator.sync.payments.compiling import compile_figures, without_figures
from sage_operator.sync.payments.periods import PeriodKind
from sage_operator.sync.payments.settings import Figure, FigureRule, Of
from sage_operator.sync.targets import FieldKind, TargetField, TargetSchema

MONTH = PeriodKind.MONTH
DOCUMENTS = FigureRule(target="F", figure=Figure.DOCUMENTS, period=MONTH)
CHANGE = FigureRule(target="F", figure=Figure.DOCUMENTS, period=MONTH, of=Of.CHANGE_PERCENT)
MONEY = FigureRule(target="F", figure=Figure.OUTSTANDING)
DAYS = FigureRule(target="F", figure=Figure.OVERDUE_DAYS)
DAY = FigureRule(target="F", figure=Figure.AS_OF)
STATUS = FigureRule(target="F", figure=Figure.STATUS)


def schema(*fields: TargetField, lists_custom_fields: bool = True) -> TargetSchema:
    """Return a schema."""
    return TargetSchema(fields={field.name: field for field in fields}, lists_custom_fields=lists_custom_fields)


@pytest.mark.parametrize(
    ("rule", "fits"),
    [
        (MONEY, {"decimal", "text", "unknown"}),
        (CHANGE, {"decimal", "text", "unknown"}),
        (DOCUMENTS, {"integer", "decimal", "text", "unknown"}),
        (DAYS, {"integer", "decimal", "text", "unknown"}),
        (DAY, {"date", "text", "unknown"}),
        (STATUS, {"text", "unknown"}),
    ],
)
def test_which_types_hold_which_figure(rule: FigureRule, fits: set[str]) -> None:
    """Expect those that lose nothing, and a finding with the type to choose for all others."""
    for kind in FieldKind:
        compiled, findings = compile_figures([rule], schema(TargetField(name="F", kind=kind)))
        assert bool(compiled) == (kind.value in fits)
        assert [finding.kind for finding in findings] == ([] if compiled else [FindingKind.TYPE_MISMATCH])
        assert all("Name a target of type" in finding.remedy for finding in findings)


@pytest.mark.parametrize(("length", "fits"), [(15, False), (16, True), (20, True), (None, True)])
def test_the_longest_status_fits(length: int | None, fits: bool) -> None:
    """Expect a text too short for `SeriouslyOverdue` to be refused before any account has it."""
    compiled, _ = compile_figures([STATUS], schema(TargetField(name="F", kind=FieldKind.TEXT, max_length=length)))
    assert bool(compiled) == fits


@pytest.mark.parametrize(
    ("figure", "type_to_create"),
    [
        (Figure.OUTSTANDING, "decimal"),
        (Figure.AVERAGE_DAYS_TO_PAY, "decimal"),
        (Figure.OVERDUE_DAYS, "integer"),
        (Figure.LAST_PAYMENT_DATE, "date"),
        (Figure.STATUS, "text, at least 20 characters"),
    ],
)
def test_a_missing_field_is_named_with_its_type(figure: Figure, type_to_create: str) -> None:
    """Expect what the administrator of the CRM has to create."""
    rule = FigureRule(target="Z_Mine", figure=figure)
    compiled, (finding,) = compile_figures([rule], schema())
    assert not compiled
    assert (finding.kind, finding.subject) == (FindingKind.CUSTOM_FIELD_MISSING, "payments.fields[Z_Mine]")
    assert f"(Z_Mine: {type_to_create})" in finding.remedy
    (taken,), findings = compile_figures([rule], schema(lists_custom_fields=False))
    assert (taken.field.kind, findings) == (FieldKind.UNKNOWN, ())


def test_unknown_and_read_only_targets() -> None:
    """Expect the nearest name, and no promise for what can't be written."""
    fields = schema(TargetField(name="comment", kind=FieldKind.TEXT, read_only=True))
    _, (unknown,) = compile_figures([FigureRule(target="coment", figure=Figure.STATUS)], fields)
    assert (unknown.kind, "`comment` is one" in unknown.remedy) == (FindingKind.UNKNOWN_TARGET, True)
    _, (locked,) = compile_figures([FigureRule(target="comment", figure=Figure.STATUS)], fields)
    assert locked.kind is FindingKind.TARGET_NOT_WRITABLE


def test_a_figure_wins_over_the_preset_and_nothing_else() -> None:
    """Expect the preset's entry left out in silence, any other to be a finding that names its layer."""

    def rule(layer: str) -> FieldRule:
        return replace(from_field("comment", "Description"), layer=layer)

    figures = [FigureRule(target="comment", figure=Figure.STATUS)]
    name = replace(from_field("name", "Name"), layer=PRESET)
    assert without_figures([name, rule(PRESET)], figures) == ((name,), ())
    for layer in ("spec", "ConfigMap crm-maps/accounts"):
        left, (finding,) = without_figures([name, rule(layer)], figures)
        assert (left, finding.kind, finding.layer) == ((name,), FindingKind.TARGET_TWICE, layer)
