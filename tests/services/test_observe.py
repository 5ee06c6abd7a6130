"""services/engine/observe.py: which head a pull request has, and whose that is."""

from dataclasses import dataclass, field
from typing import Any, cast

import msgspec

from services.core.gate import put_back_in
from services.core.task_state import TaskState
from services.engine.observe import Observer
from services.github.infos import AppInfo, CheckInfo, PullInfo, RepoInfo
from tests.kit.plans import NOW, happen, in_review, task

EARLIER, NEWEST, OVERTAKEN = "a" * 40, "b" * 40, "c" * 40
PULL = PullInfo(
    id="5", number=5, url="", state="open", merged=False, merge_sha="", head_sha=EARLIER, head_ref="one",
    head_repo="acme/api", base_ref="main", base_sha="", mergeable=None, mergeable_state="unknown", draft=False,
    labels=(), title="", body="",
)  # fmt: skip
REPO = RepoInfo(
    id="1", full_name="acme/api", default_branch="main", private=False, archived=False,
    allow_merge_commit=True, allow_squash_merge=True, allow_rebase_merge=True,
)  # fmt: skip
RUNNING = CheckInfo(
    id="1", name="test", status="in_progress", conclusion="", app_id="15368", app_slug="github-actions", url="",
    external_id="",
)  # fmt: skip


@dataclass
class GitHub:
    """`remembered` is what its cache holds of the head, `now` what GitHub says; `asked` are the fresh reads."""

    remembered: str
    now: str
    asked: list[int] = field(default_factory=list)
    is_left: bool = False

    @property
    def reads(self) -> "GitHub":
        return self

    def ranked(self, rank: str) -> "GitHub":
        return self

    async def prepare_pull(self, repo: str, number: int) -> None:
        return None

    async def pull(self, repo: str, number: int, *, fresh: bool) -> PullInfo:
        self.asked += [number] if fresh else []
        return msgspec.structs.replace(PULL, head_sha=self.now if fresh else self.remembered)

    async def repository(self, repo: str) -> RepoInfo:
        return REPO

    async def checks(self, repo: str, sha: str, *, fresh: bool) -> tuple[CheckInfo, ...]:
        return (RUNNING,)

    async def left_queue(self, repo: str, number: int, sha: str) -> bool:
        return self.is_left

    async def app(self) -> AppInfo:
        return AppInfo(id="1", slug="lockstep")


class Clock:
    def now(self) -> object:
        return NOW


class Steps:
    """An attempt that is over was about to push `OVERTAKEN`."""

    async def each_left(self, *_: str) -> list[bytes]:
        return [b'{"sha":""}', msgspec.json.encode({"sha": OVERTAKEN})]


@dataclass
class Parts:
    github: GitHub
    clock: Clock = field(default_factory=Clock)
    checkpoints: Steps = field(default_factory=Steps)


def renewed() -> TaskState:
    current = happen(in_review(task("a"), head=EARLIER), "a", "rebasing").run
    return happen(current, "a", "rebased", sha=NEWEST, fence=current.tasks["a"].fence).run.tasks["a"]


async def test_what_is_remembered_of_an_earlier_head_is_asked_anew() -> None:
    github = GitHub(remembered=EARLIER, now=NEWEST)
    fact = await Observer(cast("Any", Parts(github))).pull("acme/api", renewed())
    assert (fact.head_sha, put_back_in(renewed(), fact), github.asked) == (NEWEST, None, [5])


async def test_an_earlier_head_that_github_shows_now_counts_from_then_on() -> None:
    github, now = GitHub(remembered=EARLIER, now=EARLIER), renewed()
    fact = await Observer(cast("Any", Parts(github))).pull("acme/api", now)
    assert (fact.head_sha, fact.seen_at) == (EARLIER, NOW)
    assert put_back_in(now, fact) == 60.0


async def test_any_other_head_is_asked_for_once() -> None:
    for head in (NEWEST, "f" * 40):
        github = GitHub(remembered=head, now=head)
        fact = await Observer(cast("Any", Parts(github))).pull("acme/api", renewed())
        assert (fact.head_sha, fact.seen_at, github.asked) == (head, None, [])


async def test_what_an_attempt_pushed_that_was_over_by_then_is_nobody_elses() -> None:
    run = in_review(task("a"))
    for head, is_ours in ((OVERTAKEN, True), ("f" * 40, False)):
        observer = Observer(cast("Any", Parts(GitHub(remembered=head, now=head))))
        assert (await observer.pull("acme/api", run.tasks["a"], run=run)).overtaken is is_ours


async def test_of_what_is_in_a_merge_queue_it_is_asked_whether_it_still_is() -> None:
    queued = happen(in_review(task("a"), head=EARLIER), "a", "enqueued", sha=EARLIER).run.tasks["a"]
    for now, is_left in ((queued, True), (queued, False), (in_review(task("a"), head=EARLIER).tasks["a"], True)):
        github = GitHub(remembered=EARLIER, now=EARLIER, is_left=is_left)
        fact = await Observer(cast("Any", Parts(github))).pull("acme/api", now)
        assert fact.left_queue is (is_left and bool(now.queued))
