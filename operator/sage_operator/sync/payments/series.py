"""Figures over time, for people who look at an account: its last periods, each compared with before."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import localcontext

from sage_operator.sync.payments.counting import EXACT, counted
from sage_operator.sync.payments.documents import Document
from sage_operator.sync.payments.periods import CompareWith, Comparison, PeriodKind
from sage_operator.sync.payments.settings import PaymentSettings
from sage_operator.sync.payments.turnover import Adding, Compared


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesRow:
    """One period of a series. Only the last one, the current period, may count in part (`toDate`)."""

    comparison: Comparison
    compared: Compared


def series(
    documents: Iterable[Document],
    *,
    kind: PeriodKind,
    count: int,
    today: date,
    settings: PaymentSettings,
    company_fiscal_start: int,
    compare_with: CompareWith | None = None,
) -> tuple[SeriesRow, ...]:
    """Return the last `count` periods of one account, oldest first, the current one included.

    The documents are all those of one account and one company, in any order; `compare_with` stands instead of what the
    settings say.
    """
    calendar = settings.calendar(company_fiscal_start)
    against = compare_with or settings.compare_with
    comparisons = [calendar.compare(kind, today=today, compare_with=against, to_date=settings.to_date)]
    while len(comparisons) < count:
        comparisons.append(calendar.compare_whole(calendar.previous(comparisons[-1].period), against))
    comparisons.reverse()
    totals = {span: Adding() for each in comparisons for span in (each.counted, each.counted_before)}
    with localcontext(EXACT):
        for document in counted(documents, settings):
            for span, total in totals.items():
                if document.dated in span:
                    total.add(document)
        turnovers = {span: total.turnover() for span, total in totals.items()}
    return tuple(
        SeriesRow(
            comparison=each,
            compared=Compared(now=turnovers[each.counted], before=turnovers[each.counted_before]),
        )
        for each in comparisons
    )
