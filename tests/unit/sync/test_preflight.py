"""The examination of a spec: doubts are warnings, what is not known is not checked, and the schema file is stable."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from sage_operator.resources._payments import PaymentsSpec
from sage_operator.sync.entities import Entity
from sage_operator.sync.fieldmap import FieldRule, OnProblem, from_constant, from_expression, from_field
from sage_operator.sync.findings import FindingKind
from sage_operator.sync.payments.figures import Frame, figure_values
from sage_operator.sync.payments.periods import PeriodKind
from sage_operator.sync.payments.reading import Company, TradeView
from sage_operator.sync.payments.settings import DEFAULT_TYPES, Figure, FigureRule, Of, PaymentSettings
from sage_operator.sync.preflight import (
    Known,
    KnownForceManager,
    KnownSage,
    UnreadableSchema,
    dump_known,
    examine,
    load_known,
)
from sage_operator.sync.settings import EntitySettings, Settings
from sage_operator.sync.sources import PicklistValue, SourceField, SourceKind, SourceObject
from sage_operator.sync.targets import FieldKind, ListRow, TargetField, TargetSchema, ValueList
from sage_operator.sync.users import ForceManagerUser, SageUser

ACCOUNT = SourceObject.of(
    name="Account",
    label="Account",
    fields=(
        SourceField(name="Name", kind=SourceKind.TEXT, length=80),
        SourceField(name="Long", kind=SourceKind.TEXTAREA, length=255),
        SourceField(name="Sum", kind=SourceKind.CURRENCY, scale=2),
        SourceField(name="Whole", kind=SourceKind.DECIMAL),
        SourceField(name="Since", kind=SourceKind.DATE),
        SourceField(name="Score", kind=SourceKind.INTEGER, calculated=True),
        SourceField(name="OwnerId", kind=SourceKind.REFERENCE, relationship_name="Owner", relates_to=("User",)),
        SourceField(name="Rating", kind=SourceKind.PICKLIST, picklist=(PicklistValue(value="Hot", label="Hot"),)),
        SourceField(name="Place", kind=SourceKind.LOCATION),
    ),
)
SCHEMA = TargetSchema(
    fields={
        field.name: field
        for field in (
            TargetField(name="name", kind=FieldKind.TEXT, max_length=100),
            TargetField(name="Z_Text", kind=FieldKind.TEXT, max_length=40),
            TargetField(name="Z_Int", kind=FieldKind.INTEGER),
            TargetField(name="Z_Date", kind=FieldKind.DATE),
            TargetField(name="Z_Flag", kind=FieldKind.BOOLEAN),
        )
    },
    lists_custom_fields=True,
)
ANA = SageUser(id="005000000000001AAA", username="ana", email="ana@acme.example", name="Ana", active=True)
REP = ForceManagerUser(id=51, email="ana@acme.example", nickname="ana", name="Ana", active=True)
COMPANY = Company(id="a0C000000000001AAA", name="ACME Ibérica", currency="EUR", fiscal_start=1)
SAGE = KnownSage(organisation="00D000000000001EAA", users=(ANA,), objects={"Account": ACCOUNT})
TENANT = KnownForceManager(
    tenant="1@2020",
    users=(REP,),
    schemas={Entity.ACCOUNTS: SCHEMA},
    lists={"branches": ValueList(name="branches", rows=(ListRow(id=1, labels=frozenset({"Madrid", "Matrit"})),))},
)
KNOWN = Known(sage=SAGE, force_manager=TENANT)
SPEC = Settings(
    integration="crm/acme",
    branch="Madrid",
    pairs=(),
    match_by_email=True,
    fallback=None,
    all_accounts=False,
    reassign=False,
    entities=(EntitySettings(entity=Entity.ACCOUNTS, rules=(from_field("name", "Name"),), read_only=False),),
    timeout=timedelta(minutes=1),
)


def with_rule(rule: FieldRule) -> Settings:
    """Return the spec with one more entry."""
    accounts = SPEC.entities[0]
    return replace(SPEC, entities=(replace(accounts, rules=(*accounts.rules, rule)),))


def test_a_right_spec_has_no_findings() -> None:
    """Nothing is found, and what a run needs is there."""
    examined = examine(SPEC, (), KNOWN)
    assert examined.findings == ()
    assert examined.branch_id == 1
    assert examined.users is not None
    assert examined.users.by_sage == {ANA.id: REP}
    assert [compiled.rule.target for compiled in examined.rules[Entity.ACCOUNTS]] == ["name"]


@pytest.mark.parametrize(
    ("rule", "kind", "is_warning"),
    [
        (from_field("Z_Int", "Since"), FindingKind.TYPE_MISMATCH, False),
        (from_field("Z_Int", "OwnerId"), FindingKind.TYPE_MISMATCH, False),
        (from_field("Z_Int", "Rating"), FindingKind.TYPE_MISMATCH, False),
        (from_field("Z_Flag", "Sum"), FindingKind.TYPE_MISMATCH, False),
        (from_field("Z_Text", "Place"), FindingKind.TYPE_MISMATCH, False),
        (from_field("Z_Int", "Name"), FindingKind.TYPE_MISMATCH, True),
        (from_field("Z_Int", "Sum"), FindingKind.TYPE_MISMATCH, True),
        (from_field("Z_Date", "Name"), FindingKind.TYPE_MISMATCH, True),
        (from_field("Z_Text", "Long"), FindingKind.TEXT_TOO_LONG, True),
        (from_field("Z_Int", "Score"), FindingKind.FORMULA_SOURCE, True),
        (from_field("Z_Text", "Nmae"), FindingKind.UNKNOWN_SOURCE, False),
        (from_expression("Z_Text", "record.Nmae"), FindingKind.UNKNOWN_SOURCE, False),
        (from_field("Z_Text", "Owner.Name"), FindingKind.NOT_CHECKED, True),
    ],
)
def test_what_is_certain_stops_and_what_is_doubtful_warns(rule: FieldRule, kind: FindingKind, is_warning: bool) -> None:
    """Values that never fit are an error, those that may not a warning."""
    (finding,) = examine(with_rule(rule), (), KNOWN).findings
    assert (finding.kind, finding.is_warning) == (kind, is_warning)


@pytest.mark.parametrize(
    "rule",
    [
        from_field("Z_Int", "Whole"),
        from_field("Z_Text", "Sum"),
        from_field("Z_Date", "Since"),
        replace(from_field("Z_Text", "Long"), on_too_long=OnProblem.CUT),
        from_constant("Z_Flag", "true"),
    ],
)
def test_what_fits_is_not_doubted(rule: FieldRule) -> None:
    """Neither exact conversions nor texts that are to be cut are worth a word."""
    assert examine(with_rule(rule), (), KNOWN).findings == ()


def test_without_a_schema_only_what_is_written_is_checked() -> None:
    """Expressions, conditions and mandatory targets are checked offline; names of fields are not."""
    rule = replace(from_field("Z_Nowhere", "Nmae"), layer="spec")
    assert examine(with_rule(rule), (), Known()).findings == ()
    broken = replace(with_rule(from_expression("Z_Text", "record.")), where="Type = Customer")
    kinds = [finding.kind for finding in examine(broken, (), Known()).findings]
    assert kinds == [FindingKind.INVALID_CONDITION, FindingKind.INVALID_EXPRESSION]


def test_users_who_cannot_own_records_are_warned_of() -> None:
    """A deactivated user, a shared address and drift stop nothing."""
    gone = replace(TENANT, users=(replace(REP, active=False),))
    (finding,) = examine(SPEC, (), Known(sage=SAGE, force_manager=gone)).findings
    assert (finding.kind, finding.is_warning) == (FindingKind.USER_DEACTIVATED, True)
    twin = replace(SAGE, users=(ANA, replace(ANA, id="005000000000002AAA", username="ana2")))
    kinds = {finding.kind for finding in examine(SPEC, (), Known(sage=twin, force_manager=TENANT)).findings}
    assert kinds == {FindingKind.EMAIL_SHARED, FindingKind.USER_NOT_FOUND}
    assert not examine(SPEC, (), Known(sage=twin, force_manager=TENANT)).errors


def test_little_quota_is_warned_of_in_equal_words() -> None:
    """The message does not change with each request."""
    few = [examine(SPEC, (), replace(KNOWN, sage=replace(SAGE, quota_left=left))).findings for left in (0.04, 0.01)]
    assert few[0] == few[1]
    assert [finding.kind for finding in few[0]] == [FindingKind.QUOTA_TOO_SMALL]


def test_a_schema_of_an_earlier_version_says_so() -> None:
    """It lacks what is examined now; the message says what to do about it rather than what is odd in it."""
    with pytest.raises(UnreadableSchema, match=r"another version of sage-operator wrote it \(format 1, not 2\)"):
        load_known(b'{"format": 1, "sage": {"organisation": "x"}}')


@pytest.mark.parametrize(("version", "fits"), [("66.0", True), ("", True), ("99.0", False)])
def test_the_api_version_is_one_that_is_offered(version: str, fits: bool) -> None:
    """Nothing is said of one that is offered, nor where it is not known what is."""
    offering = replace(KNOWN, sage=replace(SAGE, versions=("65.0", "66.0")))
    findings = examine(replace(SPEC, api_version=version), (), offering).findings
    assert [finding.kind for finding in findings] == [FindingKind.API_VERSION_UNSUPPORTED][fits:]
    assert all("it offers 65.0 to 66.0" in str(finding) for finding in findings)
    assert examine(replace(SPEC, api_version=version), (), KNOWN).findings == ()


@pytest.mark.parametrize(
    ("name", "companies", "kinds"),
    [
        ("acme ibérica", ("ACME Ibérica", "ACME Lda"), []),
        (None, ("ACME Ibérica",), []),
        (None, ("ACME Ibérica", "ACME Lda"), [FindingKind.COMPANY_NOT_FOUND]),
        ("ACME", ("ACME Ibérica",), [FindingKind.COMPANY_NOT_FOUND]),
        ("ACME", None, [FindingKind.NOT_CHECKED]),
    ],
)
def test_the_company_is_one_of_those_of_the_schema(
    name: str | None, companies: tuple[str, ...] | None, kinds: list[FindingKind]
) -> None:
    """By the rules of a run; a schema of a spec without payments has none, which is said."""
    payments = PaymentSettings(time_zone="Europe/Madrid", signs={"Sales Invoice": 1}, rules=())
    known = None if companies is None else tuple(replace(COMPANY, name=each) for each in companies)
    spec = replace(SPEC, payments=payments, company=name)
    findings = examine(spec, (), replace(KNOWN, sage=replace(SAGE, companies=known))).findings
    assert [finding.kind for finding in findings] == kinds


def test_the_schema_file_gives_back_what_is_known_in_equal_bytes() -> None:
    """A round trip loses nothing; the order of users, lists and fields does not matter."""
    written = dump_known(KNOWN)
    assert load_known(written) == KNOWN
    offering = replace(KNOWN, sage=replace(SAGE, versions=("65.0", "66.0"), companies=(COMPANY,)))
    assert load_known(dump_known(offering)) == offering
    assert dump_known(load_known(written)) == written
    shuffled = SourceObject.of(name="Account", label="Account", fields=reversed(tuple(ACCOUNT.fields.values())))
    assert dump_known(replace(KNOWN, sage=replace(SAGE, objects={"Account": shuffled}))) == written
    assert load_known(dump_known(Known())) == Known()


@pytest.mark.parametrize("content", [b"", b"[]", b'{"format": 3}', b'{"format": 2, "sage": {}}', b"\xff"])
def test_another_file_is_refused(content: bytes) -> None:
    """What is no schema of this format is told as such."""
    with pytest.raises(UnreadableSchema):
        load_known(content)


PAYMENTS = PaymentSettings(time_zone="Europe/Madrid", signs={"Sales Invoice": 1})


@pytest.mark.parametrize(
    ("rule", "always"),
    [
        (FigureRule(target="Z_Text", figure=Figure.STATUS), True),
        (FigureRule(target="Z_Text", figure=Figure.OUTSTANDING), True),
        (FigureRule(target="Z_Text", figure=Figure.AS_OF), True),
        (FigureRule(target="Z_Text", figure=Figure.DOCUMENTS, period=PeriodKind.YEAR), True),
        (FigureRule(target="Z_Text", figure=Figure.PAID, period=PeriodKind.YEAR, of=Of.CHANGE), True),
        (FigureRule(target="Z_Text", figure=Figure.PAID, period=PeriodKind.YEAR, of=Of.CHANGE_PERCENT), False),
        (FigureRule(target="Z_Text", figure=Figure.CREDIT_LIMIT), False),
        (FigureRule(target="Z_Text", figure=Figure.LAST_PAYMENT_DATE), False),
        (FigureRule(target="Z_Text", figure=Figure.AVERAGE_DAYS_TO_PAY), False),
    ],
)
def test_a_demanded_field_may_be_filled_by_a_figure(rule: FigureRule, always: bool) -> None:
    """Expect a finding of the figure where an account may have none, and nothing where each has one."""
    demanded = replace(SCHEMA.fields["Z_Text"], required=True)
    tenant = replace(TENANT, schemas={Entity.ACCOUNTS: replace(SCHEMA, fields={**SCHEMA.fields, "Z_Text": demanded})})
    spec = replace(SPEC, payments=replace(PAYMENTS, rules=(rule,)))
    known = Known(sage=replace(SAGE, company=COMPANY), force_manager=tenant)
    found = examine(spec, (), known).findings
    expected = [] if always else [(FindingKind.MANDATORY_TARGET_MISSING, "payments.fields[Z_Text]")]
    assert [(finding.kind, finding.subject) for finding in found] == expected
    # An account of no documents has a value, or none, as is said.
    frame = Frame.of(replace(PAYMENTS, rules=(rule,)), today=date(2026, 11, 24), company_fiscal_start=1)
    assert ("Z_Text" in figure_values((), frame=frame)) is always


def test_trade_documents_must_be_seen_and_their_statuses_exist() -> None:
    """Expect each obstacle with its remedy, and the status that was probably meant; nothing where all is well."""
    spec = replace(SPEC, payments=replace(PAYMENTS, statuses=("Submited",)))
    view = TradeView(lacking=(("Sage's X lacks fields: Y.", "Grant it."),), statuses=("Unsubmitted", "Submitted"))
    found = examine(spec, (), replace(KNOWN, sage=replace(SAGE, company=COMPANY, trade=view))).errors
    assert [(f.kind, f.subject, f.message, f.remedy) for f in found] == [
        (FindingKind.UNKNOWN_SOURCE, "payments", "Sage's X lacks fields: Y", "Grant it."),
        (FindingKind.INVALID_VALUE, "payments.statuses", "no document of Sage can be `Submited`", "Write `Submitted`."),
    ]
    right = replace(SPEC, payments=PAYMENTS)
    for trade in (None, TradeView(), TradeView(statuses=("Submitted",), types=tuple(PAYMENTS.signs))):
        assert examine(right, (), replace(KNOWN, sage=replace(SAGE, company=COMPANY, trade=trade))).findings == ()


def test_document_types_must_exist() -> None:
    """Expect the name that was meant, in any case; a default that an organisation lacks is only a doubt."""
    view = TradeView(types=("Purchase Order", "sales invoice", "Sales Refund"))
    signs = {"Sales Invoice": 1, "Sales Credit": -1, "Sales Refunds": -1}
    spec = replace(SPEC, payments=replace(PAYMENTS, signs=signs))
    examined = examine(spec, (), replace(KNOWN, sage=replace(SAGE, company=COMPANY, trade=view)))
    (wrong,), (doubt,) = examined.errors, examined.warnings
    assert (wrong.subject, wrong.remedy) == ("payments.documentTypes", "Write `Sales Refund`.")
    assert "`Sales Credit`" in doubt.message
    assert {each.name for each in PaymentsSpec(time_zone="UTC").document_types} == DEFAULT_TYPES
