"""Associating Sage users with ForceManager users."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from sage_operator.sync import ids


@dataclass(frozen=True, slots=True, kw_only=True)
class SageUser:
    """A user of the Salesforce organisation. `id` has 18 characters."""

    id: str
    username: str
    email: str
    name: str
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ForceManagerUser:
    """A user of the tenant (deleted ones are left out by the adapter).

    Attributes:
        ext_id: empty if it has none.
        branch_id: of the user's branch, None if it is not told.
        branch: its label, in one language.
    """

    id: int
    email: str
    nickname: str
    name: str
    active: bool
    ext_id: str = ""
    branch_id: int | None = None
    branch: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A pair as the spec names it: username, e-mail or id; e-mail, nickname or id."""

    sage: str
    force_manager: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """A name of the spec that does not say who is meant: of the pair with this Sage user, or (None) of the fallback."""

    pair: str | None
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Associations:
    """Who belongs to whom.

    Attributes:
        by_sage: the ForceManager user of each associated Sage user's id.
        fallback: owns new records of users that are not associated, or deactivated in ForceManager.
        unassociated: ids of active Sage users without a ForceManager user, sorted.
        mismatches: pairs that match nobody, more than one, or a user who has one already, in the spec's order.
    """

    by_sage: Mapping[str, ForceManagerUser]
    fallback: ForceManagerUser | None = None
    unassociated: tuple[str, ...] = ()
    mismatches: tuple[Mismatch, ...] = ()
    owner_ids: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Derive the ids of associated Sage users, sorted: the owners in scope."""
        object.__setattr__(self, "owner_ids", tuple(sorted(self.by_sage)))

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with pairs and fallback, a message each."""
        return tuple(f"fallback: {m.message}" if m.pair is None else m.message for m in self.mismatches)


class _NoMatch(Exception):
    """A pair does not say who is meant: a name matches nobody or several, or its Sage user has a pair already."""


def associate(
    pairs: Iterable[Pair],
    *,
    by_email: bool,
    fallback: str | None,
    sage: Sequence[SageUser],
    force_manager: Sequence[ForceManagerUser],
) -> Associations:
    """Associate users: the pairs first, then, if `by_email`, equal e-mail addresses.

    Names and addresses are compared without case, Salesforce ids exactly. Several Sage users may share one ForceManager
    user. An e-mail that several users share matches nobody by itself.
    """
    find_sage = _finder(sage, lambda user: (user.username, user.email), "Sage")
    find_target = _finder(force_manager, lambda user: (user.email, user.nickname, str(user.id)), "ForceManager")
    by_id = {user.id: user for user in sage}
    by_sage: dict[str, ForceManagerUser] = {}
    mismatches: list[Mismatch] = []
    for pair in pairs:
        try:
            user = (by_id.get(ids.long_id(pair.sage)) if ids.is_id(pair.sage) else None) or find_sage(pair.sage)
            target = find_target(pair.force_manager)
            if user.id in by_sage:
                raise _NoMatch(f"`{pair.sage}` is a user of Sage whom an earlier pair names already")  # noqa: TRY301
            by_sage[user.id] = target
        except _NoMatch as problem:
            mismatches.append(Mismatch(pair=pair.sage, message=str(problem)))
    chosen: ForceManagerUser | None = None
    if fallback:
        try:
            chosen = find_target(fallback)
        except _NoMatch as problem:
            mismatches.append(Mismatch(pair=None, message=str(problem)))
    if by_email:
        by_sage = _matched_by_email(sage, force_manager) | by_sage
    return Associations(
        by_sage=by_sage,
        fallback=chosen,
        unassociated=tuple(sorted(user.id for user in sage if user.active and user.id not in by_sage)),
        mismatches=tuple(mismatches),
    )


_User = TypeVar("_User", SageUser, ForceManagerUser)


def _finder(users: Iterable[_User], names: Callable[[_User], Iterable[str]], where: str) -> Callable[[str], _User]:
    """Return a function that finds the one user whom a name means."""
    table: dict[str, dict[int | str, _User]] = {}
    for user in users:
        for name in names(user):
            if name:
                table.setdefault(name.strip().casefold(), {})[user.id] = user

    def find(name: str) -> _User:
        matches = list(table.get(name.strip().casefold(), {}).values())
        if len(matches) != 1:
            count = f"{len(matches)} users" if matches else "no user"
            raise _NoMatch(f"`{name}` matches {count} of {where}")
        return matches[0]

    return find


def _matched_by_email(
    sage: Iterable[SageUser], force_manager: Iterable[ForceManagerUser]
) -> dict[str, ForceManagerUser]:
    """Pair users by e-mail, deactivated ones too: their accounts stay in scope, their records stay with them."""
    left, right = _by_unique_email(sage), _by_unique_email(force_manager)
    return {left[email].id: right[email] for email in left.keys() & right.keys()}


def shared_emails(users: Iterable[_User]) -> frozenset[str]:
    """Return the addresses, in lower case, that match nobody because several users have them."""
    users = tuple(users)
    return frozenset({user.email.strip().casefold() for user in users if user.email}) - _by_unique_email(users).keys()


def _by_unique_email(users: Iterable[_User]) -> dict[str, _User]:
    """Return who has each address alone; among several, the one who is active if the others are not."""
    table: dict[str, list[_User]] = {}
    for user in users:
        if user.email:
            table.setdefault(user.email.strip().casefold(), []).append(user)
    alone: dict[str, _User] = {}
    for email, found in table.items():
        candidates = found if len(found) == 1 else [user for user in found if user.active]
        if len(candidates) == 1:
            alone[email] = candidates[0]
    return alone
