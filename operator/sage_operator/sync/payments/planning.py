"""From the figures of an account to what is sent of them: only what differs from what was written. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from sage_operator.sync.codes import Code, CodeClass
from sage_operator.sync.coerce import Misfit, coerce
from sage_operator.sync.entities import ActionKind, Entity
from sage_operator.sync.fieldmap import OnProblem
from sage_operator.sync.hashing import hash_record, hash_value
from sage_operator.sync.modes import retry_at
from sage_operator.sync.payments.compiling import CompiledFigure
from sage_operator.sync.payments.documents import Document
from sage_operator.sync.payments.figures import Frame, figure_values, left_values
from sage_operator.sync.records import Action, RecordState, Scalar

LEFT: Final = "left"
"""Instead of a hash: what was written says that the account has left. It differs from all figures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureContext:
    """What the figures of all accounts of a run rest on.

    Attributes:
        now: `T`, UTC; what is refused is put off from it.
    """

    frame: Frame
    rules: tuple[CompiledFigure, ...]
    hash_key: bytes
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureChange:
    """What of an account's figures is to be sent, and the hashes of all of them as they are then."""

    payload: Mapping[str, Scalar]
    figures_hash: str
    figure_hashes: Mapping[str, str]
    warnings: tuple[str, ...] = ()


def plan_figures(
    documents: Iterable[Document],
    credit_limit: Decimal | None,
    state: RecordState | None,
    context: FigureContext,
    *,
    foreign: bool = False,
) -> FigureChange:
    """Return what is to be sent of the figures of one account.

    `state` is what the ledger knows of an account that is in ForceManager, as far as it knows it; an account that is to
    be created has None. All is sent where it is not known what was written. `foreign`: somebody else has filled the
    record so far; what has no value is then cleared, too.
    """
    values, warnings = _coerced(figure_values(documents, frame=context.frame, credit_limit=credit_limit), context.rules)
    hashes = {target: hash_value(context.hash_key, target, value) for target, value in values.items()}
    known = state is not None and state.is_ours and state.figures_hash not in {None, LEFT}
    # What is there as a mapped field too was one before or after it was a figure: who wrote last is not known.
    before = {t: h for t, h in state.figure_hashes.items() if t not in state.field_hashes} if state is not None else {}
    changed = {t: value for t, value in values.items() if not known or before.get(t) != hashes[t]}
    filled = {*state.figure_hashes, *state.field_hashes} if state is not None else set()
    targets = (compiled.rule.target for compiled in context.rules)
    gone = sorted(t for t in targets if t not in values and (foreign or t in filled))
    return FigureChange(
        payload={**dict.fromkeys(gone), **changed},
        figures_hash=hash_record(context.hash_key, hashes),
        figure_hashes=hashes,
        warnings=warnings,
    )


def with_figures(
    action: Action, change: FigureChange, state: RecordState | None, context: FigureContext
) -> list[Action]:
    """Return what is done with an account and its figures: one write at most.

    An unchanged record keeps its action, and so does one that is rejected: what speaks against the mapped fields does
    not speak against the figures, which salespeople trust to be of today.
    """
    if action.is_write or (action.kind is ActionKind.UNCHANGED and not change.payload):
        merged = replace(
            action,
            payload={**action.payload, **change.payload},
            figures_hash=change.figures_hash,
            figure_hashes=change.figure_hashes,
            warnings=(*action.warnings, *change.warnings),
        )
        return [merged]
    return [action, figures_action(action.sage_id, change, state, context)]


def bears_figures(action: Action, state: RecordState | None) -> bool:
    """Tell whether figures may be written together with, or beside, what is done with an account."""
    if action.is_write or action.kind is ActionKind.UNCHANGED:
        return True
    return action.kind is ActionKind.REJECT and state is not None and may_be_updated(state, action.code)


def may_be_updated(state: RecordState, code: Code | None) -> bool:
    """Tell whether the figures of an account may be written alone, given what speaks against its mapped fields.

    A record whose last write has no known outcome is written as a whole, or looked up, before its figures are.
    """
    return (
        state.is_ours
        and state.target_id is not None
        and state.unclear_since is None
        and state.mapped_hash is not None
        and (code is None or (code is not Code.CLAIMED_BY_OTHER and code.entry.code_class is not CodeClass.REMOTE))
    )


def figures_action(sage_id: str, change: FigureChange, state: RecordState | None, context: FigureContext) -> Action:
    """Return the action that concerns nothing but an account's figures."""
    return Action(
        kind=ActionKind.UPDATE if change.payload else ActionKind.UNCHANGED,
        entity=Entity.ACCOUNTS,
        sage_id=sage_id,
        target_id=state.target_id if state is not None else None,
        payload=change.payload,
        figures_hash=change.figures_hash,
        figure_hashes=change.figure_hashes,
        figures_only=True,
        retry_at=retry_at(state.attempts if state is not None else 0, now=context.now),
        warnings=change.warnings,
    )


def leaving_action(state: RecordState, context: FigureContext) -> Action | None:
    """Return the write that takes back the figures of an account that has left; None if there are none.

    The status says that nobody keeps them any more, all others are cleared.
    """
    rules = [c for c in context.rules if c.rule.target in state.figure_hashes]
    if not rules or state.target_id is None or state.figures_hash == LEFT:
        return None
    values, _ = _coerced(left_values(c.rule for c in rules), rules)
    change = FigureChange(
        payload={**{c.rule.target: None for c in rules}, **values},
        figures_hash=LEFT,
        figure_hashes={t: hash_value(context.hash_key, t, value) for t, value in values.items()},
    )
    return figures_action(state.sage_id, change, state, context)


def _coerced(
    values: Mapping[str, Scalar], rules: Iterable[CompiledFigure]
) -> tuple[dict[str, Scalar], tuple[str, ...]]:
    """Return values as their fields take them; one that does not fit (a text of five characters, say) is left out."""
    fitting: dict[str, Scalar] = {}
    warnings = []
    for compiled in rules:
        value = values.get(compiled.rule.target)
        if value is None:
            continue
        try:
            fitting[compiled.rule.target], _ = coerce(value, compiled.field, on_too_long=OnProblem.REJECT)
        except Misfit as misfit:
            warnings.append(str(misfit))
    return fitting, tuple(warnings)
