"""What is found before anything is written, against both simulators: all at once, by kind, as it drifts and heals."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from sage_operator.controller.translate import settings_and_findings
from sage_operator.resources import SageIntegration
from sage_operator.runner.report import RunReport
from sage_operator.simulators import Dataset, Simulators
from sage_operator.sync.entities import ActionKind, Entity
from sage_operator.sync.errors import Blocked, CompanyNotFound, HostNotAllowed
from sage_operator.sync.fieldmap import FieldRule, Lookup, from_constant, from_expression, from_field
from sage_operator.sync.findings import Finding, FindingKind
from sage_operator.sync.payments.settings import Figure, FigureRule, PaymentSettings
from sage_operator.sync.users import Pair
from support.mistakes import KINDS, with_ten_mistakes

from .integrations import Integration

TYPES = Lookup(list_name="accountTypes")


@pytest.fixture(scope="module")
def simulators() -> Iterator[Simulators]:
    """A small organisation and an empty tenant."""
    with Simulators(dataset=Dataset(accounts=20, contacts=20)) as running:
        yield running


def found(report: RunReport) -> list[Finding]:
    """Return the errors that a run ended with."""
    assert isinstance(report.error, Blocked), report.error
    return list(report.error.findings)


def records(integration: Integration) -> list[object]:
    """Return all that the tenant has."""
    control = integration.simulators.forcemanager.control
    return [control.records(resource) for resource in ("accounts", "contacts")]


async def test_ten_mistakes_are_ten_findings(integration: Integration) -> None:
    """Expect each mistake once, the worst three in the message, and nothing written or read of records."""
    resource = SageIntegration.parse(with_ten_mistakes("crm", integration.simulators))
    settings, mistakes = settings_and_findings(resource, shared={})
    integration.settings = replace(settings, mistakes=mistakes)
    report = await integration.run()
    assert tuple(finding.kind.value for finding in found(report)) == KINDS
    message = str(report.error)
    assert report.error is not None
    assert report.error.reason == "InvalidScope"
    assert message.startswith("10 findings: 1) accounts.where: column 1: ")
    assert " 2) forceManager.branch: ForceManager has no branch `Madird`" in message
    assert " 3) users.pairs[nobody@acme.example]: " in message
    assert message.endswith("and 7 more: see `sage-operator check --live`.")
    assert len(message.encode()) <= 512
    assert str((await integration.run()).error) == message
    assert records(integration) == [[], []]


ONE: dict[FindingKind, tuple[Callable[[Integration], None], str]] = {
    FindingKind.UNKNOWN_SOURCE: (lambda i: i.edit(from_field("fax", "Faxx")), "hidden from the integration user"),
    FindingKind.UNKNOWN_TARGET: (lambda i: i.edit(from_field("phnoe", "Phone")), "`phone` is one"),
    FindingKind.CUSTOM_FIELD_MISSING: (
        lambda i: i.edit(from_field("Z_Nowhere", "AccountNumber")),
        "Z_Nowhere: text, at least 40 characters",
    ),
    FindingKind.TYPE_MISMATCH: (lambda i: i.edit(from_field("comment", "BillingAddress")), "`BillingCity`"),
    FindingKind.INVALID_VALUE: (
        lambda i: i.edit(FieldRule(target="typeId", constant="Friend", lookup=TYPES)),
        "is the label of no row of `accountTypes`",
    ),
    FindingKind.INVALID_EXPRESSION: (lambda i: i.edit(from_expression("fax", "record.")), "Correct the expression"),
    FindingKind.MANDATORY_TARGET_MISSING: (lambda i: i.edit(from_constant("name", "")), "`name`"),
    FindingKind.BRANCH_NOT_FOUND: (lambda i: i.edit(branch="Madird"), "did you mean `Madrid`?"),
    FindingKind.USER_NOT_FOUND: (
        lambda i: i.edit(pairs=(Pair(sage="nobody", force_manager="neither"),)),
        "matches no user",
    ),
    FindingKind.OBJECT_NOT_READABLE: (
        lambda i: i.simulators.sage.control.hide_object("Contact"),
        "a permission set with Read on Contact",
    ),
    FindingKind.SIGN_IN_REFUSED: (lambda i: setattr(i, "client_secret", "another"), "clientSecret"),
}


@pytest.mark.parametrize("kind", ONE)
async def test_each_mistake_is_told_with_its_remedy(integration: Integration, kind: FindingKind) -> None:
    """Expect one finding of the kind, whose message or remedy says what to do, and an empty tenant."""
    mistake, words = ONE[kind]
    mistake(integration)
    report = await integration.run()
    (finding,) = found(report)
    assert finding.kind is kind
    assert words in str(report.error)
    assert records(integration) == [[], []]


async def test_both_refuse_to_sign_in(integration: Integration) -> None:
    """Expect both findings at once, so that both Secrets are corrected in one go."""
    integration.client_secret, integration.private_key = "another", "another"
    report = await integration.run()
    assert [(finding.kind, finding.subject) for finding in found(report)] == [
        (FindingKind.SIGN_IN_REFUSED, "forceManager"),
        (FindingKind.SIGN_IN_REFUSED, "sage"),
    ]
    assert records(integration) == [[], []]


@pytest.mark.parametrize(
    ("hidden", "kind", "words"),
    [
        ("field", FindingKind.UNKNOWN_SOURCE, "Account has no parent `Parent`, or it is hidden"),
        ("object", FindingKind.OBJECT_NOT_READABLE, "there is no object DandBCompany, or it is hidden"),
    ],
)
async def test_a_hidden_parent_is_named(integration: Integration, hidden: str, kind: FindingKind, words: str) -> None:
    """Expect the relationship, or the parent's object, whichever the integration user may not see."""
    sage = integration.simulators.sage.control
    if hidden == "field":
        sage.hide_fields("Account", "ParentId")
        integration.edit(from_field("comment", "Parent.Name"))
    else:
        sage.hide_object("DandBCompany")
        integration.edit(from_field("comment", "DandbCompany.Name"))
    report = await integration.run()
    (finding,) = found(report)
    assert finding.kind is kind
    assert words in str(report.error)
    assert records(integration) == [[], []]


async def test_a_company_that_is_not_there(integration: Integration) -> None:
    """Expect the companies that Sage has, and nothing written; the right name heals it."""
    payments = PaymentSettings(
        time_zone="Europe/Madrid",
        signs={"Sales Invoice": 1},
        rules=(FigureRule(target="Z_PaymentStatus", figure=Figure.STATUS),),
    )
    integration.edit(payments=payments, company="Acme Lunar")
    report = await integration.run()
    (finding,) = found(report)
    assert (finding.kind, finding.subject) == (FindingKind.COMPANY_NOT_FOUND, "sage.company")
    assert isinstance(report.error, CompanyNotFound)
    assert "Acme Lunar" in finding.message
    assert records(integration) == [[], []]
    integration.edit(company=None)
    assert (await integration.run()).error is None


async def test_a_host_that_is_not_allowed_gets_no_request(integration: Integration) -> None:
    """Expect the reason and the host, and silence on the wire."""
    integration.sage_url = "https://acme.example"
    report = await integration.run()
    assert isinstance(report.error, HostNotAllowed)
    assert "acme.example" in str(report.error)
    assert report.result.requests["sage"] == 0
    assert records(integration) == [[], []]


async def test_doubts_are_warnings(integration: Integration) -> None:
    """Expect that what may be meant so stops nothing: types that need not fit, lengths, formulas."""
    integration.edit(from_field("Z_OverdueDays", "AccountNumber"), from_field("Z_SageCode", "Description"))
    report = await integration.run()
    assert not isinstance(report.error, Blocked), report.error
    assert report.doubts is not None
    assert [(doubt.kind, doubt.subject) for doubt in report.doubts] == [
        (FindingKind.TYPE_MISMATCH, "accounts.fields[Z_OverdueDays]"),
        (FindingKind.TEXT_TOO_LONG, "accounts.fields[Z_SageCode]"),
    ]


async def test_a_corrected_system_heals_at_once(integration: Integration) -> None:
    """Expect that a field added a minute after it was missed is found, long before the caches are an hour old."""
    integration.edit(from_field("Z_Nowhere", "AccountNumber"))
    (finding,) = found(await integration.run())
    assert finding.kind is FindingKind.CUSTOM_FIELD_MISSING
    integration.simulators.forcemanager.control.put_field("accounts", "Z_Nowhere")
    integration.clock.now += 61
    assert (await integration.run()).error is None


async def test_a_field_that_vanishes_in_sage_is_named_by_the_run_that_meets_it(integration: Integration) -> None:
    """Expect the finding although describe was cached, the tenant as it was, and Ready when the field is back."""
    assert (await integration.run()).error is None
    before = records(integration)
    sage = integration.simulators.sage.control
    ours = {row["extId"] for row in integration.simulators.forcemanager.control.records("accounts")}
    sage.hide_fields("Account", "Fax")
    sage.update("Account", min(ours), Phone="93 111")
    integration.clock.now += 61
    (finding,) = found(await integration.run())
    assert (finding.kind, finding.subject) == (FindingKind.UNKNOWN_SOURCE, "accounts.fields[fax]")
    assert records(integration) == before
    sage.show_fields("Account", "Fax")
    integration.clock.now += 61
    healed = await integration.run()
    assert healed.error is None
    assert healed.result.counts[Entity.ACCOUNTS] == {ActionKind.UPDATE: 1}


DRIFT: dict[FindingKind, Callable[[Integration], object]] = {
    FindingKind.CUSTOM_FIELD_MISSING: lambda i: i.simulators.forcemanager.control.drop_field("accounts", "Z_SageCode"),
    FindingKind.MANDATORY_TARGET_MISSING: lambda i: i.simulators.forcemanager.control.demand_field(
        "accounts", "Z_CreditLimit"
    ),
    FindingKind.INVALID_VALUE: lambda i: i.simulators.forcemanager.control.rename_list_row(
        "accountTypes", 1, DE="Abnehmer"
    ),
}


@pytest.mark.parametrize("kind", DRIFT)
async def test_drift_in_forcemanager_is_named_within_the_hour(integration: Integration, kind: FindingKind) -> None:
    """Expect that a dropped field, a new mandatory one and a renamed label stop the next examination; all is kept."""
    integration.edit(
        from_field("Z_SageCode", "AccountNumber"), FieldRule(target="typeId", constant="Kunde", lookup=TYPES)
    )
    assert (await integration.run()).error is None
    DRIFT[kind](integration)
    integration.clock.now += 3601
    before = records(integration)
    (finding,) = found(await integration.run())
    assert finding.kind is kind
    assert records(integration) == before


async def test_drift_of_users_never_stalls(integration: Integration) -> None:
    """Expect that a pair that has stopped matching is told, and that the run goes on."""
    integration.edit(pairs=(Pair(sage="nobody", force_manager="neither"),))
    report = await integration.run(strict_users=False)
    assert report.error is None
    assert report.drift == ("`nobody` matches no user of Sage",)
    assert report.doubts == ()


async def test_what_an_idle_run_costs(integration: Integration) -> None:
    """Expect no request to ForceManager, and at most six to Sage, but for two descriptions once an hour."""
    await integration.run()
    idle = await integration.run()
    assert idle.result.requests["forceManager"] == 0
    assert idle.result.requests["sage"] <= 6
    assert not any(idle.result.counts.get(entity) for entity in Entity)
    integration.clock.now += 3601
    hourly = await integration.run()
    assert hourly.result.requests["sage"] <= idle.result.requests["sage"] + 2 + 1  # and a new sign-in
