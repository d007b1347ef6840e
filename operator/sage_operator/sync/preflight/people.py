"""`spec.users`, held against the users of both remotes."""

from collections.abc import Iterable, Iterator

from sage_operator.sync.findings import Finding, FindingKind
from sage_operator.sync.settings import Settings
from sage_operator.sync.users import (
    Associations,
    ForceManagerUser,
    SageUser,
    associate,
    shared_emails,
)

_MOST_NAMED = 5


def examine_users(
    settings: Settings, sage: tuple[SageUser, ...], force_manager: tuple[ForceManagerUser, ...], *, strict: bool
) -> tuple[Associations, tuple[Finding, ...]]:
    """Associate users, and return what is wrong. `strict`: a pair that matches nobody stops the integration."""
    users = associate(
        settings.pairs,
        by_email=settings.match_by_email,
        fallback=settings.fallback,
        sage=sage,
        force_manager=force_manager,
    )
    findings = [
        Finding(
            kind=FindingKind.USER_NOT_FOUND,
            subject="users.fallback" if each.pair is None else f"users.pairs[{each.pair}]",
            message=each.message,
            remedy="Correct spec.users.",
            is_warning=not strict,
        )
        for each in users.mismatches
    ]
    findings += _deactivated(settings, users, sage)
    if settings.match_by_email:
        findings += _shared(users, sage, force_manager)
    if not users.by_sage and not settings.all_accounts:
        findings.append(_nobody())
    return users, tuple(findings)


def _deactivated(settings: Settings, users: Associations, sage: Iterable[SageUser]) -> Iterator[Finding]:
    """Yield who can't own new records, of those who may have some."""
    fallback = users.fallback
    if fallback is not None and not fallback.active:
        yield _inactive("users.fallback", "is deactivated in ForceManager, and can't own records", "Name another user.")
    stands_in = fallback is not None and fallback.active
    for user in sage:
        associated = users.by_sage.get(user.id)
        if associated is not None and not associated.active and user.active:
            then = "go to the fallback" if stands_in else "are rejected: UserNotAssociated"
            remedy = "Activate the user, or associate another one"
            yield _inactive(
                f"users[{user.username}]",
                f"the associated user is deactivated in ForceManager, so new records {then}",
                f"{remedy}." if stands_in or settings.fallback else f"{remedy}, or set spec.users.fallback.",
            )


def _inactive(subject: str, message: str, remedy: str) -> Finding:
    return Finding(kind=FindingKind.USER_DEACTIVATED, subject=subject, message=message, remedy=remedy, is_warning=True)


def _shared(
    users: Associations, sage: tuple[SageUser, ...], force_manager: tuple[ForceManagerUser, ...]
) -> Iterator[Finding]:
    """Yield the addresses that both sides know, but one side of several users: they match nobody."""
    open_ids = set(users.unassociated)
    waiting = {user.email.strip().casefold() for user in sage if user.email and user.id in open_ids}
    reachable = {user.email.strip().casefold() for user in force_manager if user.email}
    for side, shared in (("Sage", shared_emails(sage)), ("ForceManager", shared_emails(force_manager))):
        named = sorted(shared & waiting & reachable)
        if named:
            listed = ", ".join(named[:_MOST_NAMED]) + (" …" if len(named) > _MOST_NAMED else "")
            yield Finding(
                kind=FindingKind.EMAIL_SHARED,
                subject="users.matching",
                message=f"several users of {side} share an e-mail address, which matches none of them: {listed}",
                remedy="Add pairs that name them by username or id.",
                is_warning=True,
            )


def _nobody() -> Finding:
    return Finding(
        kind=FindingKind.USER_NOT_FOUND,
        subject="users",
        message="nobody is associated, so no account is in scope",
        remedy="Add pairs to spec.users, set `matching: Email`, or set `scope: All` with a fallback.",
        is_warning=True,
    )
