"""Payments, held against what the integration user sees of trade documents."""

from collections.abc import Iterable, Iterator

from sage_operator.sync.findings import Finding, FindingKind
from sage_operator.sync.likeness import nearest
from sage_operator.sync.payments.reading import TradeView
from sage_operator.sync.payments.settings import DEFAULT_TYPES, PaymentSettings


def examine_trade(settings: PaymentSettings, trade: TradeView) -> Iterator[Finding]:
    """Yield what keeps documents from being read, and types and statuses that no document can have."""
    for message, remedy in trade.lacking:
        yield Finding(kind=FindingKind.UNKNOWN_SOURCE, subject="payments", message=message.rstrip("."), remedy=remedy)
    yield from _types(settings.signs, trade.types)
    for status in settings.statuses if trade.statuses else ():
        if status not in trade.statuses:
            yield Finding(
                kind=FindingKind.INVALID_VALUE,
                subject="payments.statuses",
                message=f"no document of Sage can be `{status}`",
                remedy=_instead(status, trade.statuses),
            )


def _types(names: Iterable[str], known: tuple[str, ...]) -> Iterator[Finding]:
    """Yield type names that Sage does not have; one of the defaults may be absent, so it is only a doubt."""
    present = {name.casefold() for name in known}
    for name in names if known else ():
        if name.casefold() in present:
            continue
        yield Finding(
            kind=FindingKind.INVALID_VALUE,
            subject="payments.documentTypes",
            message=f"Sage has no trade document type `{name}`",
            remedy=_instead(name, known),
            is_warning=name in DEFAULT_TYPES,
        )


def _instead(name: str, known: tuple[str, ...]) -> str:
    """Say which of the known names to write: the one that was probably meant, or one of the first."""
    near = nearest(name, known)
    return f"Write `{near}`." if near else f"Use one of {', '.join(f'`{each}`' for each in known[:5])}."
