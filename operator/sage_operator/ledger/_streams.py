"""How far streams of facts have been read."""

from sqlalchemy import Connection, bindparam, case, or_, select

from sage_operator.ledger._sql import upsert
from sage_operator.ledger.tables import streams
from sage_operator.sync.state import Load, ScopeState, StreamState

_s = streams.c
_stream = select(streams).where(_s.scope_id == bindparam("scope"), _s.name == bindparam("stream"))
_new = upsert(streams)
_later = or_(_s.watermark.is_(None), _s.watermark < _new.excluded.watermark)
_save = _new.on_conflict_do_update(
    index_elements=[column.name for column in streams.primary_key],
    set_={
        **{column.name: _new.excluded[column.name] for column in _s if not column.primary_key},
        "watermark": case((_later, _new.excluded.watermark), else_=_s.watermark),
    },
)


def state(connection: Connection, scope: ScopeState, name: str) -> StreamState:
    """Return how far a stream has been read."""
    row = connection.execute(_stream, {"scope": scope.id, "stream": name}).one_or_none()
    if row is None:
        return StreamState()
    load = None
    if row.load_id is not None:
        load = Load(id=row.load_id, as_of=row.load_as_of, digest=row.load_digest, cursor=row.load_cursor)
    return StreamState(watermark=row.watermark, digest=row.digest, load=load)


def save(connection: Connection, scope: ScopeState, name: str, reached: StreamState) -> None:
    """Store how far a stream has been read; the watermark never moves back."""
    load = reached.load
    connection.execute(
        _save,
        {
            "scope_id": scope.id,
            "name": name,
            "watermark": reached.watermark,
            "digest": reached.digest,
            "load_id": load and load.id,
            "load_as_of": load and load.as_of,
            "load_digest": load and load.digest,
            "load_cursor": load and load.cursor,
        },
    )
