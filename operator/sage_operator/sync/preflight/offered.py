"""What an organisation offers, held against what a spec asks for: API versions and companies."""

from collections.abc import Iterator

from sage_operator.sync.errors import CompanyNotFound
from sage_operator.sync.findings import Finding, FindingKind
from sage_operator.sync.payments.companies import choose
from sage_operator.sync.preflight.known import KnownSage
from sage_operator.sync.settings import Settings


def examine_offered(settings: Settings, sage: KnownSage) -> Iterator[Finding]:
    """Yield what is asked for and not there, as far as it is known."""
    versions = sage.versions
    if versions and settings.api_version and settings.api_version not in versions:
        yield Finding(
            kind=FindingKind.API_VERSION_UNSUPPORTED,
            subject="sage.apiVersion",
            message=f"the Salesforce organisation does not offer API version {settings.api_version}; it offers"
            f" {versions[0]} to {versions[-1]}",
            remedy="Set spec.sage.apiVersion to one that it offers.",
        )
    if settings.payments is not None and sage.companies is not None:
        try:
            choose(sage.companies, settings.company)
        except CompanyNotFound as error:
            yield no_company(error)


def no_company(error: CompanyNotFound) -> Finding:
    """Return the finding that there is no company of a name, or more than one."""
    return Finding(
        kind=FindingKind.COMPANY_NOT_FOUND,
        subject="sage.company",
        message=error.message.rstrip("."),
        remedy=error.remedy,
    )
