"""From the resource to what a run is told to do."""

from sage_operator.resources import SageIntegration
from sage_operator.resources.spec import AccountScope, AccountsSpec, ContactsSpec, Preset, UserMatching
from sage_operator.sync.entities import Entity
from sage_operator.sync.fieldmap import FieldRule, from_constant, from_field, merge
from sage_operator.sync.presets import PRESETS
from sage_operator.sync.settings import EntitySettings, Settings
from sage_operator.sync.users import Pair


def settings_of(integration: SageIntegration) -> Settings:
    """Return the settings of an integration; its field maps with presets merged."""
    spec = integration.spec
    entities = [_entity(Entity.ACCOUNTS, spec.accounts)]
    if spec.contacts.enabled:
        entities.append(_entity(Entity.CONTACTS, spec.contacts))
    return Settings(
        integration=integration.key,
        branch=spec.force_manager.branch,
        pairs=tuple(Pair(sage=pair.sage, force_manager=pair.force_manager) for pair in spec.users.pairs),
        match_by_email=spec.users.matching is UserMatching.EMAIL,
        fallback=spec.users.fallback,
        all_accounts=spec.accounts.scope is AccountScope.ALL,
        reassign=spec.accounts.reassign,
        entities=tuple(entities),
        timeout=spec.timeout,
    )


def _entity(entity: Entity, spec: AccountsSpec | ContactsSpec) -> EntitySettings:
    preset: tuple[FieldRule, ...] = PRESETS[entity] if spec.preset is Preset.DEFAULT else ()
    own = (
        from_field(field.target, field.source) if field.source is not None else from_constant(field.target, field.value)
        for field in spec.fields
    )
    return EntitySettings(entity=entity, rules=merge(preset, own), read_only=spec.read_only)
