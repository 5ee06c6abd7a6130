"""Agents that work on GitHub and not in the box: a workflow of the repository's own, or Copilot.

An attempt of theirs is begun there and then only waited for: it holds no place among attempts, but for one of its own
agent, and what is awaited is a value that the task keeps. What came of it is read from git, as of any agent.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

ACTIONS, COPILOT = "actions", "copilot"
ELSEWHERE = frozenset({ACTIONS, COPILOT})
CALLED = {ACTIONS: "GitHub Actions", COPILOT: "Copilot"}
"""How people call each."""


class Away(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """An attempt that is under way elsewhere, of that fence. until: when it is waited for no longer.

    run: of the workflow.  pull: the pull request in which it works, 0 before there is one.  said: the comment by which
    another attempt was asked for there, what came before which says nothing of it.  after: an earlier one of Copilot's.
    """

    agent: str
    fence: int
    until: datetime
    run: str = ""
    pull: int = 0
    said: str = ""
    after: int = 0


ASSIGNED_AS = "copilot-swe-agent[bot]"
"""By this name an issue is assigned to Copilot."""
COPILOTS = frozenset({"Copilot", "copilot-swe-agent", ASSIGNED_AS})
"""By these it is shown; no person can have one of them."""
COPILOT_BRANCH = "copilot/"
FINISHED = frozenset({"copilot_work_finished", "review_requested", "ready_for_review"})
GAVE_UP = "copilot_work_finished_failure"
STARTED = "copilot_work_started"


def came_to(events: Sequence[tuple[str, str]], said: str) -> Literal["", "finished", "failed"]:
    """What Copilot's newest work in a pull request has come to, by that one's timeline: each event's name and id.
    said: the comment that asked for it; what ends after that may have begun before.
    """
    came: Literal["", "finished", "failed"] = ""
    is_asked = counts = not said
    for name, about in events:
        is_asked = is_asked or (name == "commented" and about == said)
        if name == STARTED and is_asked:
            came, counts = "", True
        elif counts and name in FINISHED:
            came = "finished"
        elif counts and name == GAVE_UP:
            came = "failed"
    return came


_DOES = re.compile(
    r"^ {0,3}(?:[-*] +)?(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):? +(?P<repo>[\w.-]{1,100}/[\w.-]{1,100})?"
    r"#(?P<number>\d{1,9})\.?[ \t]*\r?$",
    re.IGNORECASE | re.MULTILINE,
)


def does(body: str, repo: str) -> frozenset[int]:
    """The issues of `repo` that a pull request of Copilot's says it does, each on a line of its own: what it was told
    is quoted there, too, and says nothing.
    """
    found = [match for match in _DOES.finditer(body[:65_536]) if (match["repo"] or repo).lower() == repo.lower()]
    return frozenset([int(match["number"]) for match in found])


def waits_for(away: Away) -> str:
    """What is awaited, in a few words."""
    called = CALLED.get(away.agent, "GitHub")
    if away.run:
        return f"waits for run {away.run} of {called}"
    return f"waits for {called}" + (f" in #{away.pull}" if away.pull else "")
