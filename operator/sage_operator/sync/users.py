"""Associating Sage users with ForceManager users."""

from dataclasses import dataclass


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
    """A user of the tenant (deleted ones are left out by the adapter)."""

    id: int
    email: str
    nickname: str
    name: str
    active: bool
