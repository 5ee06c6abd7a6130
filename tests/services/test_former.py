"""services/engine/former.py: what is in the plan no more is cleared away once, and nothing of a person's with it."""

from dataclasses import dataclass, field
from typing import Any, cast

import msgspec
import pytest

from services.core.adopt import adopt
from services.core.board import Action, ActionKind, Adoption, Board, Run
from services.core.names import marker
from services.core.task_state import Happening
from services.engine import branches, former
from services.engine.effects import Effects
from services.engine.outcome import Outcome
from services.errors import NotFound
from services.github.infos import CommentInfo, IssueInfo, PullInfo
from services.store.outbox import Due
from tests.kit.oneself import Oneself
from tests.kit.plans import NOW, applied, in_review, plan, task

HEAD, THEIRS = "a" * 40, "b" * 40
PULL = PullInfo(
    id="5", number=5, url="", state="open", merged=False, merge_sha="", head_sha=HEAD, head_ref="one", head_repo="acme/api",
    base_ref="main", base_sha="", mergeable=None, mergeable_state="unknown", draft=False, labels=(), title="",
    body=marker("k"),
)  # fmt: skip
ISSUE = IssueInfo(
    id="1", number=100, title="", body="", state="open", labels=("lockstep:failed", "bug"), author="", is_pull=False, url=""
)  # fmt: skip


@dataclass
class GitHub(Oneself):
    """Both reads and writes; `did` is what was written, in order."""

    pull_now: PullInfo | None = PULL
    tip: str | None = HEAD
    issue_now: IssueInfo = ISSUE
    comment_now: CommentInfo | None = None
    found: IssueInfo | None = None
    did: list[str] = field(default_factory=list)

    async def pull(self, repo: str, number: int, *, fresh: bool) -> PullInfo:
        if self.pull_now is None:
            raise NotFound(404, "gone")
        return self.pull_now

    async def branch(self, repo: str, name: str, *, fresh: bool) -> str | None:
        return self.tip

    async def issue(self, repo: str, number: int, *, fresh: bool = False) -> IssueInfo:
        return self.issue_now

    async def repository(self, repo: str) -> Any:
        return cast("Any", _Public)

    async def find_issue(self, repo: str, mark: str, since: object) -> IssueInfo | None:
        return self.found

    async def find_pull(self, repo: str, branch: str) -> PullInfo | None:
        return self.pull_now

    async def find_comment(self, repo: str, number: int, mark: str) -> CommentInfo | None:
        return self.comment_now

    async def edit_issue(self, repo: str, number: int, *, state: str) -> None:
        self.did.append(f"{state} #{number}")

    async def delete_branch(self, repo: str, branch: str) -> None:
        self.did.append(f"delete {branch}")

    async def comment(self, repo: str, number: int, body: str) -> None:
        self.did.append("say why it stays" if "stays open" in body else "say why")

    async def close_issue(self, repo: str, number: int, reason: str, label: str) -> None:
        self.did.append(f"close #{number} as {reason}")

    async def remove_label(self, repo: str, number: int, label: str) -> None:
        self.did.append(f"no {label}")


class _Public:
    private = False


@dataclass
class Steps:
    """What attempts have written down before their pushes."""

    commits: tuple[str, ...] = ()

    async def each_left(self, run_id: str, task_id: str, step: str) -> list[bytes]:
        assert step == "commit"
        return [msgspec.json.encode({"sha": sha}) for sha in self.commits]


@dataclass
class Parts:
    github: GitHub
    checkpoints: Steps = field(default_factory=Steps)


def removed(**state: object) -> Run:
    """A run out of which a task was taken that was in review."""
    current = in_review(task("a"), task("b"))
    changed = msgspec.structs.replace(current.tasks["a"], **state)
    current = msgspec.structs.replace(current, tasks={**current.tasks, "a": changed})
    return applied(current, adopt(Board(current), Adoption(plan=plan(task("b")), actor="cem"), NOW))


async def withdrawn(github: GitHub, run: Run, tries: int = 0, commits: tuple[str, ...] = ()) -> Outcome:
    spec, state = run.known("a") or (task("a"), run.former["a"])
    parts = Parts(github, Steps(commits))
    return await former.withdraw(cast("Any", parts), run, spec, state, due("withdraw", tries))


def due(kind: ActionKind, tries: int = 0) -> Due:
    return Due(run_id="r", action=Action(key="k", kind=kind, task="a"), tries=tries)


ALL = ["closed #5", "delete lockstep/platform-7/a", "say why", "close #100 as not_planned", "no lockstep:failed"]
LEFT = ["say why it stays", "close #100 as not_planned", "no lockstep:failed"]


async def test_its_pull_request_branch_and_issue_go() -> None:
    github = GitHub()
    assert (await withdrawn(github, removed())).happened == ()
    assert github.did == ALL


async def test_what_an_earlier_try_has_done_is_not_done_twice() -> None:
    said = CommentInfo(id="1", body="", author="", author_type="Bot")
    github = GitHub(pull_now=msgspec.structs.replace(PULL, state="closed"), tip=None, comment_now=said)
    await withdrawn(github, removed(), tries=1)
    assert github.did == ["close #100 as not_planned", "no lockstep:failed"]
    over = GitHub(pull_now=None, tip=None, issue_now=msgspec.structs.replace(ISSUE, state="closed", labels=()))
    await withdrawn(over, removed(), tries=1)
    assert over.did == []


@pytest.mark.parametrize(
    ("github", "state"),
    [
        (GitHub(tip=THEIRS), {}),
        (GitHub(pull_now=msgspec.structs.replace(PULL, head_sha=THEIRS)), {}),
        (GitHub(), {"assignee": "ben", "state": "needs_human"}),
        (GitHub(), {"assignee": "ben", "state": "needs_human", "heads": ()}),
    ],
    ids=["somebody's branch", "somebody's head", "handed to a person", "a person's own"],
)
async def test_what_is_a_persons_stays(github: GitHub, state: dict[str, object]) -> None:
    await withdrawn(github, removed(**state))
    assert github.did == LEFT


def overtaken() -> GitHub:
    """An attempt was over before anybody heard that it had pushed."""
    return GitHub(tip=THEIRS, pull_now=msgspec.structs.replace(PULL, head_sha=THEIRS))


async def test_what_an_attempt_pushed_that_was_over_by_then_goes_too() -> None:
    github = overtaken()
    await withdrawn(github, removed(), commits=("", THEIRS, "c" * 40))
    assert github.did == ALL


@pytest.mark.parametrize(
    ("commits", "kind", "did"),
    [((THEIRS,), "discarded", ["closed #5", "delete lockstep/platform-7/a"]), ((), "stalled", [])],
)
async def test_so_does_what_makes_place_for_a_new_attempt(commits: tuple[str, ...], kind: str, did: list[str]) -> None:
    github, run = overtaken(), in_review(task("a"))
    state = msgspec.structs.replace(run.tasks["a"], discarding=5)
    outcome = await branches.discard(cast("Any", Parts(github, Steps(commits))), run, run.plan.by_id["a"], state)
    assert ([happening.kind for happening in outcome.happened], github.did) == ([kind], did)


async def test_an_issue_that_people_made_stays_open() -> None:
    github, run = GitHub(), removed()
    spec = msgspec.structs.replace(task("a"), issue=100)
    await former.withdraw(cast("Any", Parts(github)), run, spec, run.former["a"], due("withdraw"))
    assert github.did == ["closed #5", "delete lockstep/platform-7/a", "no lockstep:failed"]


async def test_a_merge_that_was_quicker_is_told_and_nothing_is_closed() -> None:
    github = GitHub(pull_now=msgspec.structs.replace(PULL, state="closed", merged=True, merge_sha="m"))
    assert (await withdrawn(github, removed())).happened == (Happening(kind="merged", sha="m"),)
    assert github.did == []


async def test_what_was_in_the_making_is_asked_for_its_number_and_nothing_is_begun() -> None:
    github, run = GitHub(found=ISSUE), removed()
    parts, spec = cast("Any", Parts(github)), task("a")
    assert (await former.look(parts, run, spec, due("track", 1))).happened == (Happening(kind="tracked", number=100),)
    assert (await former.look(parts, run, spec, due("open_pull", 1))).happened == (Happening(kind="opened", number=5),)
    for begun in (due("track"), due("open_pull"), due("merge", 1), due("attempt", 1)):
        assert await former.look(parts, run, spec, begun) is former.GONE
    foreign = GitHub(pull_now=msgspec.structs.replace(PULL, body=""))
    assert await former.look(cast("Any", Parts(foreign)), run, spec, due("open_pull", 1)) is former.GONE
    assert github.did == []


async def test_a_label_that_was_on_its_way_leaves_none_that_stood_before() -> None:
    github, run = GitHub(), removed()
    effects = Effects(cast("Any", Parts(github)), cast("Any", None))
    await effects.carry_out(Board(run), due("label"))
    assert github.did == ["no lockstep:failed"]
