"""Which role may give which command."""

import pytest
from inline_snapshot import snapshot

from handlers.acting import MEANT
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


TIERS = {
    "read": "cost explain help ping status",
    "triage": "hold priority resume",
    "write": "assign cancel rebase recreate refresh replan retry run simulate skip try",
    "maintain": "approve budget delegate lesson merge model override rollback unapprove",
}


@pytest.mark.parametrize("role", ["none", "read", "triage", "write", "maintain", "admin"])
def test_every_verb_and_every_role(role: str) -> None:
    """The tiers in one place: a change of them is a decision, so it has to be made twice."""
    load()
    ranks = ["none", *TIERS, "admin"]
    may = {verb for tier, verbs in TIERS.items() if ranks.index(tier) <= ranks.index(role) for verb in verbs.split()}
    assert {verb for verb, entry in COMMANDS if not refusal(entry, role)} == may
    assert {verb for verbs in TIERS.values() for verb in verbs.split()} == set(COMMANDS.names())


def test_how_each_is_written() -> None:
    load()
    assert [entry.usage for _, entry in COMMANDS] == snapshot(
        [
            "approve",
            "assign task… @login|agent",
            "budget task…|all usd=N",
            'cancel [task…|all] [why="…"]',
            "cost",
            "delegate [off] @login [verb…]",
            "explain [task…|org/repo#n]",
            "help",
            'hold [task…] [why="…"]',
            "lesson [approve|veto|retire|delete id]",
            "merge task…",
            "model task…|all model=NAME",
            'override [task] check|need [why="…"]',
            "ping",
            'priority task…|all p=N [why="…"]',
            "rebase task…",
            "recreate task…",
            "refresh",
            "replan",
            'resume [task…|all] [why="…"]',
            'retry [task…|failed|all] [why="…"]',
            "rollback task…|all",
            "run [flow=name]",
            "simulate",
            'skip task… [why="…"]',
            "status [task…]",
            "try [task|org/repo#n]",
            "unapprove",
        ]
    )


def test_a_word_that_is_meant_is_a_verb_and_none_itself() -> None:
    load()
    assert set(MEANT.values()) <= set(COMMANDS.names())
    assert not set(MEANT) & set(COMMANDS.names())
