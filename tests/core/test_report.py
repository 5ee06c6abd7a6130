"""Every state has a word and an icon; progress counts what is satisfied."""

from services.core.machine import STATES
from services.core.names import LABELS
from services.core.report import ICONS, LABEL_OF_RUN, LABEL_OF_TASK, WORDS, progress, unmet
from tests.kit.plans import happen, task, tracked


def test_nothing_is_left_without_a_word() -> None:
    assert set(ICONS) == set(WORDS) == set(STATES)
    assert {*LABEL_OF_RUN.values(), *LABEL_OF_TASK.values()} <= set(LABELS)


def test_progress_and_what_is_missing() -> None:
    current = happen(tracked(task("a"), task("b"), task("c", "a", "b")).run, "a", "skipped").run
    assert progress(current) == (1, 3)
    assert unmet(current, current.tasks["c"]) == ("b",)
