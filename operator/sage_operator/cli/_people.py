"""Who of Sage is who in ForceManager: what is known, what is missing, and the YAML that would say it."""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from sage_operator.cli._table import shown
from sage_operator.runner.ports import Source
from sage_operator.sync.entities import Entity
from sage_operator.sync.scope import RowQuery, Scope
from sage_operator.sync.settings import Settings
from sage_operator.sync.users import Associations, ForceManagerUser, SageUser, associate, shared_emails
from sage_operator.sync.where import InvalidCondition, parse_condition

_ALIKE: Final = 0.85
_PLAIN: Final = re.compile(r"[A-Za-z][\w.@+-]*", re.ASCII)
_WORDS: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Associated:
    """A Sage user with a ForceManager user; `by` is `pair` or `email`."""

    sage: SageUser
    force_manager: ForceManagerUser
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A Sage user without a ForceManager user.

    Attributes:
        accounts: how many accounts in Sage are this user's (of those that `where` takes).
        suggestion: who it may be, and `because` of what: `email` (equal) or `name` (similar); None and empty if nobody.
    """

    sage: SageUser
    accounts: int
    suggestion: ForceManagerUser | None = None
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """All of them, by what is to be told of them.

    Attributes:
        waiting: those with most accounts first; deactivated ones only if they have accounts.
        ambiguous: e-mail addresses that several users of one system share, by that system.
        problems: what is wrong with `pairs` and `fallback`.
    """

    associated: tuple[Associated, ...]
    waiting: tuple[Waiting, ...]
    ambiguous: Mapping[str, tuple[str, ...]]
    problems: tuple[str, ...]
    fallback: ForceManagerUser | None


def people(
    settings: Settings,
    sage: Sequence[SageUser],
    force_manager: Sequence[ForceManagerUser],
    accounts: Mapping[str, int],
) -> People:
    """Return who is who; `accounts`: how many accounts each Sage user has, by id."""
    found = _associations(settings, sage, force_manager, by_email=settings.match_by_email)
    by_pair = _associations(settings, sage, force_manager, by_email=False).by_sage
    by_id = {user.id: user for user in sage}
    candidates = [user for user in force_manager if user.active]
    waiting = [
        _waiting(user, accounts.get(user.id, 0), candidates)
        for user in sage
        if user.id not in found.by_sage and (user.active or accounts.get(user.id))
    ]
    return People(
        associated=tuple(
            Associated(sage=by_id[key], force_manager=user, by="pair" if key in by_pair else "email")
            for key, user in sorted(found.by_sage.items(), key=lambda item: by_id[item[0]].name.casefold())
        ),
        waiting=tuple(sorted(waiting, key=lambda each: (-each.accounts, each.sage.name.casefold(), each.sage.id))),
        ambiguous={
            "Sage": tuple(sorted(shared_emails(sage))),
            "ForceManager": tuple(sorted(shared_emails(force_manager))),
        },
        problems=found.problems,
        fallback=found.fallback,
    )


async def accounts_by_owner(settings: Settings, source: Source, users: Iterable[SageUser]) -> Mapping[str, int]:
    """Count the accounts of users in Sage, of those that the scope's condition takes.

    Salesforce groups by at most 2,000 owners at once, and COUNT() takes a request for each; reading who owns what takes
    one for 2,000 accounts.
    """
    owners = tuple(sorted(user.id for user in users))
    if not owners:
        return {}
    try:
        where = parse_condition(settings.where) if settings.where is not None else None
    except InvalidCondition:
        where = None
    query = RowQuery(entity=Entity.ACCOUNTS, scope=Scope(owner_ids=owners, where=where), sources=())
    counted: Counter[str] = Counter()
    async with aclosing(source.rows(query)) as pages:  # type: ignore[type-var] # adapters give generators
        async for page in pages:
            counted.update(row.owner_id for row in page)
    return counted


def without_associate(
    settings: Settings, sage: Sequence[SageUser], force_manager: Sequence[ForceManagerUser]
) -> tuple[SageUser, ...]:
    """Return the Sage users who have no ForceManager user, deactivated ones too."""
    found = _associations(settings, sage, force_manager, by_email=settings.match_by_email).by_sage
    return tuple(user for user in sage if user.id not in found)


def pair_line(sage: SageUser, force_manager: ForceManagerUser, *, others: Sequence[ForceManagerUser]) -> str:
    """Return the YAML of a pair; the ForceManager user by e-mail, or by id if that is not unambiguous."""
    address = force_manager.email.strip()
    same = [user for user in others if user.email.strip().casefold() == address.casefold()]
    target = scalar(address) if address and len(same) == 1 else str(force_manager.id)
    return f"- {{sage: {scalar(sage.username)}, forceManager: {target}}}"


def scalar(text: str) -> str:
    """Return a text as YAML spells it within a flow mapping."""
    if _PLAIN.fullmatch(text) and text.casefold() not in _WORDS:
        return text
    return json.dumps(text, ensure_ascii=not text.isprintable())


def comment(text: str) -> str:
    """Return what a remote wrote as it can stand in a comment: on one line, whatever is in it."""
    return shown(text)[:200]


def counted(number: int) -> str:
    """Return a number of accounts in words."""
    return f"{number} account{'' if number == 1 else 's'}"


def _associations(
    settings: Settings, sage: Sequence[SageUser], force_manager: Sequence[ForceManagerUser], *, by_email: bool
) -> Associations:
    return associate(
        settings.pairs, by_email=by_email, fallback=settings.fallback, sage=sage, force_manager=force_manager
    )


def _waiting(user: SageUser, accounts: int, candidates: Sequence[ForceManagerUser]) -> Waiting:
    address = user.email.strip().casefold()
    equal = [each for each in candidates if address and each.email.strip().casefold() == address]
    if len(equal) == 1:
        return Waiting(sage=user, accounts=accounts, suggestion=equal[0], because="email")
    name = _letters(user.name)
    rated = [(SequenceMatcher(None, name, _letters(each.name)).ratio(), each) for each in candidates if name]
    best = max(rated, key=lambda one: one[0], default=None)
    if best is not None and best[0] >= _ALIKE:
        return Waiting(sage=user, accounts=accounts, suggestion=best[1], because="name")
    return Waiting(sage=user, accounts=accounts)


def _letters(name: str) -> str:
    """Return the words of a name in order, without case and accents: `García, Ana` is `ana garcia`."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c)).casefold()
    return " ".join(sorted(re.findall(r"\w+", plain)))
