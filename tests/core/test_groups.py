"""What a group is, and how it is told."""

import msgspec
import pytest
from inline_snapshot import snapshot

from services.core import groups
from services.core.board import Run
from services.core.groups import Barrier, Phase
from services.core.task_state import TaskState
from tests.kit.plans import plan, run, task

SHA = "a" * 40
TRIO = (
    task("api", group="release", rollback="kubectl rollout undo"),
    task("web", "api", repo="acme/web", group="release"),
    task("docs", repo="acme/docs", group="release"),
)


def stands(phase: Phase = "closed", *states: TaskState, **barrier: object) -> Run:
    """A run whose tasks are in review and ready, but for those that are given."""
    at = run(*TRIO, task("alone", group="other"), task("after", "docs"))
    for number, one in enumerate(TRIO):
        ready = {"state": "in_review", "pull": 10 + number, "head_sha": SHA, "cleared": SHA}
        at.tasks[one.id] = msgspec.structs.replace(at.tasks[one.id], **ready)
    at.tasks.update({each.id: each for each in states})
    at.barriers["release"] = Barrier(phase=phase, **barrier)  # type: ignore[arg-type]
    return at


def state(task_id: str, what: str, **more: object) -> TaskState:
    return TaskState(id=task_id, state=what, **more)  # type: ignore[arg-type]


MERGED = state("api", "done", merge_sha="b" * 40, pull=10, head_sha=SHA)


def test_one_alone_is_no_group() -> None:
    at = stands()
    assert groups.name_of(at, "alone") == groups.name_of(at, "gone") == ""
    assert groups.hold(at, "alone") == ""
    assert plan(*TRIO).groups == {"release": ("api", "web", "docs")}


def test_what_needs_one_of_it_waits_for_all_of_it() -> None:
    docs = state("docs", "done", merge_sha="c" * 40)
    after = task("after", "docs")
    assert groups.unmet(stands("merging", docs), after) == ["docs"]
    assert groups.unmet(stands("merged", docs, MERGED, state("web", "skipped")), after) == []


def test_within_it_work_waits_only_for_a_pull_request() -> None:
    web = TRIO[1]
    assert groups.unmet(stands("closed", state("api", "running"), state("web", "blocked")), web) == ["api"]
    assert groups.unmet(stands("closed", state("api", "in_review", pull=4), state("web", "blocked")), web) == []


def test_what_a_person_merges_goes_first_where_nothing_speaks_against_it() -> None:
    assert groups.first(stands("merging"), "release") == "api"
    theirs = state("docs", "needs_human", pull=12, head_sha=SHA, cleared=SHA, assignee="bea")
    assert groups.first(stands("merging", theirs), "release") == "docs"
    web = state("web", "needs_human", pull=11, head_sha=SHA, cleared=SHA, assignee="bea")
    assert groups.first(stands("merging", web), "release") == "api"
    assert groups.missing(stands("merging", web), "release") == ()


@pytest.mark.parametrize(
    ("said", "policy"),
    [
        ((), "revert"),
        (("forward",), "forward"),
        (("none",), "forward"),
        (("Forward", "revert"), "revert"),
        (("undo",), "revert"),
    ],
)
def test_one_word_of_it_says_what_a_failure_means(said: tuple[str, ...], policy: str) -> None:
    tasks = [task(f"t{n}", group="g", rollback=word) for n, word in enumerate((*said, ""))]
    assert groups.policy(plan(*tasks, task("more", group="g")), "g") == policy


@pytest.mark.parametrize("phase", ["closed", "complete", "merging", "reverting", "forward", "merged"])
def test_only_what_is_let_go_merges(phase: Phase) -> None:
    at = stands(phase)
    held = [one for one in ("api", "web", "docs") if groups.hold(at, one)]
    every = ["api", "web", "docs"]
    assert held == {"merging": ["web", "docs"], "forward": ["web"], "merged": []}.get(phase, every)
    assert groups.is_let_through(at, "release") == (phase not in {"closed", "reverting"})


def test_what_each_says_why_it_waits() -> None:
    phases: tuple[Phase, ...] = ("closed", "merging", "forward", "reverting")
    assert {phase: groups.hold(stands(phase), "web") for phase in phases} == snapshot(
        {
            "closed": "is ready, and waits for the rest of its group `release`",
            "merging": "is ready; its group `release` is being merged, one after another",
            "forward": "waits for `api` of its group to merge",
            "reverting": "its group `release` is taken back, so it is not merged any more",
        }
    )


def told(at: Run) -> str:
    return "\n".join(groups.told(at)).strip()


def test_how_it_is_told() -> None:
    waits = state("web", "in_review", pull=11, reason="waits for check `test`")
    assert told(stands("closed", waits)) == snapshot(
        "**Group `release`:** 2 of 3 ready, waits for `web` (waits for check `test`)."
    )
    assert told(stands()) == snapshot(
        "**Group `release`:** all are ready; it is looked at once more before the first merge."
    )
    assert told(stands("complete")) == snapshot(
        "**Group `release`:** all are ready, and waits for what GitHub itself still asks for."
    )
    assert told(stands("merging")) == snapshot("**Group `release`:** is being merged, `api` first.")
    assert told(stands("merged", MERGED)) == snapshot("**Group `release`** has merged, all of it.")


def test_once_something_has_merged_it_is_told_exactly_what_is_where() -> None:
    stuck = state("web", "failed", pull=11, reason="check `test` failed")
    assert told(stands("merging", MERGED)) == snapshot("""\
**Group `release` is half merged.** `docs` is next.

- `api` (acme/api#10) merged as `bbbbbbbbbb`; to undo it: kubectl rollout undo
- `docs` (acme/docs#12) has not merged
- `web` (acme/web#11) has not merged\
""")
    assert told(stands("forward", MERGED, stuck, broke="web", why="check `test` failed")) == snapshot("""\
**Group `release` is half merged.** `web` could not be merged: check `test` failed. The rest is finished forward: each merges once it can. What is where:

- `api` (acme/api#10) merged as `bbbbbbbbbb`; to undo it: kubectl rollout undo
- `docs` (acme/docs#12) has not merged
- `web` (acme/web#11) has not merged (check `test` failed)\
""")
    going = msgspec.structs.replace(MERGED, revert=-1)
    assert told(stands("reverting", going)).splitlines()[2] == snapshot(
        "- `api` (acme/api#10) merged as `bbbbbbbbbb`, being taken back; to undo it: kubectl rollout undo"
    )
    back = msgspec.structs.replace(MERGED, revert=15)
    assert told(stands("reverting", back, stuck, broke="web", why="check `test` failed")) == snapshot("""\
**Group `release` is taken back.** `web` could not be merged: check `test` failed. People merge the pull requests that do it, in the order that `lockstep/gate` keeps. The rest is not merged any more. What is where:

- `api` (acme/api#10) merged as `bbbbbbbbbb`, taken back by acme/api#15; to undo it: kubectl rollout undo
- `docs` (acme/docs#12) has not merged
- `web` (acme/web#11) has not merged (check `test` failed)\
""")


def test_what_is_begun_anew_waits_for_the_pull_request_of_its_need_again() -> None:
    bare = TaskState(id="api", state="needs_human")
    web = stands().tasks["web"]
    assert not groups.unmet(stands("closed", bare), task("web", "api", repo="acme/web", group="release")), (
        "it has its own"
    )
    closing = msgspec.structs.replace(web, state="ready", discarding=web.pull)
    assert groups.unmet(stands("closed", bare, closing), TRIO[1]) == ["api"], "which is being closed"
