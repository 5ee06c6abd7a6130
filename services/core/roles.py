"""Roles on a repository, as GitHub ranks them, and what they suffice for."""

from typing import Literal

Tier = Literal["read", "triage", "write", "maintain"]
ROLES = ("none", "read", "triage", "write", "maintain", "admin")


def suffices(role: str, tier: Tier) -> bool:
    """May somebody with this role do what needs that one? A role nobody here knows counts as none."""
    have = ROLES.index(role) if role in ROLES else 0
    return have >= ROLES.index(tier)
