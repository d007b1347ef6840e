"""The section of the resource: its defaults, what it refuses, and what it asks for."""

from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from sage_operator.controller.translate_payments import payment_settings
from sage_operator.resources import SageIntegrationSpec
from sage_operator.resources._base import Model
from sage_operator.resources._payments import PaymentsSpec
from sage_operator.sync.payments.periods import Calendar, CompareWith, PeriodKind, Weekday
from sage_operator.sync.payments.settings import Amount, Figure, FigureRule, Of, OnVoid, PaymentSettings

ROOT = Path(__file__).parents[3]
MINIMAL = yaml.safe_load((ROOT / "deploy/samples/minimal.yaml").read_text())["spec"]


class Integration(Model):
    """An integration of which only the spec matters."""

    spec: SageIntegrationSpec


def parse(changes: dict[str, Any]) -> SageIntegrationSpec:
    """Read the minimal sample with dotted paths of its spec set."""
    body = {"spec": deepcopy(MINIMAL)}
    for path, value in changes.items():
        *parents, last = path.split(".")
        node = body["spec"]
        for parent in parents:
            node = node.setdefault(parent, {})
        node[last] = value
    return Integration.model_validate(body).spec


@pytest.mark.parametrize("zone", ["Europe/Barcelona", "Mars/Olympus", "europe/madrid", "localtime"])
def test_zones_that_are_none(zone: str) -> None:
    """Expect a refusal by the models of what has the shape only."""
    with pytest.raises(ValidationError, match="must be an IANA time zone"):
        parse({"payments.timeZone": zone})


@pytest.mark.parametrize("zone", ["Europe/Madrid", "America/Argentina/Buenos_Aires", "Etc/GMT+12", "UTC"])
def test_zones(zone: str) -> None:
    """Expect no error."""
    assert parse({"payments.timeZone": zone}).payments is not None


def test_without_the_section_there_are_no_payments() -> None:
    """Expect none, and that a section which is there is on."""
    assert parse({}).payments is None
    assert PaymentsSpec(timeZone="UTC").enabled is True


def test_defaults() -> None:
    """Expect the defaults of the contract."""
    assert payment_settings(PaymentsSpec(timeZone="Europe/Madrid")) == PaymentSettings(
        time_zone="Europe/Madrid",
        week_start=Weekday.MONDAY,
        fiscal_start=None,
        compare_with=CompareWith.PREVIOUS_PERIOD,
        to_date=True,
        amount=Amount.TOTAL,
        since=None,
        signs={"Sales Invoice": 1, "Sales Credit": -1},
        statuses=("Submitted",),
        due_soon_days=7,
        serious_days=60,
        sales=False,
        on_void=OnVoid.DELETE,
        rules=(),
    )


def test_every_setting_arrives() -> None:
    """Expect all that the section says in the settings, each in its place."""
    section = {
        "timeZone": "Asia/Kathmandu",
        "weekStart": "Sunday",
        "fiscalYearStartMonth": 7,
        "compareWith": "SamePeriodLastYear",
        "toDate": False,
        "amount": "Net",
        "since": "2024-01-01",
        "documentTypes": [{"name": "Factura"}, {"name": "Abono", "sign": -1}],
        "statuses": ["Posted", "Submitted"],
        "thresholds": {"dueSoonDays": 3, "seriousDays": 45},
        "sales": {"enabled": True, "onVoid": "Keep"},
        "fields": [
            {"target": "Z_Status", "figure": "status"},
            {"target": "Z_Quarter", "figure": "paid", "period": "Quarter"},
            {"target": "Z_Change", "figure": "documents", "period": "Week", "of": "Change"},
        ],
    }
    spec = parse({"payments": section}).payments
    assert spec is not None
    assert spec.model_dump(mode="json", by_alias=True, exclude_unset=True) == section
    assert payment_settings(spec) == PaymentSettings(
        time_zone="Asia/Kathmandu",
        week_start=Weekday.SUNDAY,
        fiscal_start=7,
        compare_with=CompareWith.SAME_PERIOD_LAST_YEAR,
        to_date=False,
        amount=Amount.NET,
        since=date(2024, 1, 1),
        signs={"Factura": 1, "Abono": -1},
        statuses=("Posted", "Submitted"),
        due_soon_days=3,
        serious_days=45,
        sales=True,
        on_void=OnVoid.KEEP,
        rules=(
            FigureRule(target="Z_Status", figure=Figure.STATUS),
            FigureRule(target="Z_Quarter", figure=Figure.PAID, period=PeriodKind.QUARTER),
            FigureRule(target="Z_Change", figure=Figure.DOCUMENTS, period=PeriodKind.WEEK, of=Of.CHANGE),
        ),
    )


@pytest.mark.parametrize(("own", "company", "start"), [(None, 4, 4), (7, 4, 7), (1, 4, 1)])
def test_fiscal_year_is_the_companys_unless_said(own: int | None, company: int, start: int) -> None:
    """Expect the month of the settings, else the company's."""
    settings = payment_settings(PaymentsSpec(timeZone="UTC", fiscalYearStartMonth=own))
    assert settings.calendar(company) == Calendar(fiscal_start=start)


@pytest.mark.parametrize(
    ("figure", "period", "of"),
    [
        (Figure.INVOICED, None, Of.CURRENT),
        (Figure.OVERDUE, PeriodKind.WEEK, Of.CURRENT),
        (Figure.OVERDUE, None, Of.CHANGE),
    ],
)
def test_rules_that_mean_nothing(figure: Figure, period: PeriodKind | None, of: Of) -> None:
    """Expect an error where the rule is made, not a wrong figure later."""
    with pytest.raises(ValueError, match="have a period"):
        FigureRule(target="Z_Figure", figure=figure, period=period, of=of)
