"""The figures of an account, exactly, from its documents. `docs/payments.md` says what each of them means."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from typing import Self

from sage_operator.sync.payments.counting import EXACT, counted
from sage_operator.sync.payments.documents import Document
from sage_operator.sync.payments.periods import Comparison, PeriodKind
from sage_operator.sync.payments.settings import Figure, FigureRule, PaymentSettings, PaymentStatus
from sage_operator.sync.payments.standing import Standing
from sage_operator.sync.payments.turnover import Adding, Compared
from sage_operator.sync.records import Scalar


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What all accounts of one day have in common: made once, used for each.

    Attributes:
        today: the date in the integration's time zone.
        comparisons: the current periods that are asked for, and what each is compared with.
        windows: first and last day of what counts of each, and of what it is compared with, in turn.
        earliest: the first day of all of them.
    """

    settings: PaymentSettings
    today: date
    comparisons: Mapping[PeriodKind, Comparison]
    windows: tuple[tuple[date, date], ...]
    earliest: date

    @classmethod
    def of(
        cls,
        settings: PaymentSettings,
        *,
        today: date,
        company_fiscal_start: int,
        kinds: Iterable[PeriodKind] | None = None,
    ) -> Self:
        """Return the frame for some kinds of period; by default for those that the settings' rules use."""
        calendar = settings.calendar(company_fiscal_start)
        wanted = {rule.period for rule in settings.rules} if kinds is None else set(kinds)
        comparisons = {
            kind: calendar.compare(kind, today=today, compare_with=settings.compare_with, to_date=settings.to_date)
            for kind in PeriodKind
            if kind in wanted
        }
        spans = [span for each in comparisons.values() for span in (each.counted, each.counted_before)]
        return cls(
            settings=settings,
            today=today,
            comparisons=comparisons,
            windows=tuple((span.first, span.last) for span in spans),
            earliest=min((span.first for span in spans), default=date.max),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFigures:
    """All figures of one account.

    Attributes:
        now: those as of today. Money is `Decimal`, `overdueDays` int, dates ISO 8601, None what is not known.
        periods: by kind of period, the turnover of the current one and of the one it is compared with.
    """

    now: Mapping[Figure, Scalar]
    periods: Mapping[PeriodKind, Compared]

    def value(self, rule: FigureRule) -> Scalar:
        """Return what a rule asks for; None if it is not known, or a change in percent of nothing."""
        return self.now[rule.figure] if rule.period is None else self.periods[rule.period].value(rule.figure, rule.of)


def reckon(documents: Iterable[Document], *, frame: Frame, credit_limit: Decimal | None = None) -> AccountFigures:
    """Compute the figures of one account from all its documents, in any order, in one pass.

    Args:
        documents: all of one account and one company, in that company's base currency.
        frame: the day and the settings.
        credit_limit: of the account's tag; None if it has none.
    """
    standing = Standing(frame.today)
    windows = [(first, last, Adding()) for first, last in frame.windows]
    earliest = frame.earliest
    with localcontext(EXACT):
        for document in counted(documents, frame.settings):
            standing.add(document)
            dated = document.dated
            if dated >= earliest:
                for first, last, adding in windows:
                    if first <= dated <= last:
                        adding.add(document)
        turnovers = [adding.turnover() for _, _, adding in windows]
        return AccountFigures(
            now=standing.figures(frame.settings, credit_limit),
            periods={
                kind: Compared(now=now, before=before)
                for kind, now, before in zip(frame.comparisons, turnovers[::2], turnovers[1::2], strict=True)
            },
        )


def figure_values(
    documents: Iterable[Document], *, frame: Frame, credit_limit: Decimal | None = None
) -> dict[str, Scalar]:
    """Return what the account's fields get by the settings' rules: by target, without the empty ones."""
    figures = reckon(documents, frame=frame, credit_limit=credit_limit)
    values = {rule.target: figures.value(rule) for rule in frame.settings.rules}
    return {target: value for target, value in values.items() if value is not None}


def left_values(rules: Iterable[FigureRule]) -> dict[str, Scalar]:
    """Return what the fields of an account get that left the scope: the status says so, all others are empty."""
    return {rule.target: PaymentStatus.NOT_SYNCHRONIZED.value for rule in rules if rule.figure is Figure.STATUS}
