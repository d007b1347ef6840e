"""The state matrix in docs/reference/states.md, held against the rules: what fires of each state if it lasts."""

from pathlib import Path

from sage_operator.monitoring import alerts, rules
from sage_operator.reference._states import State, alert, states
from sage_operator.resources import ConditionType
from sage_operator.sync import errors
from support.prometheus import Scenario, hold, merged, series

from .series import HOST, NAME, SAGE, info, last_success, well

STEP, STEPS = 6 * 60, 30
"""Minutes between samples, and how many there are: more than a week."""
REJECTED = series("sage_integration_records", **NAME, entity="accounts", state="rejected")


def scenario(state: State) -> Scenario:
    """A state that lasts for more than a week, and what is to be seen of it at its end."""
    name = alert(state)
    return Scenario(series=lasting(state), firing={STEP * STEPS: {name: 1} if name else {}}, minutes=STEP)


def lasting(state: State) -> dict[str, str]:
    """The series of a state, with those of what has caused it."""
    situation = state.situation
    ready = next(condition for condition in state.conditions if condition.type == ConditionType.READY)
    suspended = "true" if situation.suspended else "false"
    told = info(0, STEPS + 2, ready=ready.status.value, reason=ready.reason, suspended=suspended)
    around = well(STEPS + 1)
    for replaced in info(0, 1):
        del around[replaced]
    causes: dict[str, str] = {}
    if situation.suspended or situation.error is not None:
        causes[last_success()] = f"0x{STEPS}"
    else:
        causes[last_success()] = f"0+{STEP * 60}x{STEPS}"
    if not situation.proven:
        del around[last_success()], causes[last_success()]
    if isinstance(situation.error, errors.Unavailable):
        host = SAGE if situation.error.system is errors.System.SAGE else HOST
        causes[series("sage_upstream_up", **host)] = f"0x{STEPS}"
    if isinstance(situation.error, errors.QuotaExhausted):
        causes[series("sage_quota_remaining_ratio", **SAGE)] = f"0x{STEPS}"
    if situation.rejected:
        causes[REJECTED] = f"40x{STEPS}"
    return merged(around, told, causes)


def test_each_state_has_the_alert_that_the_page_names(tmp_path: Path) -> None:
    """Expect of each state that lasts the alert of the matrix, and no other."""
    hold(rules.plain(), map(scenario, states()), tmp_path)


def test_the_matrix_names_alerts_that_there_are() -> None:
    """Expect that the page speaks of rules, and of each one that is about an integration."""
    named = {alert(state) for state in states()} - {""}
    about = {rule.name for rule in alerts() if "name" in rule.labels} - {"SageIntegrationServedTwice"}
    assert named <= {rule.name for rule in alerts()}
    assert about <= named
