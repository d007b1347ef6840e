"""Who of Sage is who in ForceManager, told: what `sage-operator users` prints."""

from typing import Any

import click

from sage_operator.cli._chosen import chosen
from sage_operator.cli._options import Choice, RemoteOptions
from sage_operator.cli._people import (
    People,
    Waiting,
    accounts_by_owner,
    comment,
    counted,
    pair_line,
    people,
    without_associate,
)
from sage_operator.cli._remotes import answer, opened
from sage_operator.cli._table import Format, print_document, print_table
from sage_operator.controller.translate import settings_and_findings
from sage_operator.sync.users import ForceManagerUser, SageUser


def tell(which: Choice, remote: RemoteOptions, output: Format) -> None:
    """Print who is who.

    Raises:
        click.ClickException: something can't be read.
    """
    who, tenant = answer(_read(which, remote))
    lines = _lines(who, tenant)
    if output != "table":
        print_document(_document(who) | {"yaml": "\n".join(lines) + "\n" if lines else ""}, output)
        return
    _print(who)
    if lines:
        click.echo("\nTo associate them:\n\n" + "\n".join(lines))


async def _read(which: Choice, remote: RemoteOptions) -> tuple[People, tuple[ForceManagerUser, ...]]:
    async with chosen(which, remote) as found:
        settings, _ = settings_and_findings(found.integration, shared=found.shared)
        async with opened(found.integration, remote, found.refers_to) as remotes:
            sage, tenant = await remotes.source.users(), tuple(await remotes.target.users(fresh=True))
            missing = without_associate(settings, sage, tenant)
            accounts = await accounts_by_owner(settings, remotes.source, missing)
    return people(settings, sage, tenant, accounts), tenant


def _print(who: People) -> None:
    rows = [
        (
            each.sage.name,
            each.sage.username,
            each.force_manager.name,
            each.force_manager.email or each.force_manager.nickname,
            each.by,
            _deactivated(each.sage, each.force_manager),
        )
        for each in who.associated
    ]
    click.echo(f"{len(rows)} associated:\n")
    print_table(("sage", "username", "forcemanager", "e-mail", "by", "deactivated in"), rows)
    click.echo(f"\n{len(who.waiting)} not associated:\n")
    print_table(
        ("sage", "username", "e-mail", "accounts", "perhaps"),
        [
            (
                f"{each.sage.name}{'' if each.sage.active else ' (deactivated)'}",
                each.sage.username,
                each.sage.email,
                each.accounts,
                _perhaps(each),
            )
            for each in who.waiting
        ],
    )
    for system, addresses in who.ambiguous.items():
        for address in addresses:
            click.echo(f"Ambiguous: several users of {system} have the e-mail address {comment(address)}.")
    for problem in who.problems:
        click.echo(f"Wrong: {comment(problem)}.")


def _deactivated(sage: SageUser, force_manager: ForceManagerUser) -> str:
    systems = (("Sage", sage.active), ("ForceManager", force_manager.active))
    return ", ".join(system for system, active in systems if not active)


def _perhaps(each: Waiting) -> str:
    if each.suggestion is None:
        return ""
    why = "equal e-mail" if each.because == "email" else "similar name"
    return f"{each.suggestion.name} <{each.suggestion.email}> ({why})"


def _lines(who: People, tenant: tuple[ForceManagerUser, ...]) -> list[str]:
    """Return the YAML that would associate who is not; what only a person can tell is a comment."""
    lines = []
    for each in who.waiting:
        if each.suggestion is None:
            continue
        pair = pair_line(each.sage, each.suggestion, others=tenant)
        about = f"{comment(each.sage.name)}, {counted(each.accounts)}"
        if each.because == "email":
            lines.append(f"    {pair}  # {about}")
        else:
            lines.append(f"    # {pair}  # {about}; a similar name: {comment(each.suggestion.name)}")
    return ["users:", "  pairs:", *lines] if lines else []


def _document(who: People) -> dict[str, Any]:
    return {
        "associated": [
            {"sage": _sage(each.sage), "forceManager": _tenant(each.force_manager), "by": each.by}
            for each in who.associated
        ],
        "notAssociated": [
            {
                "sage": _sage(each.sage),
                "accounts": each.accounts,
                "suggestion": None
                if each.suggestion is None
                else {"forceManager": _tenant(each.suggestion), "because": each.because},
            }
            for each in who.waiting
        ],
        "ambiguous": [
            {"system": system, "email": address} for system, found in who.ambiguous.items() for address in found
        ],
        "problems": list(who.problems),
        "fallback": None if who.fallback is None else _tenant(who.fallback),
    }


def _sage(user: SageUser) -> dict[str, Any]:
    return {
        "id": user.id,
        "username": user.username,
        "email": user.email,
        "name": user.name,
        "active": user.active,
    }


def _tenant(user: ForceManagerUser) -> dict[str, Any]:
    return {
        "id": user.id,
        "email": user.email,
        "nickname": user.nickname,
        "name": user.name,
        "active": user.active,
    }
