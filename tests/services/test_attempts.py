"""services/engine/attempts.py: one attempt from fetch to push, against real repositories over HTTP."""

import dataclasses
import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from services.agents import Outcome, Work
from services.agents.box import Box
from services.agents.bubblewrap import BubblewrapBox
from services.engine.attempts import attempt
from services.errors import AgentError, GitError
from services.registry import Registry
from tests.kit.attempting import BRANCH, REPO, START, Ground, Ticking, open_ground, order
from tests.kit.githttp import TOKEN


@pytest.fixture
async def ground() -> AsyncIterator[Ground]:
    async with open_ground() as made:
        yield made


@pytest.fixture
async def boxed(ground: Ground) -> Ground:
    box = BubblewrapBox()
    if shutil.which("bwrap") is None or await box.probe() is not None:
        pytest.skip("bubblewrap is not installed or may not make user namespaces here")
    return dataclasses.replace(ground, box=box)


async def test_a_good_attempt_is_pushed(ground: Ground) -> None:
    base = ground.host.tip(REPO, "main")
    result = await ground.attempt(
        order("echo currency >> src/app.py; echo done", paths=("src/**",), verify="grep -q currency src/app.py")
    )
    assert result.kind == "pushed", result.reason
    assert (result.fence, result.base_sha, result.exit_code) == (7, base, 0)
    assert result.head_sha == ground.host.tip(REPO, BRANCH)
    assert [change.path for change in result.files] == ["src/app.py"]
    assert "done" in result.log
    assert result.seconds > 0
    assert "lockstep[bot]" in ground.host.show(REPO, BRANCH)
    assert ground.host.tip(REPO, "main") == base


async def test_tokens_are_asked_for_one_repository_and_only_what_is_needed(ground: Ground) -> None:
    await ground.attempt(order("echo x > x"))
    assert ground.asked == [(REPO, {"contents": "read"}), (REPO, {"contents": "write"})]
    ground.asked.clear()
    await ground.attempt(order("exit 1"))
    assert ground.asked == [(REPO, {"contents": "read"})]


async def test_an_attempt_that_changes_nothing_says_so(ground: Ground) -> None:
    result = await ground.attempt(order("cat README.md; touch src/app.py", verify="exit 1"))
    assert (result.kind, result.reason) == ("unchanged", "The agent changed nothing.")
    assert ground.host.tip(REPO, BRANCH) == ""


async def test_a_script_that_fails_pushes_nothing(ground: Ground) -> None:
    result = await ground.attempt(order("echo x > x; echo broken >&2; exit 3"))
    assert (result.kind, result.exit_code) == ("failed", 3)
    assert result.reason == "The script ended with exit code 3: broken"
    assert "broken" in result.log
    assert ground.host.tip(REPO, BRANCH) == ""


async def test_a_script_that_hangs_is_stopped(ground: Ground) -> None:
    result = await ground.attempt(order("echo x > x; sleep 30", timeout=3))
    assert result.kind == "timed_out"
    assert ground.host.tip(REPO, BRANCH) == ""


async def test_the_tasks_time_includes_the_verification(ground: Ground) -> None:
    result = await ground.attempt(order("echo x > x", timeout=2, verify="true"))
    assert (result.kind, result.reason) == ("timed_out", "The task's 2 s were over.")


async def test_a_verification_that_fails_pushes_nothing(ground: Ground) -> None:
    result = await ground.attempt(order("echo x > x; echo from the script", verify="echo 3 tests failed; exit 4"))
    assert (result.kind, result.exit_code) == ("failed", 4)
    assert result.reason == "The verification ended with exit code 4: 3 tests failed"
    assert result.log == "from the script\n\n--- verify ---\n3 tests failed\n"
    assert ground.host.tip(REPO, BRANCH) == ""


async def test_what_the_verification_leaves_behind_is_not_committed(ground: Ground) -> None:
    result = await ground.attempt(order("echo x > x", verify="echo changed > x; echo left > report.xml; rm README.md"))
    assert result.kind == "pushed"
    assert ground.host.show(REPO, f"{BRANCH}:x") == "x"
    assert [change.path for change in result.files] == ["x"]


async def test_files_outside_the_tasks_paths_are_refused(ground: Ground) -> None:
    result = await ground.attempt(order("for f in a b c d e; do echo x > $f; done; echo y > src/y", paths=("src/**",)))
    assert (result.kind, result.reason) == ("refused", "The task's paths do not cover a, b, c and 2 more.")
    assert ground.host.tip(REPO, BRANCH) == ""


async def test_sec_06_protected_paths_go_to_a_person_until_somebody_allows_them(ground: Ground) -> None:
    script = "mkdir -p .github/workflows; echo 'on: push' > .github/workflows/ci.yml"
    result = await ground.attempt(order(script))
    assert result.kind == "refused"
    assert result.reason.startswith("A person has to look at .github/workflows/ci.yml: ")
    assert ground.host.tip(REPO, BRANCH) == ""
    assert (await ground.attempt(order(script, protected=False))).kind == "pushed"


@pytest.mark.parametrize(
    "script",
    [
        "ln -s /etc/passwd notes.md",
        "rm README.md; mkfifo README.md",
        "mkdir -p src/.GIT; echo '[core]' > src/.GIT/config",
        "chmod u+s README.md",
    ],
)
async def test_sec_12_a_hostile_result_is_refused(ground: Ground, script: str) -> None:
    result = await ground.attempt(order(script))
    assert result.kind == "refused"
    assert result.reason.startswith("The result is not taken: ")
    assert ground.host.tip(REPO, BRANCH) == ""


async def test_doing_it_again_after_a_crash_finds_its_own_commit(ground: Ground) -> None:
    first = await ground.attempt(order("echo x > x"))
    ground.host.asked.clear()
    again = await ground.attempt(order("echo x > x"))
    assert (again.kind, again.head_sha) == ("pushed", first.head_sha)
    assert ground.host.asked
    assert not [path for path in ground.host.asked if "receive-pack" in path]


async def test_doing_it_again_from_a_newer_base_replaces_its_own_commit(ground: Ground) -> None:
    first = await ground.attempt(order("echo x > x"))
    base = ground.host.commit(REPO, {"other.txt": "meanwhile\n"})
    again = await ground.attempt(order("echo x > x"))
    assert again.kind == "pushed", again.reason
    assert again.head_sha != first.head_sha
    assert again.base_sha == base
    assert ground.host.tip(REPO, BRANCH) == again.head_sha


async def test_a_later_attempt_replaces_what_an_earlier_one_left(ground: Ground) -> None:
    """Also when that one was stopped between its push and the moment it was written down."""
    await ground.attempt(order("echo x > x"))
    result = await ground.attempt(order("echo y > x", attempt=2, when=START + timedelta(hours=1)))
    assert result.kind == "pushed"
    assert ground.host.tip(REPO, BRANCH) == result.head_sha


async def test_sec_47_somebody_elses_commit_stays(ground: Ground) -> None:
    first = await ground.attempt(order("echo x > x"))
    foreign = ground.host.commit(REPO, {"x": "mine\n"}, branch=BRANCH, message="Add currency\n\nTask: schema")
    result = await ground.attempt(order("echo x > x", replaces=(first.head_sha,)))
    assert result.kind == "refused"
    assert result.reason == f"Somebody else has pushed to {BRANCH}; their commit {foreign[:12]} was left as it is."
    assert ground.host.tip(REPO, BRANCH) == foreign


async def test_sec_47_a_push_at_the_same_moment_wins(ground: Ground) -> None:
    pushed: list[str] = []

    async def squat() -> None:
        if len(ground.host.seen) == squat_at and not pushed:
            pushed.append(ground.host.commit(REPO, {"x": "mine\n"}, branch=BRANCH))

    await ground.attempt(order("echo x > x"))
    total = len(ground.host.seen)
    shutil.rmtree(ground.host.bare(REPO))
    ground.host.create(REPO)
    ground.host.seen.clear()
    squat_at = total - 1
    ground.host.on_request = squat
    result = await ground.attempt(order("echo x > x"))
    assert pushed
    assert result.kind == "refused"
    assert ground.host.tip(REPO, BRANCH) == pushed[0]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"agent": "nobody"}, "There is no agent `nobody`"),
        ({"base": "nope"}, "acme/api has no branch nope"),
        ({"base": "--upload-pack=x"}, "is not a branch name"),
    ],
)
async def test_an_order_that_can_never_work_has_failed(ground: Ground, fields: dict[str, Any], said: str) -> None:
    result = await ground.attempt(order("echo x > x", **fields))
    assert result.kind == "failed"
    assert said in result.reason


async def test_a_script_without_text_has_failed(ground: Ground) -> None:
    result = await ground.attempt(order(""))
    assert (result.kind, result.reason) == (
        "failed",
        "Task `schema` has the agent `script` but no `run:` with its commands.",
    )


async def test_no_answer_from_the_host_is_no_result(ground: Ground) -> None:
    ground.host.token = "another"
    with pytest.raises(GitError):
        await ground.attempt(order("echo x > x"))


async def test_no_box_is_no_result(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    ground.box = BubblewrapBox()
    which = shutil.which
    monkeypatch.setattr("shutil.which", lambda name, **kw: None if name == "bwrap" else which(name, **kw))
    with pytest.raises(AgentError):
        await ground.attempt(order("echo x > x"))
    assert list(ground.mirrors.attempts.iterdir()) == []


async def test_an_agent_gets_files_and_a_note_and_nothing_else(ground: Ground) -> None:
    class Noting:
        async def run(self, work: Work, box: Box) -> Outcome:
            seen.append(
                (sorted(path.name for path in work.files.rglob("*")), work.note, work.seconds <= work.task.timeout)
            )
            return Outcome(ok=True, summary="looked")

    seen: list[tuple[list[str], str, bool]] = []
    agents: Registry[Any] = Registry("agent")
    agents.add("noting", Noting())
    given = order("", agent="noting", note="a test failed")
    result = await attempt(
        given, mirrors=ground.mirrors, box=ground.box, agents=agents, token=ground.token, clock=Ticking()
    )
    assert result.kind == "unchanged"
    assert seen == [(["Makefile", "README.md", "app.py", "src"], "a test failed", True)]


@pytest.mark.bubblewrap
async def test_a_whole_attempt_in_the_real_box(boxed: Ground) -> None:
    script = (
        "sed -i s/hello/hullo/ README.md; python3 -c \"open('new.txt', 'w').write('n')\"; touch __pycache__ 2>/dev/null"
    )
    result = await boxed.attempt(order(script, verify="grep -q hullo README.md && touch left"))
    assert result.kind == "pushed", result.reason + result.log
    assert boxed.host.show(REPO, f"{BRANCH}:README.md") == "hullo"


@pytest.mark.bubblewrap
async def test_a_script_in_the_real_box_cannot_write_outside_its_files(boxed: Ground) -> None:
    outside = boxed.top / "outside"
    outside.mkdir(mode=0o777)
    outside.chmod(0o777)
    beyond = [f"{outside}/x", "../x", f"{boxed.mirrors.root}/x"]
    script = "; ".join(["echo x > inside", *(f"echo x > {path} || true" for path in beyond)])
    script += f"; cat {boxed.host.bare(REPO)}/HEAD || true"
    result = await boxed.attempt(order(script))
    assert result.kind == "pushed"
    assert [change.path for change in result.files] == ["inside"]
    assert list(outside.iterdir()) == []
    assert "ref:" not in result.log


@pytest.mark.bubblewrap
async def test_sec_10_no_token_is_within_reach_of_the_real_box(boxed: Ground) -> None:
    result = await boxed.attempt(
        order("env; cat /proc/*/environ /proc/*/cmdline | tr '\\0' '\\n'; grep -r ghs_ . || true; echo x > x")
    )
    assert result.kind == "pushed"
    assert TOKEN not in result.log
    assert "GIT_" not in result.log
