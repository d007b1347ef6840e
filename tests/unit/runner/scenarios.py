"""Random lives: what people edit, how the remotes misbehave, and when the process dies."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from hypothesis import strategies as st

from sage_operator.sync.entities import Entity
from sage_operator.sync.errors import Stopped
from sage_operator.sync.records import OutcomeKind, WriteItem

from .crm_tenant import Verdict
from .sage_org import ANA, BEN, EVE
from .world import World

Edit = tuple[str, int, int]

_IN_SAGE = (
    "account", "contact", "contact", "rename", "phone", "owner", "delete", "undelete", "move", "merge"
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

steps: st.SearchStrategy[Step] = st.builds(
    Step,
    edits=st.lists(edits(_IN_SAGE + _ELSEWHERE), max_size=8),
    after=st.sampled_from([1, 20, 100, 900, 90_000]),
    ends_at=st.none() | _moments,
    dies_late=st.booleans(),
    stops_at=st.none() | st.none() | _moments,
    verdicts=st.lists(_verdicts, max_size=20),
    faults=st.lists(st.sampled_from(["identify", "changed", "rows", "page"]), max_size=1),
    meanwhile=st.lists(st.tuples(_moments, edits(_IN_SAGE)), max_size=3),
)


def apply(world: World, edit: Edit) -> None:
    """Carry out an edit; one that has nothing to work on does nothing."""
    word, one, two = edit
    sage = world.sage
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


def _delete_in_crm(world: World, one: int) -> None:
    """Delete a record in ForceManager, and edit it in Sage: without an edit only a Full run would notice."""
    records = [(entity, i) for entity in Entity for i in sorted(world.tenant.records[entity])]
    if records:
        entity, target_id = records[one % len(records)]
        data = world.tenant.records[entity].pop(target_id)
        world.deletions += 1
        # A name that no later edit takes back: what ends as it was is no change, and nothing would notice.
        world.sage.edit(str(data["extId"]), name=f"Again {world.deletions}")


def populated(accounts: int) -> World:
    """Return a world with so many accounts of all owners, each with a contact."""
    world = World()
    for number in range(accounts):
        account = world.sage.add_account(owner=_OWNERS[number % 3], name=f"Customer {number}", phone="1")
        world.sage.add_contact(account, name=f"Person {number}")
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
    assert not world.target.calls, "the last of five quiet runs still writes"
    assert not world.disk.sent
    world.check()
