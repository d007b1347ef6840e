"""Which of Sage's companies (legal entities) an integration is about."""

from collections.abc import Sequence
from typing import Final

from sage_operator.sync.errors import CompanyNotFound
from sage_operator.sync.payments.reading import Company

_NAMED: Final = 5


def choose(companies: Sequence[Company], name: str | None) -> Company:
    """Return the company of a name, in exactly this or else in any case; without a name the only one there is.

    Raises:
        CompanyNotFound: none is, or more than one.
    """
    if not companies:
        raise CompanyNotFound(
            "Sage has no company, or hides all of them from the integration user.",
            remedy="In Salesforce's Setup give the integration user Read on Companies of Sage, and share them.",
        )
    if name is None:
        if len(companies) == 1:
            return companies[0]
        raise CompanyNotFound(f"Sage has {len(companies)} companies: {_listed(companies)}.")
    exact = [one for one in companies if one.name == name]
    found = exact or [one for one in companies if one.name.casefold() == name.casefold()]
    if len(found) == 1:
        return found[0]
    if found:
        raise CompanyNotFound(
            f"Sage has {len(found)} companies that are called {name!r}.", remedy="Give them different names in Sage."
        )
    raise CompanyNotFound(f"Sage has no company {name!r}. It has {_listed(companies)}.")


def _listed(companies: Sequence[Company]) -> str:
    """Name the first companies by the alphabet, and say how many more there are."""
    names = sorted(one.name for one in companies)
    more = len(names) - _NAMED
    return ", ".join(map(repr, names[:_NAMED])) + (f" and {more} more" if more > 0 else "")
