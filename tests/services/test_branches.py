"""services/engine/branches.py: only what GitHub itself made of our head and the base is taken for ours."""

from dataclasses import dataclass, field
from typing import Any, cast

import msgspec
import pytest

from services.core.board import Action
from services.engine.branches import BACK, update
from services.engine.outcome import Outcome
from services.errors import Refused
from services.github.infos import AppInfo, CommitInfo, PullInfo, RepoInfo
from services.store.outbox import Due
from tests.kit.oneself import Oneself
from tests.kit.plans import happen, in_review, task

OURS, BASE, MADE = "a" * 40, "b" * 40, "c" * 40
GOOD = CommitInfo(sha=MADE, parents=(OURS, BASE), author="lockstep[bot]", committer="web-flow", verified=True)
REPO = RepoInfo(
    id="1", full_name="acme/api", default_branch="main", private=False, archived=False,
    allow_merge_commit=True, allow_squash_merge=True, allow_rebase_merge=True,
)  # fmt: skip


def on_main(count: int) -> list[str]:
    """The base, and so many commits that came after it."""
    return [BASE, *(f"{number:040x}" for number in range(1, count + 1))]


@dataclass
class GitHub(Oneself):
    """A pull request whose head has become `made`, while `main` stands at the last of these commits."""

    made: CommitInfo = GOOD
    main: list[str] = field(default_factory=lambda: on_main(0))

    async def pull(self, repo: str, number: int, *, fresh: bool) -> PullInfo:
        return PullInfo(
            id="5", number=number, url="", state="open", merged=False, merge_sha="", head_sha=MADE, head_ref="one",
            head_repo=repo, base_ref="evil", base_sha="", mergeable=None, mergeable_state="unknown", draft=False,
            labels=(), title="", body="",
        )  # fmt: skip

    async def update_branch(self, repo: str, number: int, sha: str) -> None:
        raise Refused(422, "expected head sha didn’t match current head ref.")

    async def app(self) -> AppInfo:
        return AppInfo(id="1", slug="lockstep")

    async def repository(self, repo: str) -> RepoInfo:
        return REPO

    async def branch(self, repo: str, name: str, *, fresh: bool) -> str | None:
        return self.main[-1] if name == "main" and fresh else "d" * 40

    async def commit(self, repo: str, sha: str) -> CommitInfo:
        if sha == MADE:
            return self.made
        at = self.main.index(sha)
        return CommitInfo(sha=sha, parents=tuple(self.main[at - 1 : at]), author="", committer="", verified=False)


@dataclass
class Parts:
    github: GitHub


async def updated(github: GitHub) -> Outcome:
    run = happen(in_review(task("a"), head=OURS), "a", "rebasing").run
    action = Action(key="k", kind="update_branch", task="a", attempt=1, fence=run.tasks["a"].fence, sha=OURS)
    due = Due(run_id=run.id, action=action, tries=0)
    return await update(cast("Any", Parts(github)), run.plan.by_id["a"], run.tasks["a"], due)


@pytest.mark.parametrize("later", [0, 1, BACK])
async def test_what_github_made_of_our_head_and_the_base_is_ours(later: int) -> None:
    outcome = await updated(GitHub(main=on_main(later)))
    assert [(each.kind, each.sha) for each in outcome.happened] == [("rebased", MADE)]


@pytest.mark.parametrize(
    "other",
    [
        {"committer": "mallory"},  # signed with her own key, with our name as the author's
        {"committer": ""},
        {"verified": False},  # not signed, with GitHub's name as the committer's
        {"author": "mallory"},  # she pressed the button herself
        {"parents": (OURS, "e" * 40)},  # of a branch that nobody approved
        {"parents": (BASE, OURS)},
        {"parents": (OURS,)},
    ],
)
async def test_what_anybody_else_made_needs_a_person(other: dict[str, Any]) -> None:
    outcome = await updated(GitHub(made=msgspec.structs.replace(GOOD, **other)))
    assert [each.kind for each in outcome.happened] == ["stalled"]
    assert "somebody else pushed" in outcome.happened[0].text
    assert outcome.look, "what stands there now is judged as anybody's"


async def test_a_base_that_went_too_far_to_be_shown_needs_a_person() -> None:
    assert [each.kind for each in (await updated(GitHub(main=on_main(BACK + 1)))).happened] == ["stalled"]
