"""Random accounts on days that are hard: around midnight, changes of the clock, ends of periods."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

from hypothesis import strategies as st

from sage_operator.sync.payments.documents import Document
from sage_operator.sync.payments.periods import CompareWith, PeriodKind, Weekday
from sage_operator.sync.payments.settings import OF_A_PERIOD, Amount, Figure, FigureRule, Of, PaymentSettings

from .slow_oracle import begins, period_of

SIGNS = {"Sales Invoice": 1, "Sales Credit": -1, "Refund stored below zero": 1}
ZONES = (
    "Europe/Madrid",
    "Australia/Lord_Howe",  # its summer time is half an hour
    "Asia/Kathmandu",  # 5:45
    "Pacific/Apia",  # had no 30 December 2011
    "America/Sao_Paulo",  # changed its clock at midnight
    "America/Havana",  # had midnight twice
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "UTC",
)
HARD_DAYS = tuple(
    date.fromisoformat(day)
    for day in [
        "2011-12-29",
        "2011-12-30",
        "2011-12-31",
        "2018-02-17",
        "2018-02-18",
        "2018-11-04",
        "2024-02-28",
        "2024-02-29",
        "2024-03-01",
        "2024-12-30",
        "2025-01-01",
        "2025-03-30",
        "2025-03-31",
        "2025-10-26",
        "2026-02-28",
        "2026-03-29",
        "2026-03-31",
        "2026-04-05",
        "2026-10-25",
        "2026-11-01",
        "2026-12-28",
        "2026-12-31",
        "2027-01-01",
        "2027-01-03",
        "2028-02-29",
        "2020-12-31",
    ]
)
RULES = tuple(
    FigureRule(target=f"Z_{figure}{kind}{of}", figure=figure, period=kind, of=of)
    for figure in OF_A_PERIOD
    for kind in PeriodKind
    for of in Of
) + tuple(FigureRule(target=f"Z_{figure}", figure=figure) for figure in Figure if figure not in OF_A_PERIOD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Some accounts and one instant; `day` is the date near which it was made."""

    settings: PaymentSettings
    company_start: int
    at: datetime
    day: date
    accounts: Sequence[Sequence[Document]]
    limit: Decimal | None

    @property
    def documents(self) -> Sequence[Document]:
        """Return all documents, as if they were of one account."""
        return [document for documents in self.accounts for document in documents]

    @property
    def start(self) -> int:
        """Return the month in which fiscal years begin."""
        return self.settings.fiscal_start or self.company_start


ACCOUNTS = 12  # to a scenario: they are cheap, while days and settings are not

# Days from today: where buckets, thresholds and the memory for payments end.
DUE_LATER = (0, 1, 2, 7, 8, 9)
DUE_AT_ALL = (*DUE_LATER, -1, -2, -30, -31, -32, -60, -61, -62, -90, -91, -92)
SETTLED = (0, 1, -1, -363, -364, -365, -366)


def amount(random: Random, least: int = 0) -> Decimal:
    """Make an amount with up to four decimals, often one that others have too."""
    digits = random.choice([least, 100, 12_150, random.randint(least, 10**9)])
    return Decimal(digits).scaleb(-random.choice([0, 2, 2, 3, 4]))


def document(random: Random, day: date, edges: Sequence[date], due: Sequence[int]) -> Document:
    """Make a document near a day or near the edge of a period; mostly a consistent one, due or settled at an edge."""
    kind = random.choice([*SIGNS, "Sales Invoice", "Sales Invoice", "Quotation"])
    total = amount(random, 1) * (-1 if kind == "Refund stored below zero" else 1)
    paid = random.choice([Decimal(0), Decimal(0), total, total / 2, 2 * total, amount(random)])
    days = [
        random.choice(edges) + timedelta(days=random.randint(-1, 1)),
        day + timedelta(days=random.randint(-800, 40)),
    ]
    settled = day + timedelta(days=random.choice([*SETTLED, random.randint(-400, 5)]))
    return Document(
        id=f"{random.getrandbits(64)}",
        account_id="account",
        type=kind,
        number="1",
        dated=random.choice(days),
        due=None if random.random() < 0.1 else day + timedelta(days=random.choice(due)),
        net=total / 2,
        total=total,
        paid=paid,
        outstanding=random.choice([total - paid, total - paid, Decimal(0)]),
        currency="EUR",
        is_open=random.random() < 0.6,
        paid_on=None if random.random() < 0.2 else settled,
    )


def account(random: Random, day: date, edges: Sequence[date]) -> tuple[Document, ...]:
    """Make the documents of an account; of half of the accounts nothing is overdue."""
    due = random.choice([DUE_LATER, DUE_AT_ALL])
    return tuple(document(random, day, edges, due) for _ in range(random.choice([0, 1, 1, 2, 3, 5, 8])))


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """Make an account, settings and an instant at, or close to, the beginning of a day."""
    day = draw(st.sampled_from(HARD_DAYS) | st.dates(date(1999, 1, 1), date(2045, 12, 31)))
    settings = PaymentSettings(
        time_zone=draw(st.sampled_from(ZONES)),
        week_start=draw(st.sampled_from(Weekday)),
        fiscal_start=draw(st.none() | st.integers(1, 12)),
        compare_with=draw(st.sampled_from(CompareWith)),
        to_date=draw(st.booleans()),
        amount=draw(st.sampled_from(Amount)),
        since=draw(st.none() | st.integers(0, 800).map(lambda days: day - timedelta(days=days))),
        signs=SIGNS,
        due_soon_days=draw(st.integers(0, 8)),
        serious_days=draw(st.sampled_from([1, 2, 31, 60])),
        rules=RULES,
    )
    start = draw(st.integers(1, 12))
    periods = [period_of(kind, day, settings, settings.fiscal_start or start)[1] for kind in PeriodKind]
    edges = [day, day - timedelta(days=364), day - timedelta(days=365)]
    edges += [] if settings.since is None else [settings.since]
    edges += [edge for days in periods for edge in (days[0], days[-1], days[0] - timedelta(days=365))]
    seconds = st.sampled_from([0, 0, 1, 43_200, -1, 1800, -3600]) | st.integers(-90_000, 90_000)
    random = draw(st.randoms(use_true_random=True))
    return Scenario(
        settings=settings,
        company_start=start,
        at=begins(day, settings.time_zone) + timedelta(seconds=draw(seconds)),
        day=day,
        accounts=[account(random, day, edges) for _ in range(ACCOUNTS)],
        limit=draw(st.none() | st.just(Decimal("5000.00"))),
    )
