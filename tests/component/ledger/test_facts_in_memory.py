"""The ledger in memory, which the runner's tests use, tells of facts and figures what the real one tells."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sage_operator.ledger import SqlLedger
from sage_operator.sync.codes import Code
from sage_operator.sync.entities import ActionKind, Entity
from sage_operator.sync.records import Action, OutcomeKind
from unit.runner.life import Clock, Life
from unit.runner.memory_ledger import Disk, MemoryLedger

from .examples import ACCOUNTS, NOW, Bench, account_id, create, outcome, reject, release, unchanged, update
from .facts_examples import TODAY, document, document_id

IDS = [account_id(number) for number in range(2)]

Step = tuple[str, int, int]
numbers = count()


def told(value: int) -> dict[str, Any]:
    """Return the hashes of figures."""
    return {"figures_hash": f"figures {value}", "figure_hashes": {f"Z{value % 3}": str(value)}}


def figures(account: str, value: int) -> Action:
    """Return an update of figures alone."""
    return update(account, 7, mapped_hash=None, field_hashes={}, figures_only=True, **told(value))


WRITES: dict[str, tuple[Callable[[str, int], Action], OutcomeKind]] = {
    "both": (lambda account, value: update(account, 7, **told(value)), OutcomeKind.DONE),
    "fields": (lambda account, _: update(account, 7), OutcomeKind.DONE),
    "figures": (figures, OutcomeKind.DONE),
    "refused": (figures, OutcomeKind.REFUSED),
    "unclear": (figures, OutcomeKind.UNCLEAR),
    "gone": (figures, OutcomeKind.UNKNOWN_ID),
}
NOTES: dict[str, Callable[[str, int], Action]] = {
    "equal": lambda account, value: unchanged(account, **told(value)),
    "equal figures": lambda account, value: unchanged(account, figures_only=True, **told(value)),
    "reject": lambda account, value: reject(account, retry_at=NOW + timedelta(minutes=value - 2)),
    "release": lambda account, _: release(account),
}
FACTS = ("documents", "load", "remove", "limit", "due", "all due")
steps = st.tuples(st.sampled_from([*FACTS, "create", "create", *WRITES, *NOTES]), st.integers(0, 1), st.integers(0, 5))


async def take(ledger: Any, bench: Bench, step: Step) -> None:
    """Carry out a step; what a record's state does not allow is left out."""
    what, place, value = step
    account = IDS[place]
    if what in FACTS:
        await learn(ledger, bench, step)
        return
    state = (await ledger.known(bench.scope, Entity.ACCOUNTS, [account])).get(account)
    if state is None or (state.target_id is None and state.unclear_since is None):
        if what == "create":
            await write(bench, create(account, **(told(value) if value % 2 else {})), OutcomeKind.DONE)
    elif state.is_ours and state.unclear_since is None:
        if what in WRITES:
            make, kind = WRITES[what]
            await write(bench, make(account, value), kind)
        elif what in NOTES:
            await bench.note(NOTES[what](account, value))


async def learn(ledger: Any, bench: Bench, step: Step) -> None:
    """Tell a ledger of facts."""
    what, place, value = step
    scope, account = bench.scope, IDS[place]
    some = [document(value * 10 + number, account=place, is_open=bool(value % 2)) for number in range(2)]
    match what:
        case "documents":
            await ledger.store_documents(scope, some)
        case "load":
            await ledger.store_documents(scope, some, seen_by="load")
        case "remove":
            await ledger.remove_documents(scope, [document_id(value * 10)])
        case "limit":
            await ledger.store_credit_limits(scope, {account: Decimal(value) if value else None})
        case "due":
            await ledger.make_figures_due(scope, [account])
        case "all due":
            await ledger.make_all_figures_due(scope, as_of=TODAY + timedelta(days=value))


async def write(bench: Bench, action: Action, kind: OutcomeKind) -> None:
    """Intend and settle one write."""
    code = Code.REFUSED_BY_FORCE_MANAGER if kind is OutcomeKind.REFUSED else None
    await bench.intend(action)
    await bench.settle(outcome(action, kind, 7 if action.kind is ActionKind.CREATE else None, code=code))


async def look(ledger: Any, bench: Bench, name: str) -> dict[str, Any]:
    """Return all that is told of facts and figures."""
    scope = bench.scope
    states = await ledger.known(scope, ACCOUNTS, IDS)
    opened = await ledger.open_scope(integration=name, fingerprint="org+tenant", tenant=name)
    return {
        "documents": await ledger.documents_of(scope, IDS),
        "limits": await ledger.credit_limits_of(scope, IDS),
        "open": list(await ledger.open_documents(scope, after_id=document_id(1), limit=5)),
        "unseen": list(await ledger.unseen_documents(scope, seen_by="load", limit=5)),
        "due": list(await ledger.figures_due(scope, now=NOW, limit=2)),
        "due among": await ledger.figures_due_among(scope, IDS),
        "as of": opened.figures_as_of,
        "figures": {i: (state.status, state.figures_hash, state.figure_hashes) for i, state in states.items()},
    }


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(steps, min_size=1, max_size=16))
async def test_both_ledgers_tell_the_same(ledger: SqlLedger, history: Sequence[Step]) -> None:
    """After any history, so that what holds for runs in memory holds on disk."""
    memory: Any = MemoryLedger(Disk(), Life(Clock()))
    name = f"crm/acme{next(numbers)}"
    both: list[tuple[Any, Bench]] = [(each, await Bench.set_up(each, name, tenant=name)) for each in (ledger, memory)]
    for step in (("create", 0, 1), ("documents", 0, 1), *history):
        for each, bench in both:
            await take(each, bench, step)
    first, second = [await look(each, bench, name) for each, bench in both]
    assert first == second
