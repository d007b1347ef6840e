"""The archive for people: runs, what they did, and what became of a record. It reads beside a running operator."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    create_engine,
    func,
    inspect,
    literal,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from sage_operator.ledger import _facts, _runs, _scopes, _streams
from sage_operator.ledger._actions import Stage
from sage_operator.ledger._schema import HEAD
from sage_operator.ledger.tables import OPEN, actions, records, runs, scopes
from sage_operator.sync.entities import ActionKind, Entity, RecordStatus
from sage_operator.sync.errors import LedgerUnavailable
from sage_operator.sync.ids import is_id, long_id
from sage_operator.sync.payments.documents import Document
from sage_operator.sync.state import RunRecord, ScopeState

_a, _r, _s = actions.c, records.c, scopes.c
_NEAR = 2000
"""Names that a misspelt one is compared with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedRecord:
    """A record as it stands now.

    Attributes:
        integration: `namespace/name`.
        status: a `RecordStatus`.
        code: a `Code`; None if nothing is wrong.
        settled: False if a write's outcome is not known yet; the next run sees to it.
        updated_at: UTC; when anything of this changed last.
        rejected_since: UTC; since when it is in `Error`.
        retry_at: UTC; when it is tried again by itself.
    """

    scope_id: int
    integration: str
    entity: str
    sage_id: str
    target_id: int | None
    label: str
    status: str
    code: str | None
    message: str
    attempts: int
    settled: bool
    updated_at: datetime
    rejected_since: datetime | None
    retry_at: datetime | None
    last_run_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedAction:
    """What a run did with a record.

    Attributes:
        kind: an `ActionKind`.
        stage: `noted` (no call was needed), `sent` (under way), `done`, `refused`, `unclear`, `unsent`.
        at: UTC; when it ended, else when it was sent.
        label: the record's name as it is now; empty if the record is not known any more.
        fields: targets that an update changed.
        values: what was sent, by target, if the operator keeps values.
        before: what the same targets held, as far as an earlier action that is still kept tells.
    """

    run_id: str
    entity: str
    sage_id: str
    kind: str
    stage: str
    at: datetime | None
    target_id: int | None
    label: str
    code: str | None
    message: str
    fields: tuple[str, ...]
    values: Mapping[str, Any] | None = None
    before: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedFacts:
    """What the figures of an account are computed from.

    Attributes:
        documents: all that are kept of the account, in the order of their ids.
        credit_limit: None if it has none, or if none of the integration's figures needs it.
        read_until: UTC on Sage's clock, up to which documents have been read; None before the first complete load.
        company: the name of the company whose documents these are; None before it was first resolved.
        currency: the ISO code of its base currency; empty or None if it is not known.
        fiscal_start: the month, 1 to 12, in which its fiscal year begins; None if it is not known.
    """

    documents: tuple[Document, ...]
    credit_limit: Decimal | None
    read_until: datetime | None
    company: str | None
    currency: str | None
    fiscal_start: int | None


class Archive:
    """Questions to a ledger's file. Each is answered from one moment's state."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator["Archive"]:
        """Open a ledger for reading only; an operator that writes it is not disturbed, nor its lock asked for.

        Raises:
            LedgerUnavailable: there is no such file, it is no ledger, or of another version than this program's.
        """
        if not path.is_file():
            raise LedgerUnavailable(
                f"There is no ledger at {path}.",
                remedy="Name the operator's file with --ledger; in a cluster, run this in the operator's pod.",
            )
        engine = create_engine("sqlite://", creator=lambda: _connect(path), poolclass=NullPool, hide_parameters=True)
        try:
            with engine.connect() as connection:
                _check(connection)
                yield cls(connection)
        except DBAPIError as error:
            raise LedgerUnavailable(f"The ledger cannot be read: {error.orig}.", remedy="") from error
        finally:
            engine.dispose()

    # Runs

    def integrations(self) -> Sequence[str]:
        """Return all integrations that ever ran, as `namespace/name`."""
        return tuple(self._connection.scalars(select(runs.c.integration).distinct().order_by(runs.c.integration)))

    def runs(
        self, *, integration: str | None, namespace: str | None, since: datetime | None, limit: int
    ) -> Sequence[RunRecord]:
        """Return runs, newest first: of one integration, of a namespace, or all; those that began `since` (UTC)."""
        asked = _within(select(runs), runs.c.integration, integration, namespace)
        if since is not None:
            asked = asked.where(runs.c.started_at >= since)
        return tuple(
            _runs.record(row) for row in self._connection.execute(asked.order_by(runs.c.id.desc()).limit(limit))
        )

    def run(self, run_id: str) -> RunRecord | None:
        """Return one run."""
        row = self._connection.execute(select(runs).where(runs.c.id == run_id)).one_or_none()
        return None if row is None else _runs.record(row)

    def count_actions(self, run_id: str, *, kind: str | None) -> int:
        """Return how many actions a run has."""
        return self._connection.scalar(_of_run(select(func.count()).select_from(actions), run_id, kind)) or 0

    def actions(self, run_id: str, *, kind: str | None, offset: int, limit: int) -> Sequence[ArchivedAction]:
        """Return a page of what a run did, in the order of entities and ids."""
        scope_of_run = select(runs.c.scope_id).where(runs.c.id == run_id).scalar_subquery()
        asked = select(actions, _r.label).join_from(
            actions,
            records,
            (_r.scope_id == scope_of_run) & (_r.entity == _a.entity) & (_r.sage_id == _a.sage_id),
            isouter=True,
        )
        asked = _of_run(asked, run_id, kind).order_by(_a.entity, _a.sage_id, _a.kind).offset(offset).limit(limit)
        return tuple(map(_action, self._connection.execute(asked)))

    # Records

    def find(
        self, words: str, *, integration: str | None, namespace: str | None, limit: int
    ) -> Sequence[ArchivedRecord]:
        """Return records by Sage id (15 or 18 characters), ForceManager id or name (whole, in any case)."""
        return self._find(words, true(), tuple(Entity), integration=integration, namespace=namespace, limit=limit)

    def accounts(self, words: str, *, integration: str, limit: int) -> Sequence[ArchivedRecord]:
        """Return accounts of an integration (`namespace/name`) as `find` does, of the pair of remotes it has now."""
        here = and_(_s.active, _r.entity == Entity.ACCOUNTS.value)
        return self._find(words, here, (Entity.ACCOUNTS,), integration=integration, namespace=None, limit=limit)

    def accounts_with(self, words: str, *, integration: str, limit: int) -> Sequence[ArchivedRecord]:
        """Return accounts of an integration whose names contain some words, in any case."""
        like = func.lower(_r.label).contains(words.lower(), autoescape=True)
        return self._records(and_(_s.active, _r.entity == Entity.ACCOUNTS.value, like), integration, None, limit)

    def facts(self, account: ArchivedRecord, *, stream: str) -> ArchivedFacts:
        """Return what is kept of an account's payments; `stream` is the name under which documents are read."""
        scope = ScopeState(id=account.scope_id, hash_key=b"", tenant="")  # for its id: nothing is hashed here
        ids = (account.sage_id,)
        company, currency, fiscal_start = _scopes.company_of(self._connection, scope)
        return ArchivedFacts(
            documents=_facts.documents_of(self._connection, scope, ids)[account.sage_id],
            credit_limit=_facts.credit_limits_of(self._connection, scope, ids).get(account.sage_id),
            read_until=_streams.state(self._connection, scope, stream).watermark,
            company=company,
            currency=currency,
            fiscal_start=fiscal_start,
        )

    def rejects(self, *, integration: str | None, namespace: str | None, limit: int) -> Sequence[ArchivedRecord]:
        """Return the records in `Error` of active integrations, those that wait longest first."""
        rejected = and_(OPEN, _r.status == RecordStatus.ERROR.value, _s.active)
        return self._records(rejected, integration, namespace, limit)

    def names_with(self, words: str, *, limit: int) -> Sequence[str]:
        """Return names of records that contain some words."""
        like = func.lower(_r.label).contains(words.lower(), autoescape=True)
        return tuple(self._connection.scalars(select(_r.label).where(like).distinct().order_by(_r.label).limit(limit)))

    def names_near(self, words: str) -> Sequence[str]:
        """Return names that begin as a word does, to be compared with it: some thousands at most."""
        begin = func.lower(_r.label).startswith(words[:1].lower(), autoescape=True)
        return tuple(self._connection.scalars(select(_r.label).where(begin).distinct().limit(_NEAR)))

    def history(self, record: ArchivedRecord, *, limit: int) -> Sequence[ArchivedAction]:
        """Return what happened to a record, newest first, with the values before if values are kept."""
        asked = (
            select(actions, literal(record.label).label("label"))
            .join_from(runs, actions, _a.run_id == runs.c.id)
            .where(
                # By the runs of the integration, each a look into the primary key: an index of all actions by record
                # would cost every write of every run.
                runs.c.integration == record.integration,
                runs.c.scope_id == record.scope_id,
                _a.entity == record.entity,
                _a.sage_id == record.sage_id,
            )
            .order_by(_a.run_id.desc(), _a.ended_at.desc())
        )
        found = [_action(row) for row in self._connection.execute(asked)]
        return tuple(_with_before(found))[:limit]

    def _find(
        self,
        words: str,
        among: ColumnElement[bool],
        entities: Sequence[Entity],
        *,
        integration: str | None,
        namespace: str | None,
        limit: int,
    ) -> tuple[ArchivedRecord, ...]:
        which = [func.lower(_r.label) == words.lower()]
        if words.isdecimal():
            which.append(_r.target_id == int(words))
        found = self._records(and_(among, or_(*which)), integration, namespace, limit)
        if not is_id(words):
            return found
        kinds = [entity.value for entity in entities]
        # The primary key begins with scope and entity: without them all records would be read.
        here = and_(_r.scope_id.in_(select(_s.id)), _r.entity.in_(kinds), _r.sage_id == long_id(words), among)
        return (*self._records(here, integration, namespace, limit), *found)[:limit]

    def _records(
        self, condition: Any, integration: str | None, namespace: str | None, limit: int
    ) -> tuple[ArchivedRecord, ...]:
        asked = select(records, _s.integration).join_from(records, scopes, _s.id == _r.scope_id).where(condition)
        asked = _within(asked, _s.integration, integration, namespace)
        asked = asked.order_by(_r.rejected_since, _s.integration, _r.entity, _r.sage_id).limit(limit)
        return tuple(map(_record, self._connection.execute(asked)))


def _connect(path: Path) -> sqlite3.Connection:
    """Connect for reading; where not even the index of the write-ahead log can be made, as to a file that is still."""
    uri = path.absolute().as_uri()
    connection = sqlite3.connect(f"{uri}?mode=ro", uri=True)
    try:
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1")
    except sqlite3.OperationalError:
        connection.close()
        if path.with_name(f"{path.name}-wal").exists():
            raise
        return sqlite3.connect(f"{uri}?immutable=1", uri=True)
    return connection


def _check(connection: Connection) -> None:
    """Begin to read, and refuse what is no ledger of this version."""
    connection.exec_driver_sql("BEGIN")
    if "alembic_version" not in inspect(connection).get_table_names():
        raise LedgerUnavailable("The file is no ledger.", remedy="Name the operator's file with --ledger.")
    version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or ""
    if version > HEAD:
        raise LedgerUnavailable(
            f"The ledger was written by a newer operator: its schema is {version}, this program knows {HEAD}.",
            remedy="Use the `sage-operator` of the running version; in a cluster, the one in the operator's pod.",
        )
    if version < HEAD:
        raise LedgerUnavailable(
            f"The ledger is of an older operator: its schema is {version}, this program reads {HEAD}.",
            remedy="Start the operator of this version, it upgrades the ledger; or use the older program.",
        )


Asked = TypeVar("Asked", bound=Select[Any])


def _within(asked: Asked, column: ColumnElement[str], integration: str | None, namespace: str | None) -> Asked:
    """Restrict a question to an integration (`name` or `namespace/name`), or to a namespace."""
    if integration is not None and "/" not in integration and namespace is not None:
        return asked.where(column == f"{namespace}/{integration}")
    if integration is not None and "/" not in integration:
        return asked.where(column.endswith(f"/{integration}", autoescape=True))
    if integration is not None:
        asked = asked.where(column == integration)
    if namespace is not None:
        asked = asked.where(column.startswith(f"{namespace}/", autoescape=True))
    return asked


def _of_run(asked: Asked, run_id: str, kind: str | None) -> Asked:
    asked = asked.where(_a.run_id == run_id)
    return asked if kind is None else asked.where(_a.kind == kind)


def _record(row: Row[Any]) -> ArchivedRecord:
    unknown = row.status == RecordStatus.SYNCHRONIZED and row.mapped_hash is None
    return ArchivedRecord(
        scope_id=row.scope_id,
        integration=row.integration,
        entity=row.entity,
        sage_id=row.sage_id,
        target_id=row.target_id,
        label=row.label,
        status=row.status,
        code=row.code,
        message=row.message,
        attempts=row.attempts,
        settled=row.unclear_since is None and not unknown,
        updated_at=row.updated_at,
        rejected_since=row.rejected_since if row.status == RecordStatus.ERROR else None,
        retry_at=row.retry_at,
        last_run_id=row.last_run_id,
    )


def _action(row: Row[Any]) -> ArchivedAction:
    return ArchivedAction(
        run_id=row.run_id,
        entity=row.entity,
        sage_id=row.sage_id,
        kind=row.kind,
        stage=row.stage,
        at=row.ended_at or row.sent_at,
        target_id=row.target_id,
        label=row.label or "",
        code=row.code,
        message=row.message,
        fields=tuple(row.fields),
        values=row.payload,
    )


def _with_before(newest_first: Sequence[ArchivedAction]) -> list[ArchivedAction]:
    """Add to each update what its targets held before, as far as the earlier actions tell."""
    held: dict[str, Any] = {}
    result = []
    for action in reversed(newest_first):
        sent = action.values or {}
        updates = action.kind == ActionKind.UPDATE
        result.append(replace(action, before={name: held[name] for name in sent if name in held} if updates else {}))
        if not updates and sent:
            held.clear()  # created anew
        if action.stage == Stage.DONE:
            held |= sent
        else:
            held = {name: value for name, value in held.items() if name not in sent}
    return result[::-1]
