"""What a run with payments knows of them: what counts, how figures are computed, and how far this run has come."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from sage_operator.sync.payments.compiling import CompiledFigure
from sage_operator.sync.payments.figures import Frame
from sage_operator.sync.payments.periods import JANUARY, today
from sage_operator.sync.payments.planning import FigureContext
from sage_operator.sync.payments.reading import Company, DocumentScope
from sage_operator.sync.payments.settings import PaymentSettings
from sage_operator.sync.scope import Scope


@dataclass(slots=True, kw_only=True)
class Payments:
    """The payments of one run.

    Attributes:
        documents: which documents count.
        figures: what the figures of all accounts rest on.
        loaded: this run has read all documents: accounts that enter the scope bring no further ones.
        discrepant: ids of documents whose amounts don't add up, as far as they were told; a few.
    """

    settings: PaymentSettings
    company: Company
    documents: DocumentScope
    figures: FigureContext
    loaded: bool = False
    discrepant: set[str] = field(default_factory=set)

    @classmethod
    def of(
        cls,
        settings: PaymentSettings,
        *,
        company: Company,
        figures: Iterable[CompiledFigure],
        scope: Scope,
        hash_key: bytes,
        now: datetime,
    ) -> Self:
        """Begin: `now` is `T`, UTC; `scope` the accounts whose documents count."""
        frame = Frame.of(
            settings,
            today=today(now, settings.time_zone),
            company_fiscal_start=company.fiscal_start or JANUARY,
        )
        return cls(
            settings=settings,
            company=company,
            documents=DocumentScope(
                company_id=company.id,
                types=tuple(sorted(settings.signs)),
                statuses=tuple(sorted(settings.statuses)),
                accounts=scope,
                since=settings.since,
            ),
            figures=FigureContext(frame=frame, rules=tuple(figures), hash_key=hash_key, now=now),
        )
