"""What a plan promises over the life of an integration: edits, other maps, other hands, lost answers."""

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sage_operator.sync.context import PlanContext
from sage_operator.sync.entities import ActionKind
from sage_operator.sync.records import Action, Scalar

from .sync_examples import account, context
from .sync_map import FIELDS, OPTIONAL, RULES, TENANT, desired
from .sync_world import Fate, World


class Life(RuleBasedStateMachine):
    """Years of an integration: records change, maps change, others edit, answers are lost."""

    def __init__(self) -> None:
        """Begin with an empty tenant and the whole map."""
        super().__init__()
        self.world = World()
        self.mapped = set(RULES)
        self.read_only = True
        self.settled = True

    @property
    def context(self) -> PlanContext:
        """What the next run plans with."""
        return context(rules=[RULES[t] for t in sorted(self.mapped)], tenant=TENANT, read_only=self.read_only)

    @rule(number=st.integers(1, 3), fields=FIELDS)
    def change_in_sage(self, number: int, fields: dict[str, Scalar]) -> None:
        """Add or edit a record, or bring one back into scope."""
        row = account(number, **fields)
        self.world.rows[row.id] = row
        self.settled = False

    @precondition(lambda self: self.world.rows)
    @rule(data=st.data())
    def leave_scope(self, data: st.DataObject) -> None:
        """A record is no longer in scope."""
        self.world.release(data.draw(st.sampled_from(sorted(self.world.rows))))

    @rule(entries=st.sets(st.sampled_from(OPTIONAL)), read_only=st.booleans())
    def change_the_map(self, entries: set[str], *, read_only: bool) -> None:
        """Map other fields."""
        self.mapped, self.read_only = {"name", *entries}, read_only
        self.settled = False

    @precondition(lambda self: self.world.crm)
    @rule(data=st.data(), field=st.sampled_from(OPTIONAL))
    def edit_in_force_manager(self, data: st.DataObject, field: str) -> None:
        """Somebody fills a field that is not ours: one that we left empty, or that is not mapped."""
        record = self.world.crm[data.draw(st.sampled_from(sorted(self.world.crm)))]
        sage_id = str(record["extId"])
        if field not in self.world.maybe.get(sage_id, ()):
            record[field] = self.world.theirs[sage_id, field] = f"by hand {len(self.world.theirs)}"

    @rule(data=st.data(), clean=st.booleans())
    def run(self, data: st.DataObject, *, clean: bool) -> None:
        """Synchronise; unless `clean`, calls may be refused or their answers lost."""
        world, plan_context = self.world, self.context
        world.settle_unclear()
        actions = world.plan(plan_context)
        self._check_payloads(actions)
        before = {n: dict(record) for n, record in world.crm.items()}
        fates = st.just(Fate.DONE) if clean else st.sampled_from(Fate)
        world.carry_out(actions, plan_context, lambda _: data.draw(fates))
        self._check_untouched(before)
        self.settled = clean

    def _check_payloads(self, actions: tuple[Action, ...]) -> None:
        """See that no more than the difference is sent where it is known, and only what is mapped or the operator's."""
        for action in actions:
            allowed = self.mapped | {"readOnly"}
            if action.kind is ActionKind.CREATE:
                allowed |= {"extId", "branchId", "salesRepId1"}
            assert set(action.payload) <= allowed
            written = self.world.written.get(action.sage_id)
            if action.kind is ActionKind.CREATE or written is None:
                continue
            wanted = desired(self.world.rows[action.sage_id], self.mapped)
            ours = {target: value for target, value in written.items() if target in self.mapped}
            changed = {t: wanted.get(t) for t in wanted.keys() | ours.keys() if wanted.get(t) != ours.get(t)}
            assert {t: v for t, v in action.payload.items() if t != "readOnly"} == changed

    def _check_untouched(self, before: dict[int, dict[str, Scalar]]) -> None:
        """See that what is not mapped, and what others filled while Sage has nothing, is as it was."""
        for number, old in before.items():
            new = self.world.crm[number]
            row = self.world.rows.get(str(old["extId"]))
            wanted = desired(row, self.mapped) if row else {}
            for target in OPTIONAL:
                theirs = (str(old["extId"]), target) in self.world.theirs and target not in wanted
                if target not in self.mapped or theirs:
                    assert new.get(target) == old.get(target), target

    @invariant()
    def force_manager_is_in_step(self) -> None:
        """After a clean run ForceManager shows what Sage has, and planning again gives nothing to do."""
        if not self.settled:
            return
        for sage_id, row in self.world.rows.items():
            record = self.world.record_of(sage_id)
            assert record is not None
            wanted = desired(row, self.mapped)
            assert record["readOnly"] is self.read_only
            for target in self.mapped:
                shown = record.get(target)
                assert shown == wanted.get(target) or (
                    target not in wanted and shown == self.world.theirs.get((sage_id, target))
                ), target
        for action in self.world.plan(self.context, reversed(self.world.rows.values())):
            assert (action.kind, action.payload, action.field_hashes) == (ActionKind.UNCHANGED, {}, {})


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=100, stateful_step_count=30, phases=set(Phase) - {Phase.explain})
