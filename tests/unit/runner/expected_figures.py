"""What the account fields of a world's payments must hold, by plain loops over its documents."""

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from sage_operator.sync.records import Scalar

from .trade import CREDIT, INVOICE, SUBMITTED, Trade


def expected_figures(trade: Trade, account: str, at: datetime) -> dict[str, Scalar]:
    """Compute the figures of an account from the definitions; it shares no code with the product."""
    day = at.astimezone(ZoneInfo("Europe/Madrid")).date()
    outstanding = overdue = Decimal(0)
    documents = counted = 0
    oldest: date | None = None
    soonest: date | None = None
    last_payment: date | None = None
    for paper in trade.papers.values():
        if paper.account_id != account or paper.deleted or paper.status != SUBMITTED:
            continue
        if paper.type not in (INVOICE, CREDIT):
            continue
        counted += 1
        documents += paper.dated.year == day.year and paper.dated <= day
        to_pay = paper.total - paper.paid
        if paper.type == CREDIT:
            outstanding -= to_pay
            continue
        outstanding += to_pay
        if to_pay > 0 and paper.due is not None and paper.due < day:
            overdue += to_pay
            oldest = min(oldest or paper.due, paper.due)
        elif to_pay > 0 and paper.due is not None:
            soonest = min(soonest or paper.due, paper.due)
        if to_pay == 0 and paper.paid_on is not None and paper.paid_on <= day:
            last_payment = max(last_payment or paper.paid_on, paper.paid_on)
    limit = trade.limits.get(account, (None, None))[0]
    return {
        "Z_Status": _status(counted, outstanding, oldest, soonest, day),
        "Z_Outstanding": outstanding,
        "Z_Overdue": f"{overdue:.2f}",
        "Z_Documents": documents,
        "Z_LastPayment": f"{last_payment.isoformat()}T00:00:00Z" if last_payment else None,
        "Z_CreditLimit": limit,
    }


def _status(counted: int, outstanding: Decimal, oldest: date | None, soonest: date | None, day: date) -> str:
    if not counted:
        return "NoInvoices"
    if oldest is not None:
        return "SeriouslyOverdue" if (day - oldest).days >= 60 else "Overdue"
    if outstanding <= 0:
        return "Paid"
    return "DueSoon" if soonest is not None and (soonest - day).days <= 7 else "Open"
