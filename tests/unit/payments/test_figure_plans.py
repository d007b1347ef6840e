"""What is sent of an account's figures: what differs, once, beside whatever is planned of its row."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from sage_operator.sync.codes import Code
from sage_operator.sync.entities import ActionKind, Entity, RecordStatus
from sage_operator.sync.payments.compiling import CompiledFigure
from sage_operator.sync.payments.documents import Document
from sage_operator.sync.payments.figures import Frame
from sage_operator.sync.payments.planning import (
    LEFT,
    FigureChange,
    FigureContext,
    bears_figures,
    leaving_action,
    may_be_updated,
    plan_figures,
    with_figures,
)
from sage_operator.sync.payments.settings import Figure, FigureRule, PaymentSettings
from sage_operator.sync.records import Action, RecordState
from sage_operator.sync.targets import FieldKind, TargetField

ACCOUNT = "001000000000001AAA"
TODAY = date(2026, 11, 24)
FIELDS = {
    FigureRule(target="status", figure=Figure.STATUS): FieldKind.TEXT,
    FigureRule(target="open", figure=Figure.OUTSTANDING): FieldKind.DECIMAL,
    FigureRule(target="spoken", figure=Figure.OUTSTANDING): FieldKind.TEXT,
    FigureRule(target="limit", figure=Figure.CREDIT_LIMIT): FieldKind.DECIMAL,
}
SETTINGS = PaymentSettings(time_zone="UTC", signs={"Sales Invoice": 1}, rules=tuple(FIELDS))
CONTEXT = FigureContext(
    frame=Frame.of(SETTINGS, today=TODAY, company_fiscal_start=1),
    rules=tuple(CompiledFigure(rule=r, field=TargetField(name=r.target, kind=k)) for r, k in FIELDS.items()),
    hash_key=b"a key",
    now=datetime(2026, 11, 24, 12, tzinfo=UTC),
)
KNOWN = RecordState(
    sage_id=ACCOUNT, status=RecordStatus.SYNCHRONIZED, target_id=7, mapped_hash="m", field_hashes={"name": "n"}
)
INVOICE = Document(
    id="a0D000000000001AAA",
    account_id=ACCOUNT,
    type="Sales Invoice",
    number="SI-1",
    dated=TODAY,
    due=date(2027, 1, 1),
    net=Decimal(100),
    total=Decimal("121.00"),
    paid=Decimal(0),
    outstanding=Decimal("121.00"),
    currency="EUR",
    is_open=True,
)
ALL = {"status": "Open", "open": Decimal("121.00"), "spoken": "121.00", "limit": Decimal("5.00")}


def written(change: FigureChange, state: RecordState = KNOWN) -> RecordState:
    """Return the state after a write that went well."""
    return replace(state, figures_hash=change.figures_hash, figure_hashes=change.figure_hashes)


def change(state: RecordState | None, *documents: Document, limit: str | None = "5", **named: Any) -> FigureChange:
    """Plan the figures of some documents."""
    return plan_figures(documents, None if limit is None else Decimal(limit), state, CONTEXT, **named)


def action(kind: ActionKind, **named: Any) -> Action:
    """Return what was planned of the account's row."""
    return Action(kind=kind, entity=Entity.ACCOUNTS, sage_id=ACCOUNT, **named)


def test_all_at_first_then_what_differs_then_nothing() -> None:
    """Expect exact values in the fields' types, and planning what was written to give nothing."""
    first = change(KNOWN, INVOICE)
    assert first.payload == ALL
    state = written(first)
    assert change(state, INVOICE).payload == {}
    paid = replace(INVOICE, paid=INVOICE.total, outstanding=Decimal(0), is_open=False)
    assert change(state, paid).payload == {"status": "Paid", "open": Decimal("0.00"), "spoken": "0.00"}
    assert change(state, replace(INVOICE, outstanding=Decimal("121.000"))).payload == {}


def test_a_value_that_is_gone_is_cleared_once() -> None:
    """Expect null for what was filled, and no more afterwards; of what somebody else filled, at once."""
    gone = change(written(change(KNOWN, INVOICE)), INVOICE, limit=None)
    assert gone.payload == {"limit": None}
    assert change(written(gone), INVOICE, limit=None).payload == {}
    assert "limit" not in change(KNOWN, INVOICE, limit=None).payload
    assert change(None, INVOICE, limit=None, foreign=True).payload["limit"] is None


@pytest.mark.parametrize(
    "unknown",
    [{"figures_hash": None}, {"figures_hash": LEFT}, {"status": RecordStatus.NOT_SYNCHRONIZED}],
)
def test_all_is_written_where_it_is_not_known_what_is_there(unknown: dict[str, Any]) -> None:
    """Expect all after a write without outcome, and for an account that comes back."""
    state = replace(written(change(KNOWN, INVOICE)), **unknown)
    assert change(state, INVOICE).payload == ALL


def test_a_target_that_was_a_mapped_field_since_is_written_again() -> None:
    """Expect it although the figure is as it was last written: the map has written over it."""
    state = replace(written(change(KNOWN, INVOICE)), field_hashes={"open": "x"})
    assert change(state, INVOICE).payload == {"open": Decimal("121.00")}
    assert change(state, INVOICE, limit=None).payload == {"open": Decimal("121.00"), "limit": None}


def test_a_figure_that_does_not_fit_is_left_out_with_a_warning() -> None:
    """Expect neither a cut number nor a reject of the account."""
    short = tuple(replace(c, field=replace(c.field, max_length=5)) if c.rule.target == "spoken" else c
                  for c in CONTEXT.rules)  # fmt: skip
    planned = plan_figures([INVOICE], None, KNOWN, replace(CONTEXT, rules=short))
    assert planned.payload == {"status": "Open", "open": Decimal("121.00")}
    assert planned.warnings == ("spoken: 6 characters, 5 fit",)


def test_figures_go_with_a_write() -> None:
    """Expect one action with both, and the hashes of all figures."""
    first = change(None, INVOICE)
    for kind in (ActionKind.CREATE, ActionKind.UPDATE):
        (merged,) = with_figures(action(kind, payload={"name": "Acme"}), first, None, CONTEXT)
        assert merged.payload == {"name": "Acme", **ALL}
        assert (merged.figures_hash, merged.figures_only) == (first.figures_hash, False)


@pytest.mark.parametrize("kind", [ActionKind.UNCHANGED, ActionKind.REJECT])
def test_figures_go_alone_beside_what_needs_no_call(kind: ActionKind) -> None:
    """Expect the row's action as it was, and a write of figures only."""
    row, figures = with_figures(action(kind), change(KNOWN, INVOICE), KNOWN, CONTEXT)
    assert row == action(kind)
    assert (figures.kind, figures.figures_only, figures.target_id) == (ActionKind.UPDATE, True, 7)
    assert figures.payload == ALL


def test_equal_figures_are_noted() -> None:
    """Expect an unchanged account to tell that its figures are due no longer."""
    state = written(change(KNOWN, INVOICE))
    (noted,) = with_figures(action(ActionKind.UNCHANGED), change(state, INVOICE), state, CONTEXT)
    assert (noted.kind, noted.payload) == (ActionKind.UNCHANGED, {})
    assert noted.figures_hash == state.figures_hash


@pytest.mark.parametrize(
    ("code", "fits"),
    [
        (Code.LOOKUP_NOT_FOUND, True),
        (Code.MISSING_MANDATORY_FIELD, True),
        (Code.REFUSED_BY_FORCE_MANAGER, False),
        (Code.DUPLICATE_IN_FORCE_MANAGER, False),
        (Code.CLAIMED_BY_OTHER, False),
    ],
)
def test_which_rejects_get_their_figures(code: Code, fits: bool) -> None:
    """Expect those of the map, never those that ForceManager refused or that are another integration's."""
    assert bears_figures(action(ActionKind.REJECT, code=code), KNOWN) == fits
    assert not bears_figures(action(ActionKind.REJECT, code=code), None)
    assert not may_be_updated(replace(KNOWN, unclear_since=CONTEXT.now), None)
    assert not may_be_updated(replace(KNOWN, mapped_hash=None), None)


def test_who_leaves_says_so() -> None:
    """Expect the status alone, all others cleared, once; nothing of targets that were never written."""
    state = written(change(KNOWN, INVOICE, limit=None))
    leaving = leaving_action(state, CONTEXT)
    assert leaving is not None
    assert leaving.payload == {"status": "NotSynchronized", "open": None, "spoken": None}
    assert leaving.figures_hash == LEFT
    gone = replace(state, figures_hash=LEFT, figure_hashes=leaving.figure_hashes)
    assert leaving_action(gone, CONTEXT) is None
    assert leaving_action(KNOWN, CONTEXT) is None
    assert leaving_action(replace(state, target_id=None), CONTEXT) is None
