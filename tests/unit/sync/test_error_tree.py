import re
from collections.abc import Iterator

import pytest

from sage_operator.sync import errors
from sage_operator.sync.errors import Blocked, NoProgress, Stopped, SyncError, System, Transient, Unavailable

# The reasons of the contract's table of conditions, without those of parts that are not built yet.
STALLED = {
    *("CredentialsRejected", "SecretNotFound", "HostNotAllowed", "InvalidFieldMap", "InvalidUserMap"),
    *("CompanyNotFound", "InvalidScope", "SchemaMismatch"),
}
NOT_READY = {
    *("SyncFailed", "SageUnavailable", "ForceManagerUnavailable", "LedgerUnavailable", "QuotaExhausted"),
    "NoProgress",
}


def _classes(root: type[SyncError] = SyncError) -> Iterator[type[SyncError]]:
    yield root
    for child in root.__subclasses__():
        yield from _classes(child)


def _real_tree() -> dict[str, str | None]:
    return {c.__name__: c.__bases__[0].__name__ if c is not SyncError else None for c in _classes()}


def _documented_tree() -> dict[str, str | None]:
    """Read the drawing in the module's docstring: child to parent."""
    tree: dict[str, str | None] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        drawn = re.match(r"^    (?P<branch>[│├└─ ]*)(?P<name>[A-Z][A-Za-z]+)(  .*)?$", line)
        if drawn is None:
            continue
        depth = len(drawn["branch"]) // 4
        path[depth:] = [drawn["name"]]
        tree[drawn["name"]] = path[depth - 1] if depth else None
    return tree


def _instance(kind: type[SyncError], *, system: System = System.SAGE) -> SyncError:
    return kind(system, "It happened.") if issubclass(kind, Unavailable) else kind("It happened.")  # type: ignore[arg-type]


LEAVES = [kind for kind in _classes() if not kind.__subclasses__()]


def test_documented_tree_is_the_real_one() -> None:
    """The drawing shows every class under its parent, and nothing else."""
    assert _documented_tree() == _real_tree()


@pytest.mark.parametrize("kind", [kind for kind in LEAVES if issubclass(kind, Blocked)])
def test_what_blocks_has_a_reason_of_its_own(kind: type[SyncError]) -> None:
    """Each is a reason of `Stalled` in the contract, and bears the name of its class."""
    assert _instance(kind).reason == kind.__name__
    assert kind.__name__ in STALLED


def test_every_promised_reason_is_given() -> None:
    """No reason of the contract lacks the error that leads to it."""
    reasons = {_instance(kind, system=system).reason for kind in _classes() for system in System}
    assert reasons - {"Stopped"} == STALLED | NOT_READY


@pytest.mark.parametrize("kind", [kind for kind in LEAVES if issubclass(kind, Transient | NoProgress)])
@pytest.mark.parametrize("system", System)
def test_what_passes_is_not_ready_only(kind: type[SyncError], system: System) -> None:
    """An outage is a reason of `Ready`, never of `Stalled`."""
    assert _instance(kind, system=system).reason in NOT_READY


@pytest.mark.parametrize("kind", [kind for kind in LEAVES if kind is not Stopped])
def test_every_cause_has_a_remedy(kind: type[SyncError]) -> None:
    """The reader is told what to do, after what happened; a stop needs nothing done."""
    error = _instance(kind)
    assert re.fullmatch(r"[A-Z].+\.", error.remedy)
    assert str(error) == f"It happened. {error.remedy}"


def test_a_remedy_can_be_given_or_withheld() -> None:
    """Who knows more than the class says so; who has nothing to say leaves no blank behind."""
    assert str(errors.SecretNotFound("It happened.", remedy="Do this.")) == "It happened. Do this."
    assert str(errors.SecretNotFound("It happened.", remedy="")) == "It happened."


@pytest.mark.parametrize(
    ("system", "reason"), [(System.SAGE, "SageUnavailable"), (System.FORCE_MANAGER, "ForceManagerUnavailable")]
)
def test_unavailable_names_the_remote(system: System, reason: str) -> None:
    """The reason says which of both does not answer."""
    assert Unavailable(system, "No answer.").reason == reason


@pytest.mark.parametrize("kind", [kind for kind in LEAVES if kind is not Stopped])
@pytest.mark.parametrize("system", System)
def test_an_error_is_restored_from_its_condition(kind: type[SyncError], system: System) -> None:
    """Reason and message come back as they were told, without the remedy being said twice."""
    error = _instance(kind, system=system)
    again = errors.restored(error.reason, str(error))
    assert (again.reason, str(again)) == (error.reason, str(error))
