"""Boxes: what is offered when, and that only a tick of exactly our own line counts."""

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.core.board import RunState
from services.core.boxes import VERBS, Box, listed, offered, ticked, unticked
from services.core.commands import parse_commands
from tests.kit.plans import happen, in_review, run, task

HASH = "0123456789ab" + "c" * 52
HOLD, APPROVE = Box(verb="hold"), Box(verb="approve", version=HASH)
LINES = "Words.\n" + "\n".join(listed((APPROVE, HOLD, Box(verb="refresh")))) + "\nMore words."


def tick(text: str, *boxes: Box) -> str:
    for box in boxes:
        text = text.replace(str(box), str(box).replace("- [ ]", "- [x]", 1))
    return text


def test_a_box_says_what_it_does_and_which_text_it_approves() -> None:
    assert str(APPROVE) == (
        f"- [ ] <!-- lockstep:box=approve/{HASH} -->Approve this text, version `0123456789ab` · `/lockstep approve`"
    )
    assert str(HOLD) == "- [ ] <!-- lockstep:box=hold -->Hold: start and merge nothing more · `/lockstep hold`"


def test_what_is_offered_before_a_run() -> None:
    assert [box.verb for box in offered(HASH, None)] == ["approve", "refresh"]
    assert offered(HASH, None)[0].version == HASH
    assert [box.verb for box in offered("", None)] == ["run", "refresh"]


@pytest.mark.parametrize(
    ("state", "verbs"),
    [
        ("running", ["hold", "refresh"]),
        ("paused", ["resume", "refresh"]),
        ("done", []),
        ("failed", []),
        ("cancelled", []),
    ],
)
def test_what_is_offered_of_a_run(state: RunState, verbs: list[str]) -> None:
    current = msgspec.structs.replace(run(task("a")), state=state)
    assert [box.verb for box in offered("", current)] == verbs


def test_failed_tasks_can_be_tried_again() -> None:
    current = happen(in_review(task("a"), task("b")), "a", "broke", text="check `test` failed").run
    assert [box.verb for box in offered("", current)] == ["hold", "retry", "refresh"]
    assert [box.verb for box in offered(HASH, current)] == ["approve", "hold", "retry", "refresh"]


def test_an_edit_can_be_approved_also_where_the_run_has_come_to_a_stop() -> None:
    current = msgspec.structs.replace(run(task("a")), state="failed")
    assert [box.verb for box in offered(HASH, current)] == ["approve"]


def test_a_tick_is_a_change_of_a_line_of_ours() -> None:
    assert ticked(tick(LINES, HOLD), LINES) == (HOLD,)
    assert ticked(tick(LINES, HOLD, APPROVE), LINES) == (APPROVE, HOLD)
    assert ticked(tick(LINES, HOLD).replace("\n", "\r\n"), LINES) == (HOLD,)
    assert ticked(tick(LINES, HOLD, APPROVE), tick(LINES, HOLD)) == (APPROVE,)
    assert ticked(LINES, tick(LINES, HOLD)) == ()
    assert ticked(tick(LINES, HOLD), tick(LINES, HOLD)) == ()


@pytest.mark.parametrize(
    "line",
    [
        "- [x] <!-- lockstep:box=hold -->Look at everything anew, now · `/lockstep refresh`",
        f"- [x] <!-- lockstep:box=approve/{HASH} -->Approve this text, version `ffffffffffff` · `/lockstep approve`",
        "- [x] <!-- lockstep:box=hold -->Hold: start and merge nothing more · `/lockstep hold` ",
        " - [x] <!-- lockstep:box=hold -->Hold: start and merge nothing more · `/lockstep hold`",
        "> - [x] <!-- lockstep:box=hold -->Hold: start and merge nothing more · `/lockstep hold`",
        "- [x] <!-- lockstep:box=cancel -->Cancel · `/lockstep cancel`",
        "- [x] Hold: start and merge nothing more · `/lockstep hold`",
    ],
)
def test_a_line_that_is_not_ours_is_no_box(line: str) -> None:
    assert ticked(line, line.replace("[x]", "[ ]")) == ()
    assert unticked(line) == line


def test_a_box_that_was_not_there_before_was_not_ticked() -> None:
    assert ticked(tick(LINES, HOLD), "Words.") == ()


@given(st.lists(st.sampled_from(sorted(VERBS)), max_size=6))
def test_unticked_is_what_we_post(verbs: list[str]) -> None:
    boxes = [Box(verb=verb) for verb in verbs if verb != "approve"]
    assert unticked(tick(LINES, APPROVE, *boxes)) == LINES


@given(st.text() | st.text(alphabet="\r\n- [x]"))
@example("a\r\r\n")
def test_any_text_is_read(text: str) -> None:
    assert ticked(text, text) == ()
    assert unticked(unticked(text)) == unticked(text)


def test_no_box_is_read_as_a_command() -> None:
    assert parse_commands(LINES) == ()
