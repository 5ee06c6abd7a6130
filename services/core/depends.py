"""`Depends-On` of any pull request: what it names, and what `lockstep/gate` says of it.

Read from the description, where a reader sees prose: `Depends-On: #1`, `Depends-On: owner/repo#1`, or the address of a
pull request; several after commas, or on several lines. The spellings are those that Zuul and its users write.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from services.core.commands import prose
from services.core.overrides import told
from services.core.report import CheckReport
from services.core.task_state import Override
from services.core.text import code

MOST = 20
"""Needs of one pull request that are read; more are said to be too many."""
_LINE = re.compile(r"^ {0,3}depends-on:[ \t]*(?P<rest>.*)$", re.IGNORECASE)
_SHORT = re.compile(r"(?:(?P<repo>[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100}))?#(?P<number>[1-9]\d{0,8})\Z")
_ADDRESS = re.compile(
    r"(?P<site>https?://[A-Za-z0-9.:-]{1,255})/(?P<repo>[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100})"
    r"/(?:pull|issues)/(?P<number>[1-9]\d{0,8})(?:[/?#]\S*)?\Z"
)
State = Literal["merged", "lifted", "open", "closed", "issue", "unseen", "self", "host", "unread", "many"]
MET: frozenset[State] = frozenset({"merged", "lifted"})
"""States that hold nothing back; of what is lifted a maintainer said that it does not count."""
MENDED = MET | {"open"}
"""States that need nobody to change the description."""


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """A pull request that has to merge first. wrong: it can't be looked at, `text` is what was written."""

    repo: str = ""
    number: int = 0
    wrong: Literal["", "host", "unread", "many"] = ""
    text: str = ""

    @property
    def place(self) -> str:
        return f"{self.repo}#{self.number}" if self.repo else self.text


def depends_on(body: str, repo: str, site: str) -> tuple[Need, ...]:
    """What the description of a pull request in `repo` says it needs, each once, in order. site: of this GitHub."""
    found: dict[str, Need] = {}
    for line in prose(body):
        if match := _LINE.match(line):
            for word in re.split(r"[,\s]+", match["rest"].strip()):
                if word:
                    need = _read(word, repo, site)
                    found.setdefault(need.place.lower(), need)
    needs = list(found.values())
    return tuple(needs) if len(needs) <= MOST else (*needs[:MOST], Need(wrong="many", text=f"{len(needs)} needs"))


def _read(word: str, repo: str, site: str) -> Need:
    if match := _SHORT.match(word):
        return Need(repo=match["repo"] or repo, number=int(match["number"]))
    if match := _ADDRESS.match(word):
        here = site.rstrip("/").lower()
        if match["site"].lower() != here:
            return Need(wrong="host", text=word[:200])
        return Need(repo=match["repo"], number=int(match["number"]))
    return Need(wrong="unread", text=word[:200])


def meant(asked: str, needs: Sequence[Need], repo: str) -> Need | None:
    """Which of its needs somebody means that says `asked`, as it is written or as a place."""
    name = f"{repo}{asked}" if asked.startswith("#") else asked
    return next((need for need in needs if need.place.lower() in {name.lower(), asked.lower()}), None)


def report(
    needs: Sequence[Need],
    states: Mapping[str, State],
    circle: Sequence[str] = (),
    lifted: Mapping[str, Override] | None = None,
) -> CheckReport:
    """The check. states: by place.  circle: the places of pull requests that need each other, if they do; "" for one
    that may not be told.  lifted: who has said of a need that it does not count.
    """
    if not needs:
        return CheckReport(status="completed", conclusion="success", title="Needs nothing", summary=NOTHING)
    said = lifted or {}
    found: list[tuple[Need, State]] = [
        (need, "lifted" if need.place in said else need.wrong or states[need.place]) for need in needs
    ]
    missing = [state for _, state in found if state not in MET]
    lines = [_line(need, state, said) for need, state in found]
    if circle:
        lines += ["", around(circle)]
    if not missing:
        title = "Its need has merged" if len(needs) == 1 else f"All {len(needs)} needs have merged"
        title = "Nothing that counts is missing" if said else title
        return CheckReport(status="completed", conclusion="success", title=title, summary="\n".join(lines))
    title = waits_for(len(missing), len(needs))
    if circle or any(state not in MENDED for state in missing):
        title = "The needs form a circle" if circle else "A need has to be put right"
        return CheckReport(status="completed", conclusion="action_required", title=title, summary="\n".join(lines))
    return CheckReport(status="in_progress", title=title, summary="\n".join(lines))


def _line(need: Need, state: State, lifted: Mapping[str, Override]) -> str:
    return f"- {told(lifted[need.place])}" if need.place in lifted else f"- {code(need.place)} {SAYS[state]}"


def around(circle: Sequence[str]) -> str:
    """Why none of those that need each other goes on. "" is a place that may not be told."""
    way = " → ".join(code(place) if place else UNTOLD for place in (*circle, circle[0]))
    return f"They need each other, so none of them can merge first: {way}. Remove one `Depends-On`."


def waits_for(missing: int, needs: int) -> str:
    """The title of a gate that is not green."""
    if missing == needs:
        return f"Waits for all {needs} needs" if needs > 1 else "Waits for what it needs"
    return f"Waits for {missing} of {needs} needs"


UNTOLD = "one in another repository"
NOTHING = "The description names no other pull request with `Depends-On`."
SAYS: dict[State, str] = {
    "merged": "has merged",
    "lifted": "does not count any more",
    "open": "has not merged yet",
    "closed": "was closed without merging; name another one, or remove it",
    "issue": "is an issue; name the pull request that closes it",
    "unseen": "can't be seen: it is not there, Lockstep is not installed there, or its author can't read it",
    "self": "is this pull request itself; remove it",
    "host": "lies on another host; only pull requests of this GitHub can be waited for",
    "unread": "can't be read; write `#1`, `owner/repo#1` or the address of a pull request",
    "many": f"are too many; {MOST} are looked at",
}
