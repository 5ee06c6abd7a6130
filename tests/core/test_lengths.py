"""lengths: what is guessed from what, and how little one odd task changes."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.lengths import MOVED, NEWEST, Guess, Lengths, Sample, declared, elapsed, left_of, sample_of
from services.core.plan import DEFAULT_TIMEOUT
from services.core.task_state import TaskState
from tests.kit.plans import NOW, task


def took(
    whole: float,
    *,
    repo: str = "acme/api",
    agent: str = "script",
    work: float | None = None,
    timeout: float = DEFAULT_TIMEOUT,
) -> Sample:
    return Sample(repo=repo, agent=agent, timeout=timeout, work=whole / 2 if work is None else work, whole=whole)


def guess(known: Lengths, **of: object) -> tuple[float, str]:
    found = known.guess(task("a", **of))  # type: ignore[arg-type]
    return (round(found.whole, 6), found.source)


def test_nothing_known_is_what_the_plan_says() -> None:
    known = Lengths()
    assert guess(known) == (DEFAULT_TIMEOUT, "default")
    assert guess(known, timeout=60) == (60.0, "declared")


def test_the_nearest_finished_tasks_count_and_two_are_too_few() -> None:
    known = Lengths([took(100), took(120)])
    assert guess(known)[1] == "default"
    known.learn(took(5_000))
    assert guess(known) == (120.0, "learned")
    assert guess(known, agent="coder") == (120.0, "learned"), "the same repository"
    assert guess(known, repo="acme/web") == (120.0, "learned"), "the same agent"
    assert guess(known, repo="other/web") == (1800.0, "default"), "of another owner nothing is learned"
    assert guess(known, repo="acme/web", agent="coder", timeout=60) == (60.0, "declared")
    for _ in range(3):
        known.learn(took(7, agent="coder"))
    assert guess(known, agent="coder") == (7.0, "learned")
    assert guess(known) == (120.0, "learned")
    assert guess(known, repo="acme/web", agent="coder") == (7.0, "learned")


ACROSS = [took(120, repo=f"acme/r{number % 20}") for number in range(40)]
"""Two finished tasks in each of twenty repositories: too few in any, enough at their owner."""


@pytest.mark.parametrize("way", ["learned", "read in a sweep"])
def test_what_few_have_finished_of_in_each_repository_is_learned_of_their_owner(way: str) -> None:
    known = Lengths()
    assert guess(known, repo="acme/r0") == (DEFAULT_TIMEOUT, "default"), "asked before anything has finished"
    edition = known.edition
    for sample in ACROSS if way == "learned" else ():
        known.learn(sample)
    known.replace(ACROSS)
    assert guess(known, repo="acme/r0") == guess(Lengths(ACROSS), repo="acme/r0") == (120.0, "learned")
    assert known.edition == edition + 1, "once there were enough, and no more after that"


def test_what_a_guess_falls_back_to_is_watched_as_its_own_is() -> None:
    known = Lengths(ACROSS)
    assert guess(known, repo="acme/new") == (120.0, "learned")
    edition = known.edition
    for number in range(NEWEST * 2):
        known.learn(took(200, repo=f"acme/r{number % 20}"))
    assert known.edition > edition
    assert guess(known, repo="acme/new") == (200.0, "learned")


def test_what_nobody_goes_by_moves_nothing() -> None:
    known = Lengths(took(100) for _ in range(3))
    assert guess(known)[0] == 100.0
    edition = known.edition
    for _ in range(5):
        known.learn(took(9_000, agent="coder"))
    assert (known.edition, guess(known)[0]) == (edition, 100.0), "the repository as a whole has other lengths now"


def test_attempts_and_the_whole_are_told_apart() -> None:
    known = Lengths([took(86_400, work=60) for _ in range(3)])
    assert known.guess(task("a")) == Guess(work=60.0, whole=86_400.0, source="learned")


def test_a_task_that_may_take_longer_is_taken_to_work_longer_and_to_wait_as_long() -> None:
    known = Lengths([took(4_000, work=400, timeout=4_000) for _ in range(3)])
    assert known.guess(task("a", timeout=8_000)) == Guess(work=800.0, whole=4_400.0, source="learned")
    assert known.guess(task("a", timeout=1)).work == 1.0, "never less than a second"


def test_one_task_that_waited_a_week_changes_nothing() -> None:
    known = Lengths([took(100) for _ in range(9)])
    edition = known.edition
    known.learn(took(604_800))
    assert (guess(known), known.edition) == ((100.0, "learned"), edition)


def test_only_the_newest_count_and_the_edition_says_when_that_matters() -> None:
    known = Lengths([took(100) for _ in range(NEWEST)])
    assert guess(known) == (100.0, "learned")
    edition = known.edition
    for _ in range(NEWEST):
        known.learn(took(100 * MOVED * 1.1))
    assert known.edition > edition
    assert guess(known) == (100 * MOVED * 1.1, "learned")


def test_names_of_repositories_fold_their_case() -> None:
    known = Lengths([took(9, repo="Acme/API")] * 3)
    assert guess(known) == (9.0, "learned")


def test_replacing_forgets_what_was_learned() -> None:
    known = Lengths([took(100)] * 3)
    assert guess(known)[0] == 100.0
    edition = known.edition
    known.replace([took(9, repo="acme/web", agent="coder")] * 3)
    assert guess(known) == (DEFAULT_TIMEOUT, "default")
    assert guess(known, repo="acme/web")[0] == 9.0
    assert known.edition > edition
    edition = known.edition
    known.replace([took(10, repo="acme/web", agent="coder")] * 4)
    assert known.edition == edition, "hardly anything has changed"


def test_of_a_flood_not_every_task_is_learned_from() -> None:
    known = Lengths()
    asked = [known.is_curious() for _ in range(280)]
    assert (sum(asked[:200]), sum(asked[200:])) == (200, 10)
    known.replace([])
    assert known.is_curious(), "a sweep begins it anew"


def test_what_a_task_took() -> None:
    spec = task("a", timeout=600)
    done = TaskState(id="a", state="done", worked=30.0, started_at=NOW, finished_at=NOW + timedelta(hours=1))
    assert sample_of(spec, done) == Sample(repo="acme/api", agent="script", timeout=600.0, work=30.0, whole=3600.0)
    unmeasured = TaskState(id="a", state="done", started_at=NOW, finished_at=NOW + timedelta(hours=1))
    assert sample_of(spec, unmeasured) == Sample(
        repo="acme/api", agent="script", timeout=600.0, work=600.0, whole=3600.0
    )
    assert sample_of(spec, TaskState(id="a", state="done", finished_at=NOW)) is None, "ticked beforehand"
    assert sample_of(spec, TaskState(id="a", state="skipped", started_at=NOW, finished_at=NOW)) is None


def test_what_is_still_to_come() -> None:
    assert left_of(100, 0) == 100
    assert left_of(100, 60) == 40
    assert left_of(100, 400) == 100, "what takes longer than guessed needs a quarter of its time once more"
    assert elapsed(NOW, NOW + timedelta(seconds=5)) == 5
    assert elapsed(NOW, NOW - timedelta(seconds=5)) == elapsed(None, NOW) == 0


@given(st.lists(st.floats(1, 1e6), min_size=3, max_size=NEWEST))
def test_a_guess_is_a_length_that_was_seen(lengths: list[float]) -> None:
    known = Lengths([took(length) for length in lengths])
    found = known.whole(task("a"))
    assert 0.999 * min(lengths) <= found <= 1.001 * max(lengths) + 1
    assert declared(task("a")).source == "default"
