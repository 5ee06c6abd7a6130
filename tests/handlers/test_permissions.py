"""Which role may give which command."""

import pytest

from handlers.commands import COMMANDS, load, refusal


@pytest.mark.parametrize(
    ("verb", "role", "may"),
    [
        ("status", "read", True),
        ("status", "none", False),
        ("run", "triage", False),
        ("run", "write", True),
        ("approve", "write", False),
        ("approve", "maintain", True),
        ("approve", "admin", True),
    ],
)
def test_roles(verb: str, role: str, may: bool) -> None:
    load()
    entry = COMMANDS.get(verb)
    assert entry is not None
    assert (refusal(entry, role) == "") is may


@pytest.mark.parametrize("role", ["", "owner", "ADMIN", "security-team"])
def test_a_role_nobody_knows_may_nothing(role: str) -> None:
    load()
    for _, entry in COMMANDS:
        assert refusal(entry, role)
