"""Random lives: what people edit, how the remotes misbehave, and when the process dies."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from hypothesis import strategies as st

from sage_operator.sync.entities import Entity
from sage_operator.sync.errors import Stopped
from sage_operator.sync.payments.settings import PaymentSettings
from sage_operator.sync.records import OutcomeKind, WriteItem

from .crm_tenant import Verdict
from .sage_org import ANA, BEN, EVE
from .trade import CREDIT, DRAFT, INVOICE, SUBMITTED
from .world import FEWER_FIGURES, PAYMENTS, WITH_SALES, World

Edit = tuple[str, int, int]

_IN_SAGE = (
    "account", "contact", "contact", "rename", "phone", "owner", "delete", "undelete", "move", "merge"
)  # fmt: skip
_IN_TRADE = (
    "invoice", "invoice", "credit", "draft", "pay", "pay", "part", "reconcile", "void", "submit", "redate", "limit",
    "untag",
)  # fmt: skip
_ELSEWHERE = ("map", "users", "crm-delete")
_OWNERS = (ANA, BEN, EVE)
_USERS = ((ANA, BEN), (ANA, BEN, EVE), (ANA,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Edits, then a run, perhaps a bad one; `meanwhile` are edits in Sage by the moment of the run."""

    edits: Sequence[Edit] = ()
    after: int = 900
    ends_at: int | None = None
    dies_late: bool = False
    stops_at: int | None = None
    verdicts: Sequence[Verdict] = ()
    faults: Sequence[str] = ()
    meanwhile: Sequence[tuple[int, Edit]] = ()


def edits(words: Sequence[str]) -> st.SearchStrategy[Edit]:
    """Draw an edit."""
    return st.tuples(st.sampled_from(words), st.integers(0, 30), st.integers(0, 30))


_verdicts = st.sampled_from(
    [OutcomeKind.DONE] * 5 + ["lost", "late", "down", OutcomeKind.UNCLEAR, OutcomeKind.REFUSED, OutcomeKind.NOT_SENT]
)
_moments = st.integers(1, 160)


def _steps(in_sage: Sequence[str], elsewhere: Sequence[str], faults: Sequence[str]) -> st.SearchStrategy[Step]:
    return st.builds(
        Step,
        edits=st.lists(edits((*in_sage, *elsewhere)), max_size=8),
        after=st.sampled_from([1, 20, 100, 900, 90_000]),
        ends_at=st.none() | _moments,
        dies_late=st.booleans(),
        stops_at=st.none() | st.none() | _moments,
        verdicts=st.lists(_verdicts, max_size=20),
        faults=st.lists(st.sampled_from(faults), max_size=1),
        meanwhile=st.lists(st.tuples(_moments, edits(in_sage)), max_size=3),
    )


_CALLS = ("identify", "changed", "rows", "page")
steps = _steps(_IN_SAGE, _ELSEWHERE, _CALLS)
payment_steps = _steps(
    (*_IN_SAGE, *_IN_TRADE, *_IN_TRADE),
    (*_ELSEWHERE, "payments"),
    (*_CALLS, "documents", "changed_documents", "credit_limits"),
)


def apply(world: World, edit: Edit) -> None:
    """Carry out an edit; one that has nothing to work on does nothing."""
    word, one, two = edit
    sage = world.sage
    _trade(world, word, one, two)
    accounts, contacts = (
        sorted(i for i, row in sage.rows.items() if row.entity is entity)
        for entity in (Entity.ACCOUNTS, Entity.CONTACTS)
    )
    live = [i for i in accounts if not sage.rows[i].deleted]
    rows = sorted(sage.rows)
    match word:
        case "account":
            sage.add_account(owner=_OWNERS[one % 3], name=f"Customer {one}", phone="1" if two % 2 else None)
        case "contact" if live:
            sage.add_contact(live[one % len(live)], owner=_OWNERS[two % 3], name=f"Person {two}")
        case "rename" if rows:
            sage.edit(rows[one % len(rows)], name=f"Name {two}{world.deletions * '!'}")
        case "phone" if accounts:
            sage.edit(accounts[one % len(accounts)], phone=str(two) if two % 3 else None)
        case "owner" if rows:
            sage.edit(rows[one % len(rows)], owner_id=_OWNERS[two % 3])
        case "delete" if rows:
            sage.delete(rows[one % len(rows)])
        case "undelete" if rows:
            sage.edit(rows[one % len(rows)], deleted=False)
        case "move" if contacts and live:
            sage.edit(contacts[one % len(contacts)], parent_id=live[two % len(live)])
        case "merge" if len(live) > 1:
            loser = live[one % len(live)]
            sage.merge(loser, next(i for i in live if i != loser))
        case "map":
            world.comment = f"map {one % 3}"
        case "users":
            world.associated = _USERS[one % 3]
        case "crm-delete":
            _delete_in_crm(world, one)


def _trade(world: World, word: str, one: int, two: int) -> None:
    """Carry out an edit of documents, or of what is computed from them."""
    sage, trade = world.sage, world.sage.trade
    if word == "payments":
        world.payments = (None, PAYMENTS, FEWER_FIGURES, WITH_SALES, WITH_SALES)[one % 5]
    accounts = sorted(i for i, row in sage.rows.items() if row.entity is Entity.ACCOUNTS and not row.deleted)
    day = date(2026, 11, 23) - timedelta(days=7 * (two % 12) - 14)
    papers = sorted(trade.papers)
    kinds = {"invoice": INVOICE, "credit": CREDIT, "draft": INVOICE}
    if word in kinds and accounts:
        due = day + timedelta(days=30) if one % 4 else None
        status = DRAFT if word == "draft" else SUBMITTED
        trade.invoice(accounts[one % len(accounts)], f"{two}.50", dated=day, due=due, kind=kinds[word], status=status)
    elif word == "limit" and accounts:
        trade.limit(accounts[one % len(accounts)], str(two) if two % 3 else None)
    elif word == "untag" and accounts:
        trade.untag(accounts[one % len(accounts)])
    if not papers:
        return
    paper = papers[one % len(papers)]
    match word:
        case "pay":
            trade.pay(paper)
        case "part":
            trade.pay(paper, "0.25")
        case "reconcile":
            trade.reconcile(paper, day)
        case "void":
            trade.edit(paper, deleted=bool(two % 3))
        case "submit":
            trade.edit(paper, status=SUBMITTED if two % 2 else DRAFT)
        case "redate":
            trade.edit(paper, dated=day, due=day + timedelta(days=two))


def _delete_in_crm(world: World, one: int) -> None:
    """Delete a record in ForceManager, and edit it in Sage: without an edit only a Full run would notice."""
    entities = (Entity.ACCOUNTS, Entity.CONTACTS)
    records = [(entity, i) for entity in entities for i in sorted(world.tenant.records[entity])]
    if records:
        entity, target_id = records[one % len(records)]
        data = world.tenant.records[entity].pop(target_id)
        world.deletions += 1
        # A name that no later edit takes back: what ends as it was is no change, and nothing would notice.
        world.sage.edit(str(data["extId"]), name=f"Again {world.deletions}")


def populated(accounts: int, *, payments: PaymentSettings | None = None) -> World:
    """Return a world with so many accounts of all owners, each with a contact and, with payments, an invoice."""
    world = World(payments=payments)
    for number in range(accounts):
        account = world.sage.add_account(owner=_OWNERS[number % 3], name=f"Customer {number}", phone="1")
        world.sage.add_contact(account, name=f"Person {number}")
        if payments is not None:
            world.sage.trade.invoice(account, "121.00", dated=date(2026, 11, 1), due=date(2026, 11, 20 + number))
    return world


async def carry_out(world: World, step: Step) -> None:
    """Edit, then run as badly as the step says."""
    for edit in step.edits:
        apply(world, edit)
    await world.run(
        judge=in_turn(iter(step.verdicts)),
        ends_at=step.ends_at,
        dies_late=step.dies_late,
        during=_meanwhile(world, step),
        faults=step.faults,
        after=timedelta(seconds=step.after),
    )
    assert not world.left_open, "a stream was left open when the remotes were closed"


def in_turn(verdicts: Iterator[Verdict]) -> Callable[[Entity, WriteItem], Verdict]:
    """Judge writes by a list; after its end all go well."""
    return lambda *_: next(verdicts, OutcomeKind.DONE)


def _meanwhile(world: World, step: Step) -> Callable[[int], None]:
    def happens(moment: int) -> None:
        for at, edit in step.meanwhile:
            if at == moment:
                apply(world, edit)
        if moment == step.stops_at:
            world.progress.stop(Stopped("suspended"))

    return happens


async def settle(world: World) -> None:
    """Run in peace until nothing is left to do, and check what has come of it."""
    for _ in range(5):
        report = await world.run(after=timedelta(hours=25))
        assert report is not None
        assert report.succeeded, report.error
    if world.payments is not None:  # each new day has its figures
        await world.run(after=timedelta(minutes=1))
    assert not world.target.calls, "the last of these quiet runs still writes"
    assert not world.disk.sent
    world.check()
