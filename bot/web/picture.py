"""A plan's graph as numbers for SVG: boxes that are links, lines that are paths; looks are left to the style sheet."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import pairwise

import msgspec

from bot.web.views import named
from services.core.folding import Fold, Folded
from services.core.layout import Drawing, Line, lay_out
from services.core.task_state import SATISFIED

WIDE, HIGH = 168, 36
STEP_X, STEP_Y = 220, 48
MARGIN = 12
LETTERS = 18
"""Of an id that fit into a box; the link's name has all of them."""

Pairs = tuple[tuple[str, tuple[str, ...]], ...]


class DrawnBox(msgspec.Struct, frozen=True, kw_only=True):
    """One link. `label` and `note` are its two lines, `name` what a screen reader says."""

    x: int
    y: int
    url: str
    label: str
    note: str
    name: str
    state: str
    critical: bool


class DrawnLine(msgspec.Struct, frozen=True, kw_only=True):
    """One path; `kind` is met, unmet or critical."""

    path: str
    kind: str


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """The whole drawing, in pixels."""

    width: int
    height: int
    boxes: tuple[DrawnBox, ...]
    lines: tuple[DrawnLine, ...]


@lru_cache(maxsize=64)
def _laid_out(needs: Pairs) -> Drawing:
    """The layout depends on nothing but the needs, and a page is asked for more often than a plan changes."""
    return lay_out(dict(needs))


def draw(
    folded: Folded,
    critical: tuple[str, ...],
    *,
    words: Mapping[str, str],
    notes: Mapping[str, str],
    url_of: Callable[[str], str],
) -> Picture | None:
    """The picture of the boxes; None when there is nothing to draw.

    critical: task ids of the critical path in order; words: of the states; notes: second line by task id; url_of: a
    task's place.
    """
    if not folded.boxes:
        return None
    drawing = _laid_out(tuple(sorted((box, tuple(sorted(needs))) for box, needs in folded.needs.items())))
    box_of = folded.box_of()
    on_path = {box_of[task] for task in critical}
    steps = {(box_of[one], box_of[other]) for one, other in pairwise(critical)}
    place = {box.id: (MARGIN + box.column * STEP_X, MARGIN + round(box.row * STEP_Y)) for box in drawing.boxes}
    boxes = tuple(
        _box(folded.boxes[each.id], place[each.id], each.id in on_path, words, notes, url_of) for each in drawing.boxes
    )
    lines = []
    for line in drawing.lines:
        met = folded.boxes[line.source].state in SATISFIED
        kind = "critical" if (line.source, line.target) in steps else "met" if met else "unmet"
        lines.append(DrawnLine(path=_path(line, place), kind=kind))
    return Picture(
        width=drawing.columns * STEP_X - (STEP_X - WIDE) + 2 * MARGIN,
        height=round(drawing.rows * STEP_Y) - (STEP_Y - HIGH) + 2 * MARGIN,
        boxes=boxes,
        lines=tuple(lines),
    )


def _box(
    box: Fold,
    place: tuple[int, int],
    critical: bool,  # one of the box's own properties
    words: Mapping[str, str],
    notes: Mapping[str, str],
    url_of: Callable[[str], str],
) -> DrawnBox:
    first = box.tasks[0]
    repos = {task.repo for task in box.tasks}
    where = named(first.repo) if len(repos) == 1 else f"{len(repos)} repositories"
    word = words[box.state]
    many = len(box.tasks) > 1
    needs = "" if many or not first.needs else f", needs {', '.join(first.needs)}"
    label = f"{len(box.tasks)} tasks" if many else first.id
    return DrawnBox(
        x=place[0],
        y=place[1],
        url=url_of(first.id),
        label=_cut(label),
        note=_cut(f"{word}: {where}" if many else notes.get(first.id, word), LETTERS + 8),
        name=f"{label}, {where}, {word}{', on the critical path' if critical else ''}{needs}",
        state=box.state,
        critical=critical,
    )


def _cut(text: str, letters: int = LETTERS) -> str:
    return text if len(text) <= letters else text[: letters - 1] + "…"


def _path(line: Line, place: Mapping[str, tuple[int, int]]) -> str:
    """Curves between the columns, straight through the empty places in between."""
    x, y = place[line.source][0] + WIDE, place[line.source][1] + HIGH // 2
    parts = [f"M{x} {y}"]
    bend = (STEP_X - WIDE) // 2
    for row in line.rows:
        there = MARGIN + round(row * STEP_Y) + HIGH // 2
        left = x + STEP_X - WIDE
        parts.append(f"C{x + bend} {y} {left - bend} {there} {left} {there}H{left + WIDE}")
        x, y = left + WIDE, there
    left, there = place[line.target][0], place[line.target][1] + HIGH // 2
    parts.append(f"C{x + bend} {y} {left - bend} {there} {left} {there}")
    return "".join(parts)
