"""From `spec.payments` to what the figures are computed with."""

from sage_operator.resources._payments import PaymentsSpec
from sage_operator.sync.payments.settings import FigureRule, Of, PaymentSettings


def payment_settings(spec: PaymentsSpec) -> PaymentSettings:
    """Return the settings that a section asks for; `enabled` is the caller's business."""
    return PaymentSettings(
        time_zone=spec.time_zone,
        week_start=spec.week_start,
        fiscal_start=spec.fiscal_year_start_month,
        compare_with=spec.compare_with,
        to_date=spec.to_date,
        amount=spec.amount,
        since=spec.since,
        signs={each.name: each.sign for each in spec.document_types},
        statuses=spec.statuses,
        due_soon_days=spec.thresholds.due_soon_days,
        serious_days=spec.thresholds.serious_days,
        sales=spec.sales.enabled,
        on_void=spec.sales.on_void,
        rules=tuple(
            FigureRule(target=each.target, figure=each.figure, period=each.period, of=each.of or Of.CURRENT)
            for each in spec.fields
        ),
    )
