"""Check boxes in the plan comment that stand for commands: which are offered, and which of them somebody has ticked.

A box is one whole line, and it counts only as exactly the line that we write for it: so what somebody reads beside the
box that they tick is what it does, whatever else was written into the comment. The box to approve names the text that
the comment showed.
"""

import re
from collections.abc import Iterator

import msgspec

from services.core.board import Run
from services.core.targets import is_with_a_person
from services.core.task_state import STUCK
from services.core.text import code

VERBS = {
    "approve": "Approve this text",
    "run": "Start it",
    "hold": "Hold: start and merge nothing more",
    "resume": "Go on after the hold",
    "retry": "Try what failed again",
    "refresh": "Look at everything anew, now",
}
"""What each box says; none does harm when it is done twice."""
LIVE = frozenset({"running", "paused"})

_LINE = re.compile(
    r"- \[(?P<tick>[ xX])\] (?P<rest><!-- lockstep:box=(?P<verb>[a-z]+)(?:/(?P<version>[0-9a-f]{64}))? -->.*)"
)


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """The command it stands for; version: the hash of the text that it approves, "" for other commands."""

    verb: str
    version: str = ""

    def __str__(self) -> str:
        """The line as we write it, not ticked."""
        mark = f"{self.verb}/{self.version}" if self.version else self.verb
        which = f", version {code(self.version[:12])}" if self.version else ""
        return f"- [ ] <!-- lockstep:box={mark} -->{VERBS[self.verb]}{which} · `/lockstep {self.verb}`"


def offered(version: str, run: Run | None) -> tuple[Box, ...]:
    """What can be done now. version: the hash of the text that waits for approval, "" for none."""
    boxes = [Box(verb="approve", version=version)] if version else []
    if run is not None and run.state not in LIVE:
        return (*boxes, *([Box(verb="retry")] if _is_stuck(run) else []))
    if run is None:
        boxes += [] if version else [Box(verb="run")]
    else:
        boxes.append(Box(verb="resume" if run.state == "paused" else "hold"))
        boxes += [Box(verb="retry")] if _is_stuck(run) else []
    return (*boxes, Box(verb="refresh"))


def _is_stuck(run: Run) -> bool:
    """Is there something that `retry` takes up?"""
    return any(task.state in STUCK and not is_with_a_person(run, task.id) for task in run.tasks.values())


def listed(boxes: tuple[Box, ...]) -> list[str]:
    return [*map(str, boxes), ""] if boxes else []


def ticked(body: str, before: str) -> tuple[Box, ...]:
    """The boxes that are ticked in the comment and were not when it was `before`, each once, in order."""
    was = {str(box) for box, is_ticked in _boxes(before) if not is_ticked}
    return tuple(dict.fromkeys(box for box, is_ticked in _boxes(body) if is_ticked and str(box) in was))


def unticked(body: str) -> str:
    """The comment with none of our boxes ticked, as it is whenever we post it."""
    return "\n".join(str(box) if box is not None else line for line, box, _ in _lines(body))


def _boxes(body: str) -> Iterator[tuple[Box, bool]]:
    return ((box, is_ticked) for _, box, is_ticked in _lines(body) if box is not None)


def _lines(body: str) -> Iterator[tuple[str, Box | None, bool]]:
    """Each line, with the box that it is and whether that is ticked."""
    for line in body.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        match = _LINE.fullmatch(line)
        box = Box(verb=match["verb"], version=match["version"] or "") if match and match["verb"] in VERBS else None
        is_ours = match is not None and box is not None and str(box) == f"- [ ] {match['rest']}"
        yield line, box if is_ours else None, match is not None and match["tick"] != " "
