"""The commands that read the ledger, on a ledger of real runs, while it is open for writing."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sage_operator.cli import main
from sage_operator.ledger import SqlLedger
from sage_operator.sync.entities import Entity
from sage_operator.sync.records import OutcomeKind, WriteItem
from unit.runner.crm_tenant import Verdict
from unit.runner.world import World

from .documents import document


@dataclass(frozen=True, kw_only=True)
class Archived:
    """A ledger with a history, still open, and the ids that came about."""

    ledger: Path
    world: World
    accounts: Sequence[str]

    def __call__(self, *words: str, code: int = 0) -> Result:
        """Carry out a command of `sage-operator`; it must end with this code."""
        result = CliRunner().invoke(main, words, env={"SAGE_OPERATOR_LEDGER": str(self.ledger)})
        assert result.exit_code == code, result.output
        return result

    document = document


def refuse_beta(_entity: Entity, item: WriteItem) -> Verdict:
    """Refuse what is called Beta."""
    return OutcomeKind.REFUSED if item.data.get("name") == "Beta" else OutcomeKind.DONE


@pytest.fixture
async def archived(tmp_path: Path) -> AsyncIterator[Archived]:
    """Two accounts of which one is refused, a change, and three quiet runs."""
    world = World()
    accounts = [world.sage.add_account(name=name) for name in ("Alpha", "Beta")]
    async with await SqlLedger.open(tmp_path / "ledger.db", clock=world.clock, keep_values=True) as ledger:
        world.open_ledger = lambda _: ledger
        await world.run(judge=refuse_beta)
        world.sage.edit(accounts[0], name="Alpha Ltd")
        for _ in range(4):
            await world.run(judge=refuse_beta, after=timedelta(seconds=50))
        yield Archived(ledger=tmp_path / "ledger.db", world=world, accounts=accounts)


# Runs


async def test_runs_are_listed_newest_first(archived: Archived) -> None:
    """Quiet ones as one row; counts in the words of the status."""
    runs = archived.document("runs", "list", "-n", "crm", "acme")["runs"]
    assert [(run["id"], run["times"], run["outcome"]) for run in runs] == [
        ("run-0005", 3, "Succeeded"),
        ("run-0002", 1, "Succeeded"),
        ("run-0001", 1, "Succeeded"),
    ]
    assert runs[2]["counts"] == {"accounts": {"added": 1, "rejected": 1}}
    assert runs[0]["firstStartedAt"] < runs[0]["startedAt"]
    assert (runs[1]["namespace"], runs[1]["name"], runs[1]["requests"]["forceManager"]) == ("crm", "acme", 2)


async def test_the_table_of_runs_is_plain_without_a_terminal(archived: Archived) -> None:
    """One line a run, no colours, nothing cut."""
    lines = archived("runs", "list").stdout.splitlines()
    assert lines[0].startswith("RUN       INTEGRATION  MODE")
    assert len(lines) == 4
    assert lines[3].endswith("accounts 1 added, 1 rejected")
    assert "\x1b" not in "".join(lines)


async def test_runs_are_restricted(archived: Archived) -> None:
    """By number and by time; where nothing is left, that is no error."""
    assert [run["id"] for run in archived.document("runs", "list", "--limit", "1")["runs"]] == ["run-0005"]
    since = archived.document("runs", "list", "--since", "2026-11-23T10:15:30Z")["runs"]
    assert [run["id"] for run in since] == ["run-0005", "run-0002"]
    assert archived.document("runs", "list", "--since", "2099-01-01") == {"runs": []}
    assert "No runs." in archived("runs", "list", "--since", "2099-01-01").stderr


async def test_a_run_is_shown_with_its_actions(archived: Archived) -> None:
    """Page by page, or of one kind; a write that was refused says why."""
    shown = archived.document("runs", "show", "run-0001", "--limit", "1", "--page", "2")
    assert (shown["page"], shown["pages"]) == (2, 2)
    (action,) = shown["actions"]
    assert (action["sageId"], action["action"], action["stage"], action["code"]) == (
        archived.accounts[1],
        "Create",
        "refused",
        "RefusedByForceManager",
    )
    assert archived.document("runs", "show", "run-0001", "--action", "update")["actions"] == []
    text = archived("runs", "show", "run-0001", "--limit", "1").stdout
    assert "Actions 1 to 1 of 2:" in text
    assert "More with --page 2." in text


# Records


async def test_a_record_tells_its_story(archived: Archived) -> None:
    """State in words, each action with its run, and what changed from what to what."""
    (record,) = archived.document("record", "ALPHA ltd")["records"]
    assert (record["sageId"], record["status"], record["code"]) == (archived.accounts[0], "Synchronized", None)
    assert [(of["runId"], of["action"], of["stage"]) for of in record["history"]] == [
        ("run-0002", "Update", "done"),
        ("run-0001", "Create", "done"),
    ]
    assert record["history"][0]["changes"] == {"name": {"before": "Alpha", "after": "Alpha Ltd"}}
    assert "name: Alpha → Alpha Ltd" in archived("record", archived.accounts[0][:15]).stdout
    assert archived.document("record", str(record["forceManagerId"]))["records"] == [record]


async def test_a_reject_comes_with_its_remedy(archived: Archived) -> None:
    """Code, message, since when, when it is tried again, and what to do."""
    (reject,) = archived.document("rejects", "crm/acme")["rejects"]
    assert (reject["label"], reject["code"], reject["attempts"]) == ("Beta", "RefusedByForceManager", 1)
    assert reject["rejectedSince"] < reject["nextTry"]
    assert "correct the field" in reject["remedy"]
    text = archived("rejects").stdout
    assert "correct the field" in text
    (record,) = archived.document("record", "Beta")["records"]
    assert {key: value for key, value in record.items() if key != "history"} == reject
    assert record["meaning"] == "It was rejected, and is not in ForceManager."


async def test_what_a_remote_wrote_cannot_steer_the_terminal(archived: Archived) -> None:
    """Control characters in a name are shown as blanks in tables, and escaped in JSON."""
    archived.world.sage.edit(archived.accounts[0], name="Al\x1b[31mpha\n[bold]")
    await archived.world.run()
    text = archived("record", archived.accounts[0]).stdout
    assert "\x1b" not in text
    assert "Al [31mpha [bold]" in text
    assert archived.document("record", archived.accounts[0])["records"][0]["label"] == "Al\x1b[31mpha\n[bold]"


# What goes wrong


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("runs", "list", "acne"), "Is it crm/acme?"),
        (("runs", "list", "-n", "crn"), "No integration crn/"),
        (("rejects", "-n", "crm", "acmee"), "Is it crm/acme?"),
        (("runs", "show", "01NONE"), "see `sage-operator runs list`"),
        (("record", "alpa ltd"), "Is it Alpha Ltd?"),
        (("record", "lpha"), "Is it Alpha Ltd?"),
        (("record", "nothing like it"), "not in the ledger"),
        (("record", "Beta", "--integration", "other"), "No integration other"),
        (("rejects", "--ledger", "/nowhere/ledger.db"), "Name the operator's file with --ledger"),
    ],
)
async def test_what_is_not_there_is_told_with_what_is_near(
    archived: Archived, words: tuple[str, ...], message: str
) -> None:
    """The code is 1, and the message helps."""
    assert message in archived(*words, code=1).stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("runs", "list", "--since", "yesterday"), "neither an age"),
        (("runs", "list", "-o", "xml"), "'xml' is not one of"),
        (("record",), "Missing argument"),
        (("runs", "show", "x", "--page", "0"), "0 is not in the range"),
    ],
)
async def test_wrong_usage_is_code_2(archived: Archived, words: tuple[str, ...], message: str) -> None:
    """And says what was wrong."""
    assert message in archived(*words, code=2).stderr


@pytest.mark.parametrize("words", [("runs", "list"), ("runs", "show"), ("record",), ("rejects",)])
def test_help_teaches_by_examples(words: tuple[str, ...]) -> None:
    """Each on a line of its own, beginning with the program's name."""
    text = CliRunner().invoke(main, [*words, "--help"]).stdout
    examples = text.partition("Examples:\n")[2].splitlines()
    assert len(examples) >= 2
    assert all("sage-operator" in line for line in examples)


@pytest.mark.parametrize("age", ["90", "0d", "d", "1y", "-1d", "1d2h"])
def test_what_is_no_length_of_time_is_refused(age: str) -> None:
    """Before anything else is done."""
    result = CliRunner().invoke(main, ["run", "--namespace", "crm", "--keep-actions", age])
    assert result.exit_code == 2
    assert "no length of time such as 12h or 90d" in result.stderr
