"""Agents that work on GitHub and not in the box: a workflow of the repository's own, or Copilot.

An attempt of theirs is begun there and then only waited for: it holds no place among attempts, but for one of its own
agent, and what is awaited is a value that the task keeps. What came of it is read from git, as of any agent.
"""

from datetime import datetime

import msgspec

ACTIONS, COPILOT = "actions", "copilot"
ELSEWHERE = frozenset({ACTIONS, COPILOT})
CALLED = {ACTIONS: "GitHub Actions", COPILOT: "Copilot"}
"""How people call each."""


class Away(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """An attempt that is under way elsewhere, of that fence. until: when it is waited for no longer.

    run: of the workflow.  pull: the pull request in which it works, 0 before there is one.  since: when it was asked,
    by GitHub's clock.
    """

    agent: str
    fence: int
    until: datetime
    run: str = ""
    pull: int = 0
    since: datetime | None = None


def waits_for(away: Away) -> str:
    """What is awaited, in a few words."""
    called = CALLED.get(away.agent, "GitHub")
    if away.run:
        return f"waits for run {away.run} of {called}"
    return f"waits for {called}" + (f" in #{away.pull}" if away.pull else "")
