"""The graph as SVG numbers: boxes inside the drawing, lines from edge to edge, names that say everything."""

import re

from bot.web.picture import HIGH, MARGIN, STEP_X, STEP_Y, WIDE, Picture, draw
from services.core.folding import Folded, fold
from services.core.report import WORDS
from tests.kit.plans import plan, task

STATES = {"a": "done", "b": "running", "c": "blocked"}


def drawn(critical: tuple[str, ...] = ("a", "b", "c"), **notes: str) -> Picture:
    whole = plan(task("a"), task("b", "a"), task("c", "b", "a"))
    found = draw(fold(whole, STATES, set()), critical, words=WORDS, notes=notes, url_of=lambda task: f"#{task}")
    assert found is not None
    return found


def test_boxes_are_inside_and_named() -> None:
    picture = drawn(b="running, attempt 2")
    boxes = {box.label: box for box in picture.boxes}
    assert boxes["a"].x == MARGIN
    assert boxes["c"].x == MARGIN + 2 * STEP_X
    assert all(box.x + WIDE <= picture.width and box.y + HIGH <= picture.height for box in picture.boxes)
    assert boxes["b"].note == "running, attempt 2"
    assert boxes["c"].name == "c, acme/api, blocked, on the critical path, needs b, a"
    assert boxes["c"].url == "#c"


def test_lines_know_what_they_are() -> None:
    assert sorted(line.kind for line in drawn().lines) == ["critical", "critical", "met"]
    assert sorted(line.kind for line in drawn(("a",)).lines) == ["met", "met", "unmet"]


def test_a_line_begins_and_ends_at_its_boxes() -> None:
    picture = drawn()
    places = {box.label: box for box in picture.boxes}
    starts = {tuple(map(int, re.findall(r"\d+", line.path)[:2])) for line in picture.lines}
    assert starts == {(places[each].x + WIDE, places[each].y + HIGH // 2) for each in "ab"}
    assert any("H" in line.path for line in picture.lines)  # the long one passes a column straight


def test_long_ids_are_cut_in_the_box_and_whole_in_the_name() -> None:
    long = "an-id-of-a-task-that-is-too-long-for-a-box"
    found = draw(fold(plan(task(long)), {long: "ready"}, set()), (), words=WORDS, notes={}, url_of=str)
    assert found is not None
    assert found.boxes[0].label == "an-id-of-a-task-t…"
    assert found.boxes[0].name.startswith(f"{long}, acme/api, ready")
    assert (found.width, found.height) == (WIDE + 2 * MARGIN, STEP_Y - (STEP_Y - HIGH) + 2 * MARGIN)


def test_a_box_of_many_says_how_many() -> None:
    whole = plan(task("a"), *(task(f"b{n}", "a") for n in range(9)))
    states = {each.id: "blocked" for each in whole.tasks}
    found = draw(
        fold(whole, states, set(), limit=5), ("a", "b0"), words=WORDS, notes={}, url_of=lambda task: f"#{task}"
    )
    assert found is not None
    many = next(box for box in found.boxes if box.label == "9 tasks")
    assert (many.note, many.critical, many.url) == ("blocked: acme/api", True, "#b0")


def test_nothing_to_draw() -> None:
    assert draw(Folded(), (), words=WORDS, notes={}, url_of=str) is None
