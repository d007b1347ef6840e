"""What administrators of both systems are told to give, held against what the operator asks for."""

import re
from pathlib import Path

from sage_operator.sync.presets import PRESETS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/connecting-sage.md").read_text(encoding="utf-8")
ADAPTER = ROOT / "operator/sage_operator/sage"


def test_each_field_of_the_presets_is_to_be_granted() -> None:
    """Expect that a user who has the rights on the page sees all that the built-in maps read."""
    read = {source.path for rules in PRESETS.values() for rule in rules for source in rule.sources}
    assert read
    assert read <= set(re.findall(r"`(\w+)`", PAGE))


def test_each_name_of_the_package_that_is_asked_for_is_to_be_granted() -> None:
    """Expect each object and field of Sage's package that the adapter names on the page."""
    code = "".join(path.read_text(encoding="utf-8") for path in sorted(ADAPTER.glob("*.py")))
    assert set(re.findall(r'"(s2cor__\w+__c)"', code)) <= set(re.findall(r"`(s2cor__\w+__c)`", PAGE))


def test_the_custom_fields_to_ask_for_are_those_of_the_example() -> None:
    """Expect that the page for the CRM's administrator and that on payments name the same fields."""
    asked_for = (ROOT / "docs/connecting-forcemanager.md").read_text(encoding="utf-8")
    example = (ROOT / "docs/payments.md").read_text(encoding="utf-8").partition("```yaml\n")[2].partition("```")[0]
    targets = set(re.findall(r"target: (Z_\w+)", example))
    assert targets
    assert targets == set(re.findall(r"`(Z_\w+)`", asked_for))


def test_each_refusal_of_salesforce_is_explained() -> None:
    """Expect each error code that the adapter tells apart in the page's table."""
    code = "".join((ADAPTER / name).read_text(encoding="utf-8") for name in ("auth.py", "errors.py"))
    told_apart = set(re.findall(r'"([A-Z]+(?:_[A-Z]+)+|invalid_\w+)"', code))
    assert {"invalid_grant", "API_DISABLED_FOR_ORG"} <= told_apart
    assert told_apart <= set(re.findall(r"`(\w+)`", PAGE))
