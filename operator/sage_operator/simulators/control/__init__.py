"""The control API of both simulators, under `/_control` on their own ports: JSON in, JSON out, never struck by faults.

Both (they share one clock)::

    POST   faults                 a rule (see `faults.Rule`)           -> {"id": 1}
    GET    faults                 the rules, how often seen and fired
    DELETE faults, faults/{id}    remove all, or one
    GET    clock                  {"now": …, "setting": …}
    PUT    clock                  {"offset_seconds": 3600} or {"frozen_at": "2026-01-31T10:00:00Z"}; {}: the real time
    POST   clock/move             {"to": "2026-02-01T09:00:00+01:00"} or {"by_seconds": 86400}; it goes on as it went
    GET    counters               requests by operation and status, the most at once, the most in a second, defects
    DELETE counters               count anew
    POST   commits/release        late commits (fault `commit_after_ms`) take effect now -> {"released": n}
    POST   sessions/expire        ?organisation= or ?tenant=; all without -> {"expired": n}
    POST   reset                  initial records and settings, no faults, real clock, counts at 0
    GET    records/{resource}     ?organisation= or ?tenant= (default: the first); every record as it is stored
    POST   records/{resource}     a list of edits -> list of ids (see `sage.edits.Edit`, `forcemanager.edits.Edit`)

Sage::

    GET    organisations                     names, ids, client ids, numbers of records
    POST   organisations                     {"name", "client_id", "client_secret", "dataset": {…}, "settings": {…}}
    PUT    organisations/{name}/secret       {"client_secret"}
    GET    organisations/{name}/settings     see `sage.settings.OrganisationSettings`
    PUT    organisations/{name}/settings     replaces all of them
    PUT    organisations/{name}/usage        {"used": 99999}: requests used of the daily allowance
    POST   cursors/expire                    open query locators become invalid -> {"expired": n}
    POST   documents                         a trade document, see `sage.documents.NewDocument` -> {"id", "numberTag"}
    POST   documents/{id}/payments           {"amount", "on", "how"}, all optional -> {"outstanding", "isPaid"}
    PUT    documents/{id}/reconciliation     {"on": "2026-01-31", "reconciled": true}: the tag of its number, no more
    PUT    accounts/{id}/creditLimit         {"amount": 5000} or null -> {"tag": id}

ForceManager::

    GET    tenants                           names, public keys, numbers of records
    POST   tenants                           {"name", "keys": {"public": "private"}, "dataset": {…}, "settings": {…}}
    POST   tenants/{name}/keys               {"public": "private"}: more key pairs
    GET    tenants/{name}/settings           see `forcemanager.settings.TenantSettings`
    PUT    tenants/{name}/settings           replaces all of them
    POST   schema/{resource}                 ?tenant=; a list of edits of fields (see `forcemanager.schema_edits`)

`records/{resource}` reaches `users`, the value lists (`accountTypes`, …) and a tenant's own lists (`list/Zones`) too.
"""
