"""Every state has a word and an icon; progress counts what is satisfied."""

from services.core.names import LABELS
from services.core.report import ICONS, LABEL_OF_RUN, LABEL_OF_TASK, WORDS, progress, progress_in_words, unmet, wishes
from services.core.task_state import STATES, TaskState
from tests.kit.plans import happen, task, tracked


def test_nothing_is_left_without_a_word() -> None:
    assert set(ICONS) == set(WORDS) == set(STATES)
    assert {*LABEL_OF_RUN.values(), *LABEL_OF_TASK.values()} <= set(LABELS)


def test_progress_and_what_is_missing() -> None:
    current = happen(tracked(task("a"), task("b"), task("c", "a", "b")).run, "a", "skipped").run
    assert progress(current) == (0, 1, 3)
    assert progress_in_words(current) == "0 of 3 tasks done, 1 skipped"
    assert progress_in_words(happen(current, "b", "skipped").run) == "0 of 3 tasks done, 2 skipped"
    assert unmet(current, current.tasks["c"]) == ("b",)


def test_what_people_set_for_a_task_is_shown_behind_its_state() -> None:
    assert wishes(TaskState(id="a")) == ""
    assert wishes(TaskState(id="a", model="openai:gpt", budget="2.5")) == ", model `openai:gpt`, at most $2.5"
    assert wishes(TaskState(id="a", held=True)) == ", held"
    assert wishes(TaskState(id="a", held=True, state="cancelled")) == ""
