"""Payments, held against what the integration user sees of trade documents."""

from collections.abc import Iterator

from sage_operator.sync.findings import Finding, FindingKind
from sage_operator.sync.likeness import nearest
from sage_operator.sync.payments.reading import TradeView
from sage_operator.sync.payments.settings import PaymentSettings


def examine_trade(settings: PaymentSettings, trade: TradeView) -> Iterator[Finding]:
    """Yield what keeps documents from being read, and statuses that no document can have."""
    for message, remedy in trade.lacking:
        yield Finding(kind=FindingKind.UNKNOWN_SOURCE, subject="payments", message=message.rstrip("."), remedy=remedy)
    for status in settings.statuses if trade.statuses else ():
        if status not in trade.statuses:
            near = nearest(status, trade.statuses)
            known = ", ".join(f"`{each}`" for each in trade.statuses[:5])
            yield Finding(
                kind=FindingKind.INVALID_VALUE,
                subject="payments.statuses",
                message=f"no document of Sage can be `{status}`",
                remedy=f"Write `{near}`." if near else f"Use one of {known}.",
            )
