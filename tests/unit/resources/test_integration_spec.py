from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sage_operator.resources import (
    AccountField,
    AccountScope,
    AccountsSpec,
    ContactField,
    ContactsSpec,
    ForceManagerSpec,
    InvalidResourceError,
    Preset,
    SageIntegration,
    SageIntegrationSpec,
    SageSpec,
    SecretRef,
    UserMatching,
    UserPair,
    UsersSpec,
    names,
)

ROOT = Path(__file__).parents[3]
REFUSED = yaml.safe_load((Path(__file__).parent / "refused.yaml").read_text())


def changed(body: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Set dotted paths of the spec; None removes."""
    for path, value in changes.items():
        *parents, last = path.split(".")
        node = body["spec"]
        for parent in parents:
            node = node.setdefault(parent, {})
        node[last] = value
        if value is None:
            del node[last]
    return body


def test_minimal_sample_has_the_documented_defaults(minimal: dict[str, Any]) -> None:
    """Expect the defaults of the contract for all that the sample leaves out."""
    integration = SageIntegration.parse(minimal)
    spec = integration.spec
    assert integration.key == "crm/acme"
    assert (spec.interval, spec.timeout) == (timedelta(minutes=15), timedelta(minutes=10))
    assert (spec.suspend, spec.suspend_reason) == (False, "")
    assert (spec.sage.api_version, spec.sage.auth) == ("66.0", "ClientCredentials")
    assert spec.force_manager.url == "https://api.forcemanager.com/api/v4"
    assert spec.force_manager.requests_per_second == 4
    assert (spec.users.matching, spec.users.fallback) == (UserMatching.EXPLICIT, None)
    assert spec.accounts == AccountsSpec(scope=AccountScope.ASSOCIATED_USERS, read_only=True, reassign=False)
    assert spec.contacts == ContactsSpec(enabled=True, read_only=False, preset=Preset.DEFAULT, fields=())
    assert integration.status.observed_generation == -1


def test_complete_sample_has_every_setting() -> None:
    """Expect that nothing is missing in the sample that claims to have all."""
    body = next(yaml.safe_load_all((ROOT / "deploy/samples/complete.yaml").read_text()))
    spec = SageIntegration.parse(body | {"metadata": {"name": "acme", "namespace": "crm"}}).spec

    def unset(model: Any, path: str) -> list[str]:
        missing = [f"{path}.{name}" for name in type(model).model_fields if name not in model.model_fields_set]
        below = [(name, value) for name, value in model if hasattr(value, "model_fields_set")]
        return missing + [each for name, value in below for each in unset(value, f"{path}.{name}")]

    # A sample that is paused until a time would show little else.
    assert unset(spec, "spec") == ["spec.suspend_until"]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["name"])
def test_what_the_api_server_refuses_the_models_refuse_too(minimal: dict[str, Any], case: dict[str, Any]) -> None:
    """Expect the path and a readable message, for a cluster whose CRD is older than the operator."""
    with pytest.raises(InvalidResourceError) as caught:
        SageIntegration.parse(changed(minimal, case["set"]))
    message = str(caught.value)
    assert message.startswith(f"{case['path']}: "), message
    assert case.get("model", case["message"]) in message


def test_all_errors_are_told_at_once(minimal: dict[str, Any]) -> None:
    """Expect one message with every path."""
    with pytest.raises(InvalidResourceError, match=r"^spec\.interval: .*; spec\.sage\.url: "):
        SageIntegration.parse(changed(minimal, {"interval": "1s", "sage.url": "nowhere"}))


@pytest.mark.parametrize("body", [{}, {"metadata": {"name": "a", "namespace": "b"}}, {"metadata": 1, "spec": []}])
def test_what_is_no_integration_is_refused(body: dict[str, Any]) -> None:
    """Expect the readable error rather than one of another kind."""
    with pytest.raises(InvalidResourceError):
        SageIntegration.parse(body)


def test_views_of_mappings_are_read(minimal: dict[str, Any]) -> None:
    """Expect that a read-only view, as frameworks hand out, is as good as a dict."""
    view = MappingProxyType(
        {key: MappingProxyType(value) if isinstance(value, dict) else value for key, value in minimal.items()}
    )
    assert SageIntegration.parse(view) == SageIntegration.parse(minimal)


def test_ids_become_texts_and_urls_lose_their_last_slash(minimal: dict[str, Any]) -> None:
    """Expect one form for what can be written in two."""
    changes = {"forceManager.branch": 16, "users.fallback": 51, "sage.url": "https://acme.my.salesforce.com/"}
    spec = SageIntegration.parse(changed(minimal, changes)).spec
    assert (spec.force_manager.branch, spec.users.fallback) == ("16", "51")
    assert spec.sage.url == "https://acme.my.salesforce.com"


@pytest.mark.parametrize(
    "changes",
    [
        {"users": {"matching": "Email"}},
        {"users": {"fallback": 7}, "accounts.scope": "All"},
        {"sage.url": "http://127.0.0.1:8080", "forceManager.url": "http://[::1]:8081/api/v4"},
        {"accounts.fields": [{"target": "comment", "source": "s2cor__Company__r.Name"}]},
    ],
)
def test_further_valid_specs(minimal: dict[str, Any], changes: dict[str, Any]) -> None:
    """Expect no error."""
    SageIntegration.parse(changed(minimal, changes))


def test_request_is_the_annotation_cut_like_its_echo(minimal: dict[str, Any]) -> None:
    """Expect that even an overlong token equals its echo, so that it is answered once and not for ever."""
    assert SageIntegration.parse(minimal).requested_at == ""
    minimal["metadata"]["annotations"] = {names.REQUESTED_AT: "x" * 1_000}
    token = SageIntegration.parse(minimal).requested_at
    minimal["status"] = {"lastHandledReconcileAt": token}
    assert SageIntegration.parse(minimal).status.last_handled_reconcile_at == token
    assert len(token.encode()) == 128


def test_specs_can_not_be_changed(minimal: dict[str, Any]) -> None:
    """Expect that what was validated stays so."""
    spec = SageIntegration.parse(minimal).spec
    with pytest.raises(ValidationError, match="frozen"):
        spec.suspend = True  # type: ignore[misc]


WORDS = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
RESERVED = {"id", "deleted"}
VALUES = st.one_of(
    WORDS.map(lambda word: {"source": word}),
    st.integers().map(lambda n: {"value": n}),
    WORDS.map(lambda w: {"value": w}),
)


def field_maps(model: type[Any]) -> st.SearchStrategy[Any]:
    """Make valid field maps."""
    targets = st.lists(WORDS.filter(lambda word: word not in RESERVED), unique=True, max_size=4)
    return targets.flatmap(
        lambda names: st.tuples(*(VALUES.map(lambda value, name=name: model(target=name, **value)) for name in names))
    )


SPECS = st.builds(
    SageIntegrationSpec,
    interval=st.timedeltas(timedelta(minutes=1), timedelta(hours=24)),
    timeout=st.timedeltas(timedelta(seconds=10), timedelta(hours=24)),
    suspend=st.booleans(),
    suspend_reason=st.text(max_size=20),
    sage=st.builds(
        SageSpec, url=WORDS.map("https://{}.example".format), credentialsSecretRef=st.builds(SecretRef, name=WORDS)
    ),
    forceManager=st.builds(
        ForceManagerSpec,
        branch=WORDS,
        credentialsSecretRef=st.builds(SecretRef, name=WORDS),
        requests_per_second=st.sampled_from([4, 13]),
    ),
    users=st.builds(
        UsersSpec,
        matching=st.sampled_from(UserMatching),
        pairs=st.builds(UserPair, sage=WORDS, forceManager=WORDS).map(lambda pair: (pair,)),
        fallback=st.none() | WORDS,
    ),
    accounts=st.builds(AccountsSpec, scope=st.sampled_from(AccountScope), fields=field_maps(AccountField)),
    contacts=st.builds(ContactsSpec, enabled=st.booleans(), fields=field_maps(ContactField)),
)


@given(SPECS)
def test_specs_survive_a_round_trip(spec: SageIntegrationSpec) -> None:
    """Expect the same spec after it was written as JSON and read back."""
    dumped = spec.model_dump(mode="json", by_alias=True, exclude_none=True)
    assert SageIntegrationSpec.model_validate(dumped) == spec
