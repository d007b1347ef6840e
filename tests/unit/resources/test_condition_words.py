import re

import pytest

from sage_operator.resources import REASONS, STALLED_REASONS, ConditionType, Phase, Reason


def test_every_condition_has_reasons_and_every_reason_a_condition() -> None:
    """Expect no word that could never be seen."""
    assert set(REASONS) == set(ConditionType)
    assert frozenset().union(*REASONS.values()) == set(Reason)


def test_stalled_implies_ready_with_the_same_reason() -> None:
    """Expect that Ready may have every reason of Stalled, and that the two never differ."""
    assert REASONS[ConditionType.STALLED] == STALLED_REASONS
    assert REASONS[ConditionType.READY] > STALLED_REASONS


@pytest.mark.parametrize("word", [*ConditionType, *Reason])
def test_words_are_camel_case_and_explained(word: ConditionType | Reason) -> None:
    """Expect a name that Kubernetes takes, and one line that says what it means."""
    assert re.fullmatch(r"([A-Z][a-z]+)+", word)
    assert word.meaning.endswith(".")
    assert "\n" not in word.meaning


def test_words_are_their_text() -> None:
    """Expect that a word serves wherever its text does."""
    assert f"{Reason.SUCCEEDED} {ConditionType.READY} {Phase.PAUSED}" == "Succeeded Ready Paused"
    assert Reason("Succeeded") is Reason.SUCCEEDED
