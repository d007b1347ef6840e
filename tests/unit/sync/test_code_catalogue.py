import re

import pytest

from sage_operator.sync.codes import CATALOGUE, Code, CodeClass, Owner

# The codes that the contract names, without those of parts that are not built yet.
PROMISED = {
    *("MissingMandatoryField", "LookupNotFound", "TypeMismatch", "TooLong", "ExpressionFailed", "UserNotAssociated"),
    *("AccountNotSynchronized", "DuplicateInForceManager", "RefusedByForceManager", "LookupAmbiguous"),
    *("UnclearOutcome", "ClaimedByOther"),
}


def test_codes_are_those_of_the_contract() -> None:
    """The list is closed: codes are label values and keys that people rely on."""
    assert {code.value for code in Code} == PROMISED


@pytest.mark.parametrize("code", Code)
def test_each_code_has_its_entry(code: Code) -> None:
    """Whoever meets a code learns what kind of cause it is, who acts, and what to do, in a sentence."""
    entry = code.entry
    assert entry.code_class in CodeClass
    assert entry.owner in Owner
    assert re.fullmatch(r"[A-Z].{20,}\.", entry.remedy)
    assert (entry.owner is Owner.NOBODY) == (entry.code_class is CodeClass.TRANSIENT)


def test_catalogue_has_no_other_entries() -> None:
    """An entry without a code would be dead text."""
    assert set(CATALOGUE) == set(Code)
    assert len({entry.remedy for entry in CATALOGUE.values()}) == len(CATALOGUE)


@pytest.mark.parametrize("code", Code)
def test_codes_are_spelled_like_reasons_of_conditions(code: Code) -> None:
    """They fit where Kubernetes wants CamelCase."""
    assert re.fullmatch(r"[A-Z][A-Za-z]+", code.value)
