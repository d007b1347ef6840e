"""Trade documents of an organisation in memory, and how people change them.

As in Sage, what follows from payments (paid, outstanding, open) is computed when it is read: a payment moves no stamp.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal

from sage_operator.sync.ids import long_id
from sage_operator.sync.payments.documents import Document
from sage_operator.sync.payments.reading import Company, DocumentScope

from .life import Clock

COMPANY = Company(id=long_id("a0000000000ACME"), name="Acme", currency="EUR", fiscal_start=1)
INVOICE, CREDIT, ORDER = "Sales Invoice", "Sales Credit", "Sales Order"
SUBMITTED, DRAFT = "Submitted", "Unsubmitted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A document as it is stored: without what is computed."""

    id: str
    account_id: str
    type: str
    number: str
    dated: date
    due: date | None
    net: Decimal
    total: Decimal
    stamp: datetime
    paid: Decimal = Decimal(0)
    paid_on: date | None = None
    tag_stamp: datetime
    status: str = SUBMITTED
    deleted: bool = False

    @property
    def document(self) -> Document:
        """What Sage answers."""
        outstanding = self.total - self.paid
        return Document(
            id=self.id,
            account_id=self.account_id,
            type=self.type,
            number=self.number,
            dated=self.dated,
            due=self.due,
            net=self.net,
            total=self.total,
            paid=self.paid,
            outstanding=outstanding,
            currency=COMPANY.currency,
            is_open=outstanding != 0,
            paid_on=self.paid_on,
        )


@dataclass(slots=True)
class Trade:
    """The documents of one company, and the credit limits of its customers."""

    clock: Clock
    papers: dict[str, Paper] = field(default_factory=dict)
    limits: dict[str, tuple[Decimal | None, datetime]] = field(default_factory=dict)

    def invoice(
        self,
        account: str,
        total: str,
        *,
        dated: date,
        due: date | None = None,
        kind: str = INVOICE,
        status: str = SUBMITTED,
    ) -> str:
        """Add a document; returns its id."""
        number = len(self.papers) + 1
        paper_id = long_id(f"a0D{(number * 7919) % 100_000:012d}")
        self.papers[paper_id] = Paper(
            id=paper_id,
            account_id=account,
            type=kind,
            number=f"D-{number:04}",
            dated=dated,
            due=due,
            net=Decimal(total),
            total=Decimal(total),
            stamp=self.clock.now,
            tag_stamp=self.clock.now,
            status=status,
        )
        return paper_id

    def edit(self, paper_id: str, **changes: object) -> None:
        """Change a document."""
        self.papers[paper_id] = replace(self.papers[paper_id], stamp=self.clock.now, **changes)  # type: ignore[arg-type]

    def pay(self, paper_id: str, amount: str | None = None) -> None:
        """Pay a document, in full if no amount is given: no stamp of it moves, nor of anything else."""
        paper = self.papers[paper_id]
        paid = paper.total if amount is None else paper.paid + Decimal(amount)
        self.papers[paper_id] = replace(paper, paid=paid)

    def reconcile(self, paper_id: str, on: date) -> None:
        """Note when a document was settled: that moves the stamp of its tag."""
        self.papers[paper_id] = replace(self.papers[paper_id], paid_on=on, tag_stamp=self.clock.now)

    def limit(self, account: str, amount: str | None) -> None:
        """Set a credit limit."""
        self.limits[account] = (None if amount is None else Decimal(amount), self.clock.now)

    def untag(self, account: str) -> None:
        """Give the tag of an account to somebody else: nothing of the account itself changes."""
        self.limits.pop(account, None)

    def move(self, source: str, target: str) -> None:
        """Give all documents of an account to another one, as merging them does."""
        for paper in [paper for paper in self.papers.values() if paper.account_id == source]:
            self.edit(paper.id, account_id=target)

    def counting(self, scope: DocumentScope, accounts: Iterable[str]) -> list[Paper]:
        """Return the documents that count, of some accounts, by id."""
        within = set(accounts)
        found = (
            paper
            for paper in self.papers.values()
            if paper.account_id in within
            and not paper.deleted
            and paper.type in scope.types
            and paper.status in scope.statuses
            and (scope.since is None or paper.dated >= scope.since or paper.document.is_open)
        )
        return sorted(found, key=lambda paper: paper.id)
