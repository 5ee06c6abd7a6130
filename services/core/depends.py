"""`Depends-On` of any pull request: what it names, and what `lockstep/gate` says of it.

Read from the description, where a reader sees prose or a list: `Depends-On: #1`, `Depends-On: owner/repo#1`, or the
address of a pull request; several after commas, or on several lines. The spellings are those that Zuul and its users
write. `Depends on #1` is one too, but also how sentences begin: such a line counts only where it names pull requests,
and what else is in it is said only after a colon.
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
_LINE = re.compile(
    r"^ {0,3}(?:\[[ x]\] +)?[*_]{0,3}depends(?P<dash>[- ])on[*_]{0,3}(?:(?P<colon>:)[*_]{0,3}|(?=\s|$))"
    r"[ \t]*(?P<rest>.*)$",
    re.IGNORECASE,
)
_REPO = r"(?P<repo>[A-Za-z0-9][A-Za-z0-9_-]{0,99}/[A-Za-z0-9._-]{1,100})"
_SHORT = re.compile(rf"(?:{_REPO}?#|gh-)(?P<number>[1-9]\d{{0,8}})\Z", re.IGNORECASE)
_ADDRESS = re.compile(
    rf"(?:https?://)?(?P<host>[A-Za-z0-9.:-]{{1,255}})/{_REPO}/(?:pull|issues)/(?P<number>[1-9]\d{{0,8}})(?:[/?#]\S*)?\Z"
)
_LINK = re.compile(r"\[[^\[\]]{0,200}\]\(([^()\s]{1,500})\)")
_ALSO = frozenset({"and", "&"})
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
    for line in prose(body, lists=True) if _may_name(body) else ():
        if match := _LINE.match(line):
            for need in _named(match, repo, site):
                found.setdefault(need.place.lower(), need)
    needs = list(found.values())
    return tuple(needs) if len(needs) <= MOST else (*needs[:MOST], Need(wrong="many", text=f"{len(needs)} needs"))


def names_any(body: str, repo: str) -> bool:
    """Does a description name something that may be waited for?"""
    return bool(depends_on(body, repo, ""))


def _may_name(body: str) -> bool:
    """Most descriptions don't, and are not read for it."""
    said = body.lower()
    return "depends-on" in said or "depends on" in said


def _named(match: re.Match[str], repo: str, site: str) -> list[Need]:
    """What one line names; nothing where it is a sentence of people's."""
    words = [_bare(word) for word in re.split(r"[,\s]+", _LINK.sub(r" \1 ", match["rest"]))]
    needs = [_read(word, repo, site) for word in words if word and word.lower() not in _ALSO]
    if match["dash"] == "-" and match["colon"]:
        return needs
    counts = needs[:1] if match["colon"] else needs
    return needs if all(need.wrong != "unread" for need in counts) else []


def _bare(word: str) -> str:
    """Without what stands around it in a sentence."""
    return word.lstrip("(<[*_").rstrip(")>]*_.;")


def _read(word: str, repo: str, site: str) -> Need:
    if match := _SHORT.match(word):
        return Need(repo=match["repo"] or repo, number=int(match["number"]))
    if match := _ADDRESS.match(word):
        if match["host"].lower().removeprefix("www.") != site.rstrip("/").rpartition("//")[2].lower():
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


def beside(plans: CheckReport, named: CheckReport) -> CheckReport:
    """The check of a person's pull request that does a task of a plan, and names others besides what its plan says."""
    decides = named if plans.conclusion == "success" else plans
    buttons = plans.buttons if named.conclusion == "success" else ()
    return msgspec.structs.replace(decides, summary=f"{plans.summary}\n\n{named.summary}", buttons=buttons)


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
