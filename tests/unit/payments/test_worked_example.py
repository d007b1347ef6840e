"""The worked example of docs/payments.md, parsed from its tables: each number that the page shows, and no other."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from sage_operator.controller.translate_payments import payment_settings
from sage_operator.resources._payments import PaymentsSpec
from sage_operator.sync.payments.counting import discrepancies
from sage_operator.sync.payments.documents import Document
from sage_operator.sync.payments.figures import AccountFigures, Frame, figure_values, left_values, reckon
from sage_operator.sync.payments.periods import PeriodKind, today
from sage_operator.sync.payments.settings import OF_A_PERIOD, Figure, Of

PAGE = (Path(__file__).parents[3] / "docs/payments.md").read_text(encoding="utf-8")
SETTINGS = yaml.safe_load(re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[1])["payments"]  # type: ignore[index]
TODAY = today(datetime(2026, 11, 23, 23, 0, tzinfo=UTC), SETTINGS["timeZone"])
LIMIT = Decimal("5000.00")
CASES = {
    "Compared with the previous period, to date": {},
    "Compared with the same period last year, to date": {"compareWith": "SamePeriodLastYear"},
    "Compared with the previous period, whole": {"toDate": False},
}


def tables(heading: str) -> Iterator[list[dict[str, str]]]:
    """Yield the tables below a heading: rows by the names of their columns."""
    section = re.split(r"^#+ ", PAGE.split(f"# {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    for block in re.findall(r"(?:^\|.*\n)+", section, re.MULTILINE):
        head, _, *rows = ([cell.strip(" `") for cell in line.strip("|").split("|")] for line in block.splitlines())
        yield [dict(zip(head, row, strict=True)) for row in rows]


def documents() -> list[Document]:
    """Read the documents."""
    (rows,) = tables("A worked example")
    return [
        Document(
            id=row["number"],
            account_id="ACME",
            type=row["type"],
            number=row["number"],
            dated=date.fromisoformat(row["date"]),
            due=date.fromisoformat(row["due"]) if row["due"] else None,
            **{name: Decimal(row[name]) for name in ("net", "total", "paid", "outstanding")},
            currency="EUR",
            is_open=row["settled"] == "open",
            paid_on=None if row["settled"] == "open" else date.fromisoformat(row["settled"]),
        )
        for row in rows
    ]


def frame(**changes: Any) -> Frame:
    """Make the frame of the page's settings with some of them changed."""
    settings = payment_settings(PaymentsSpec.model_validate(SETTINGS | changes))
    return Frame.of(settings, today=TODAY, company_fiscal_start=1, kinds=PeriodKind)


def figures(**changes: Any) -> AccountFigures:
    """Compute what the page shows."""
    return reckon(documents(), frame=frame(**changes), credit_limit=LIMIT)


def test_it_has_twelve_documents_and_its_day() -> None:
    """Expect what the page says of itself; in Madrid the day begins at 23:00 UTC of the day before."""
    assert len(documents()) == 12
    assert date(2026, 11, 24) == TODAY


def test_figures_as_of_now() -> None:
    """Expect each figure of the table, spelled as there, and that the table has them all."""
    (rows,) = tables("As of now")
    now = figures().now
    assert {row["figure"]: row["value"] for row in rows} == {figure.value: str(value) for figure, value in now.items()}
    assert set(now) == set(Figure) - set(OF_A_PERIOD)


@pytest.mark.parametrize("heading", CASES)
def test_days_that_count(heading: str) -> None:
    """Expect the names and days of each period and of what it is compared with."""
    days, _ = tables(heading)
    comparisons = frame(**CASES[heading]).comparisons
    shown = [list(row.values()) for row in days]
    assert shown == [
        [
            f"{kind} {each.period.name}",
            f"{each.counted.first} to {each.counted.last}",
            each.before.name,
            f"{each.counted_before.first} to {each.counted_before.last}",
        ]
        for kind, each in comparisons.items()
    ]


@pytest.mark.parametrize("heading", CASES)
def test_figures_of_periods(heading: str) -> None:
    """Expect each number of the table, spelled as there, and that the table has them all."""
    _, rows = tables(heading)
    computed = figures(**CASES[heading])
    assert [(row["period"], row["figure"]) for row in rows] == [(k, f) for k in PeriodKind for f in OF_A_PERIOD]
    for row in rows:
        compared = computed.periods[PeriodKind(row["period"])]
        values = {of: str(compared.value(Figure(row["figure"]), of)) for of in Of}
        assert values == {of: row[of] for of in Of}, row


def test_fields_of_the_sample() -> None:
    """Expect the values of the sample's targets."""
    assert figure_values(documents(), frame=frame(), credit_limit=LIMIT) == {
        "Z_PaymentStatus": "SeriouslyOverdue",
        "Z_Outstanding": Decimal("3301.50"),
        "Z_Overdue": Decimal("1063.00"),
        "Z_OverdueDays": 674,
        "Z_DaysToPay": Decimal("26.3"),
        "Z_LastPayment": "2026-11-20",
        "Z_MonthInvoiced": Decimal("2178.00"),
        "Z_MonthInvoicedBefore": Decimal("847.00"),
        "Z_MonthInvoicedChange": Decimal("157.1"),
        "Z_YearInvoiced": Decimal("5687.00"),
    }
    assert left_values(frame().settings.rules) == {"Z_PaymentStatus": "NotSynchronized"}


def test_warning_names_the_document_with_the_discount() -> None:
    """Expect SI-009, and no amount in the text."""
    (warning,) = discrepancies(documents())
    assert warning.startswith("Sales Invoice SI-009: ")
    assert not re.search(r"\d+\.\d", warning)
