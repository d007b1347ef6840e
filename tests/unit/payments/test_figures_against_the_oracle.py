"""The figures of random accounts are those of the slow oracle, to the last digit."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sage_operator.sync.payments.figures import Frame, figure_values, reckon
from sage_operator.sync.payments.periods import CompareWith, PeriodKind, today
from sage_operator.sync.payments.series import series
from sage_operator.sync.payments.settings import BUCKETS, OF_A_PERIOD, Figure, Of
from sage_operator.sync.payments.turnover import Compared
from sage_operator.sync.records import Scalar

from . import slow_oracle as oracle
from .scenarios import Scenario, scenarios

_slow = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large]}


def exact(value: Scalar) -> Fraction | str | None:
    """Return a number as a fraction, anything else as it is."""
    return Fraction(value) if isinstance(value, (int, Decimal)) else value


def frame_of(scenario: Scenario) -> Frame:
    """Return the frame of a scenario."""
    day = today(scenario.at, scenario.settings.time_zone)
    return Frame.of(scenario.settings, today=day, company_fiscal_start=scenario.company_start)


def numbers(compared: Compared) -> dict[str, dict[str, Fraction | str | None]]:
    """Return all numbers of a period as fractions."""
    return {figure: {of: exact(compared.value(figure, of)) for of in Of} for figure in OF_A_PERIOD}


def check_figures(scenario: Scenario) -> None:
    """Compare every figure, and every rule's value, with the oracle's."""
    frame = frame_of(scenario)
    assert frame.today == oracle.date_at(scenario.at, scenario.settings.time_zone)
    limit = None if scenario.limit is None else Fraction(scenario.limit)
    parts = {kind: compared_days(scenario, frame, kind) for kind in PeriodKind}
    for documents in scenario.accounts:
        figures = reckon(documents, frame=frame, credit_limit=scenario.limit)
        expected = dict(oracle.standing(documents, limit, scenario.settings, frame.today))
        assert {figure.value: exact(value) for figure, value in figures.now.items()} == expected
        for kind, (days, days_before) in parts.items():
            now = oracle.turnover(documents, days, scenario.settings)
            before = oracle.turnover(documents, days_before, scenario.settings)
            changes = {each: oracle.compared(now[each], before[each]) for each in now}
            assert numbers(figures.periods[kind]) == changes
            expected |= {f"{each}{kind}{of}": value for each in changes for of, value in changes[each].items()}
        values = figure_values(documents, frame=frame, credit_limit=scenario.limit)
        assert {target: exact(value) for target, value in values.items()} == {
            f"Z_{name}": value for name, value in expected.items() if value is not None
        }


def compared_days(scenario: Scenario, frame: Frame, kind: PeriodKind) -> tuple[oracle.Days, oracle.Days]:
    """Return the days that count by the oracle, and check the names of the periods."""
    name, days = oracle.period_of(kind, frame.today, scenario.settings, scenario.start)
    name_before, days_before = oracle.before(kind, days, scenario.settings, scenario.start)
    comparison = frame.comparisons[kind]
    assert (comparison.period.name, comparison.before.name) == (name, name_before)
    if not scenario.settings.to_date:
        return days, days_before
    days = tuple(each for each in days if each <= frame.today)
    return days, days_before[: len(days)]


@settings(max_examples=100, **_slow)
@given(scenarios())
def test_figures_are_those_of_the_oracle(scenario: Scenario) -> None:
    """Expect every figure of every period equal, for any documents, settings and instants."""
    check_figures(scenario)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@settings(max_examples=20_000, **_slow)
@given(scenarios())
def test_figures_are_those_of_the_oracle_soak(scenario: Scenario) -> None:
    """The same, for long."""
    check_figures(scenario)


@settings(max_examples=25, **_slow)
@given(scenarios(), st.sampled_from(PeriodKind), st.sampled_from(CompareWith), st.integers(1, 6))
def test_series_are_those_of_the_oracle(scenario: Scenario, kind: PeriodKind, against: CompareWith, count: int) -> None:
    """Expect whole periods of which the last alone is cut, each compared as the oracle does, oldest first."""
    frame = frame_of(scenario)
    documents = scenario.documents
    rows = series(
        documents,
        kind=kind,
        count=count,
        today=frame.today,
        settings=scenario.settings,
        company_fiscal_start=scenario.company_start,
        compare_with=against,
    )
    assert len(rows) == count
    spec = frame_settings = scenario.settings
    if against is not spec.compare_with:
        frame_settings = type(spec)(
            **{name: getattr(spec, name) for name in spec.__slots__} | {"compare_with": against}
        )
    day = frame.today
    for row in reversed(rows):
        name, days = oracle.period_of(kind, day, frame_settings, scenario.start)
        name_before, days_before = oracle.before(kind, days, frame_settings, scenario.start)
        assert (row.comparison.period.name, row.comparison.before.name) == (name, name_before)
        day = days[0] - timedelta(days=1)
        if row is rows[-1] and spec.to_date:
            days = tuple(each for each in days if each <= frame.today)
            days_before = days_before[: len(days)]
        now = oracle.turnover(documents, days, spec)
        before = oracle.turnover(documents, days_before, spec)
        assert numbers(row.compared) == {each: oracle.compared(now[each], before[each]) for each in now}


@settings(max_examples=25, **_slow)
@given(scenarios(), st.randoms(use_true_random=False))
def test_order_does_not_matter_and_buckets_add_up(scenario: Scenario, random: Random) -> None:
    """Expect the same figures, spelled alike, for documents in another order; the ageing is all that is outstanding."""
    frame = frame_of(scenario)
    figures = reckon(scenario.documents, frame=frame, credit_limit=scenario.limit)
    shuffled = list(scenario.documents)
    random.shuffle(shuffled)
    again = reckon(shuffled, frame=frame, credit_limit=scenario.limit)
    assert {each: str(value) for each, value in again.now.items()} == {k: str(v) for k, v in figures.now.items()}
    assert again.periods == figures.periods
    buckets = [Fraction(figures.now[bucket]) for bucket in BUCKETS]  # type: ignore[arg-type]
    assert sum(buckets) == exact(figures.now[Figure.OUTSTANDING])
    assert sum(buckets[1:]) == exact(figures.now[Figure.OVERDUE])


@settings(max_examples=20, **_slow)
@given(scenarios())
def test_parts_of_a_year_add_up_to_it(scenario: Scenario) -> None:
    """Expect that months and quarters of a fiscal year come to that year, and weeks of a week-year to its documents."""
    spec, documents = scenario.settings, scenario.documents
    calendar = spec.calendar(scenario.company_start)
    year = calendar.period(PeriodKind.YEAR, scenario.day)

    def total(kind: PeriodKind, count: int, last: date) -> tuple[Fraction, Fraction, int]:
        rows = series(
            documents, kind=kind, count=count, today=last, settings=spec, company_fiscal_start=scenario.company_start
        )
        each = [row.compared.now for row in rows]
        return (
            sum((Fraction(now.invoiced) for now in each), Fraction(0)),
            sum((Fraction(now.paid) for now in each), Fraction(0)),
            sum(now.documents for now in each),
        )

    whole = total(PeriodKind.YEAR, 1, year.last)
    assert total(PeriodKind.QUARTER, 4, year.last) == whole
    assert total(PeriodKind.MONTH, 12, year.last) == whole

    last = calendar.period(PeriodKind.WEEK, scenario.day)
    week_year = last.name[:4]
    while (later := calendar.period(PeriodKind.WEEK, last.last + timedelta(days=1))).name.startswith(week_year):
        last = later
    weeks = int(last.name[-2:])
    start = spec.week_start.value
    mine = {each.dated for each in documents if oracle.week_of(each.dated, start)[0].startswith(week_year)}
    expected = oracle.turnover(documents, tuple(mine), spec)
    assert total(PeriodKind.WEEK, weeks, last.last) == tuple(expected.values())
