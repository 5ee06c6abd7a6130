"""Roles: each suffices for itself and what is below it, and a role nobody knows for nothing."""

import pytest

from services.core.roles import ROLES, Tier, suffices


@pytest.mark.parametrize("role", ROLES)
def test_a_role_suffices_for_itself_and_what_is_below(role: str) -> None:
    tiers: tuple[Tier, ...] = ("read", "triage", "write", "maintain")
    assert [tier for tier in tiers if suffices(role, tier)] == [
        tier for tier in tiers if ROLES.index(tier) <= ROLES.index(role)
    ]


@pytest.mark.parametrize("role", ["", "owner", "ADMIN", "security-team"])
def test_a_role_nobody_knows_suffices_for_nothing(role: str) -> None:
    assert not suffices(role, "read")
