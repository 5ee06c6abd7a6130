"""Failed checks are repaired: what is nobody's fault runs again, what an agent can put right goes back to it, what the
base fails too waits for it; and what all of that does not help comes to a person with what was tried.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.kit.model import Answer, providing
from tests.kit.story import CI, FILES, Story
from tests.stories.test_pull_reactions import comments

LOST = "echo 'fatal: unable to access https://example.org/: Could not resolve host: example.org'; exit 128"
RED = "echo 'FAILED tests/test_prices.py::test_rounds - AssertionError'; exit 1"
PLAN = "- [ ] **one** Write · run: echo 1 > one.txt; touch broken\n"
ON_PUSH = CI.replace("on: pull_request", "on: [push, pull_request]")


async def test_a_job_that_lost_the_network_runs_again_and_is_merged_without_a_person(story: Story) -> None:
    flaky = f'test "$GITHUB_RUN_ATTEMPT" != 1 || {{ {LOST}; }}\n'
    await story.begin({"acme/api": {**FILES, "test.sh": flaky}})
    await story.run(PLAN)
    await story.until("**Done.**")
    (pull,) = story.pulls()
    assert comments(story, pull.number) == []
    plans = await story.bot.engine.plans(1)
    told = [(each.kind, each.text) for each in await story.bot.engine.history(plans[0][0].id)]
    again = "check `test` failed: runner or network; its failed jobs run again (1 of 3)"
    assert [kind for kind, text in reversed(told) if kind in {"mended", "broke"} or text == again] == [
        "mending",
        "mended",
    ]


async def test_what_fails_in_the_same_way_again_comes_to_a_person_with_what_was_tried(story: Story) -> None:
    await story.begin({"acme/api": {**FILES, "test.sh": f"test ! -e broken || {{ {RED}; }}\n"}})
    await story.run(PLAN)
    await story.until("**Stopped:", "check `test` failed")
    (pull,) = story.pulls()
    await story.until(lambda: comments(story, pull.number))
    (said,) = comments(story, pull.number)
    assert (
        "check `test` (`test_failure`): run only the failed jobs again, on the same commit (1 of 1) — it did not help"
        in said
    )
    assert pull.pull is not None
    assert f"git switch {pull.pull.head_ref}\n" in said
    runs = await story.hub.do(lambda: [run.run_attempt for run in story.hub.sandbox.state.runs.values()])
    assert max(runs) == 2
    await story.commit("acme/api", {"test.sh": "true\n"})
    assert await story.ask("/lockstep retry one") == "+1"
    await story.until("**Done.**")


async def test_without_the_right_to_run_jobs_again_a_person_is_told(story: Story) -> None:
    await story.begin({"acme/api": {**FILES, "test.sh": f"{LOST}\n"}})
    await story.hub.fault("error", method="POST", path=r"/rerun-failed-jobs$", status=403)
    await story.run(PLAN)
    await story.until("check `test` failed, and its jobs can't be run again")


@pytest.mark.parametrize("lost", ["error", "late_error"], ids=["the request", "the answer"])
async def test_a_rerun_outlives_the_process_and_is_made_once(story: Story, lost: str) -> None:
    flaky = f'test "$GITHUB_RUN_ATTEMPT" != 1 || {{ {LOST}; }}\n'
    await story.begin({"acme/api": {**FILES, "test.sh": flaky}})
    await story.hub.fault(lost, method="POST", path=r"/rerun-failed-jobs$", status=502, count=1)
    await story.run(PLAN)
    await story.until("its failed jobs run again (1 of 3)")
    await story.stop()
    await story.start()
    await story.until("**Done.**")
    runs = await story.hub.do(lambda: [run.run_attempt for run in story.hub.sandbox.state.runs.values()])
    assert max(runs) == 2


FAILS = "test ! -e bad.txt || { echo 'FAILED tests/test_prices.py::test_rounds - AssertionError'; exit 1; }\n"
BAD = Answer(calls=(("edit", {"path": "bad.txt", "old": "", "new": "bad\n"}),))
GOOD = Answer(calls=(("edit", {"path": "good.txt", "old": "", "new": "good\n"}),))
DONE = Answer(text="Written.")


async def test_an_agent_puts_right_what_the_tests_tell(story: Story) -> None:
    async with providing(BAD, DONE, GOOD, DONE) as provider:
        await story.begin(
            {"acme/api": {**FILES, "test.sh": FAILS}}, model="openai:gpt-4o", model_url=provider.url, model_key="sk-1"
        )
        await story.run("- [ ] **x** Write hello · agent: coder\n")
        await story.until("**Done.**")
        assert "FAILED tests/test_prices.py::test_rounds" in str(provider.asked[2])
        assert "FAILED tests/test_prices.py::test_rounds" not in str(provider.asked[0])
    assert await story.file("acme/api", "good.txt") == "good\n"
    assert len(story.pulls()) == 1


async def test_an_agent_that_fails_the_same_test_again_hands_over(story: Story) -> None:
    async with providing(BAD, DONE, BAD, DONE) as provider:
        await story.begin(
            {"acme/api": {**FILES, "test.sh": FAILS}}, model="openai:gpt-4o", model_url=provider.url, model_key="sk-1"
        )
        await story.run("- [ ] **x** Write hello · agent: coder\n")
        await story.until("**Stopped:", "check `test` failed")
        assert len(provider.asked) == 4
    (pull,) = story.pulls()
    await story.until(lambda: "it did not help" in "".join(comments(story, pull.number)))


async def test_what_the_base_fails_too_waits_for_it_and_goes_on(story: Story) -> None:
    files = {**FILES, "test.sh": "echo '1 failed, 2 passed'; exit 1\n", ".github/workflows/ci.yml": ON_PUSH}
    await story.begin({"acme/api": files})
    await story.commit("acme/api", {"README.md": "# Changed\n"})
    await story.settled()
    await story.run("- [ ] **one** Write · run: echo 1 > one.txt\n")
    await story.until("and so it does on its base branch: it waits until that is repaired")
    await story.settled()
    assert not story.merges
    await story.commit("acme/api", {"test.sh": "true\n"})
    await story.until("**Done.**")
    (pull,) = story.pulls()
    assert comments(story, pull.number) == []


async def test_attempts_failures_and_repairs_are_counted_for_who_runs_the_bot(story: Story) -> None:
    flaky = f'test "$GITHUB_RUN_ATTEMPT" != 1 || {{ {LOST}; }}\n'
    await story.begin({"acme/api": {**FILES, "test.sh": flaky}})
    await story.run(PLAN)
    await story.until("**Done.**")
    async with story.hub.session.get(f"{story.bot.url}/metrics") as answer:
        said = await answer.text()
    for line in (
        'lockstep_recoveries_total{outcome="worked",strategy="rerun_failed"} 1.0',
        'lockstep_attempts_total{agent="script",outcome="begun"} 1.0',
        'lockstep_attempts_total{agent="script",outcome="merged"} 1.0',
        'lockstep_failures_total{class="runner"} 1.0',
    ):
        assert line in said


LIST = "alpha==1\nbravo==1\ndelta==1\necho==1\n"
ADDS = "- [ ] **one** Add foxtrot · run: echo foxtrot==1 >> requirements.txt\n"


@pytest.mark.parametrize("verify", ["", "false"], ids=["is pushed", "is not pushed when the tests say no"])
async def test_what_two_sides_added_to_a_list_is_merged_by_rules_and(story: Story, verify: str) -> None:
    settings = f"approvals:\n  required: 1\nrecovery:\n  verify: '{verify}'\n"
    ci = CI.replace("sh test.sh", "grep -q golf requirements.txt || sleep 1")
    await story.begin({
        "acme/api": {**FILES, "requirements.txt": LIST, ".github/lockstep.yml": settings, ".github/workflows/ci.yml": ci}
    })  # fmt: skip
    await story.hub.fault("error", method="PUT", path=r"/pulls/\d+/merge$", status=502, count=3)
    await story.run(ADDS)
    await story.until(story.pulls)
    await story.commit("acme/api", {"requirements.txt": LIST + "golf==1\n"}, by="bea")
    if verify:
        await story.until("needs a person: The verification ended with exit code 1")
        (pull,) = story.pulls()
        assert pull.pull is not None
        assert await story.file("acme/api", "requirements.txt", pull.pull.head_ref) == LIST + "foxtrot==1\n"
        return
    await story.until("**Done.**")
    assert await story.file("acme/api", "requirements.txt") == LIST + "foxtrot==1\ngolf==1\n"
    assert len(story.pulls()) == 1


async def test_a_file_that_a_tool_writes_is_made_anew_where_it_conflicts(story: Story) -> None:
    join = "cat a.txt b.txt > all.lock"
    settings = f"recovery:\n  generated:\n    all.lock: {join}\n"
    ci = CI.replace("sh test.sh", "cat a.txt b.txt | cmp - all.lock; grep -q 3 b.txt || sleep 1")
    files = {"a.txt": "1\n", "b.txt": "1\n", "all.lock": "1\n1\n", ".github/lockstep.yml": settings}
    await story.begin({"acme/api": {**FILES, **files, ".github/workflows/ci.yml": ci}})
    await story.hub.fault("error", method="PUT", path=r"/pulls/\d+/merge$", status=502, count=3)
    await story.run(f"- [ ] **one** Raise it · run: echo 2 > a.txt; {join}\n")
    await story.until(story.pulls)
    await story.commit("acme/api", {"b.txt": "3\n", "all.lock": "1\n3\n"}, by="bea")
    await story.until("**Done.**")
    assert await story.file("acme/api", "all.lock") == "2\n3\n"
    assert len(story.pulls()) == 1


PRICE = Answer(calls=(("edit", {"path": "a.txt", "old": "price = 1", "new": "price = 2"}),))
READS = Answer(calls=(("read", {"path": "a.txt"}),))


def resolves(body: Mapping[str, Any]) -> Answer:
    """Both sides of what stands between git's markers."""
    (marked,) = re.findall(r"<{7} .*?>{7} \w+\n", str(body["messages"][-1]["content"]), re.DOTALL)
    return Answer(calls=(("edit", {"path": "a.txt", "old": marked, "new": "cost = 2\n"}),))


@pytest.mark.parametrize("leaves", [False, True], ids=["and merged", "and not pushed while marks are left"])
async def test_what_rules_leave_is_resolved_by_the_agent_with_both_sides_before_it(story: Story, leaves: bool) -> None:
    ci = CI.replace("sh test.sh", "grep -q cost a.txt || sleep 1")
    answers: tuple[Answer | Callable[[Mapping[str, Any]], Answer], ...] = (
        PRICE,
        DONE,
        READS,
        *([] if leaves else [resolves]),
        DONE,
        PRICE,
        DONE,
    )
    async with providing(*answers) as provider:
        files = {**FILES, "a.txt": "price = 1\n", ".github/workflows/ci.yml": ci}
        await story.begin({"acme/api": files}, model="openai:gpt-4o", model_url=provider.url, model_key="sk-1")
        await story.hub.fault("error", method="PUT", path=r"/pulls/\d+/merge$", status=502, count=3)
        await story.run("- [ ] **x** Raise the price · agent: coder\n")
        await story.until(story.pulls)
        await story.commit("acme/api", {"a.txt": "cost = 1\n"}, by="bea")
        if leaves:
            await story.until("**Stopped:", "needs a person")
            (pull,) = story.pulls()
            assert pull.pull is not None
            assert await story.file("acme/api", "a.txt", pull.pull.head_ref) == "price = 2\n"
            return
        await story.until("**Done.**")
        assert "Raise the price" in provider.said(2)
        assert await story.file("acme/api", "a.txt") == "cost = 2\n"
        await story.commit("acme/api", {"a.txt": "price = 1\n"}, by="bea")
        await story.hub.fault("error", method="PUT", path=r"/pulls/\d+/merge$", status=502, count=3)
        await story.run("- [ ] **x** Raise the price again · agent: coder\n")
        await story.until(lambda: len(story.pulls()) == 2)
        await story.commit("acme/api", {"a.txt": "cost = 1\n"}, by="bea")
        await story.until("**Done.**")
        assert len(provider.asked) == 7, "the same conflict is resolved as it was before"
    assert await story.file("acme/api", "a.txt") == "cost = 2\n"
    assert len(story.pulls()) == 2


UNFORMATTED = "test ! -e bad.py || { echo 'would reformat bad.py'; echo '1 file would be reformatted'; exit 1; }\n"


async def test_the_repositorys_own_fixer_puts_a_scripts_work_right(story: Story) -> None:
    settings = "recovery:\n  fixer: mv bad.py good.py\n"
    await story.begin({"acme/api": {**FILES, "test.sh": UNFORMATTED, ".github/lockstep.yml": settings}})
    await story.run("- [ ] **one** Write · run: echo 1 > bad.py\n")
    await story.until("**Done.**")
    assert await story.file("acme/api", "good.py") == "1\n"
    assert len(story.pulls()) == 1


async def test_what_a_person_pushes_who_may_approve_plans_goes_on_by_itself(story: Story) -> None:
    await story.begin(roles={"ana": "maintain", "bea": "maintain"})
    await story.run(PLAN)
    await story.until("needs a person: check `test` failed")
    (pull,) = story.pulls()
    assert pull.pull is not None
    sha = await story.commit("acme/api", {"broken": None}, branch=pull.pull.head_ref, by="bea")
    await story.until("**Done.**")
    assert await story.file("acme/api", "one.txt") == "1\n"
    plans = await story.bot.engine.plans(1)
    told = [(each.actor, each.text) for each in await story.bot.engine.history(plans[0][0].id)]
    assert ("bea", f"`bea` pushed {sha[:7]}, and may approve such plans") in told


@pytest.mark.parametrize(
    "who", ["helper[bot]", "bea"], ids=["a bot pushed", "somebody pushed who may not approve plans"]
)
async def test_it_goes_on_once_another_has_approved_that_commit_which(story: Story, who: str) -> None:
    await story.begin(roles={"ana": "maintain", "bea": "write", "eve": "read", "helper[bot]": "write"})
    story.hub.sandbox.state.accounts["helper[bot]"].type = "Bot"
    await story.run(PLAN)
    await story.until("needs a person: check `test` failed")
    (pull,) = story.pulls()
    assert pull.pull is not None
    await story.commit("acme/api", {"broken": None}, branch=pull.pull.head_ref, by=who)
    await story.until("who can write here and did not push it approves that commit in a review")
    await story.review(pull.number, by="eve")
    if who == "bea":
        await story.review(pull.number, by=who)
    await story.settled()
    assert not story.merges
    await story.review(pull.number, by="ana")
    await story.until("**Done.**")
    assert await story.file("acme/api", "one.txt") == "1\n"


async def test_who_lost_the_right_before_the_merge_answers_for_no_push(story: Story) -> None:
    await story.begin(roles={"ana": "maintain", "bea": "maintain"})
    await story.run(PLAN)
    await story.until("needs a person: check `test` failed")
    assert await story.ask("/lockstep hold one") == "+1"
    (pull,) = story.pulls()
    assert pull.pull is not None
    await story.commit("acme/api", {"broken": None}, branch=pull.pull.head_ref, by="bea")
    await story.until("is held; `/lockstep resume one` lets it go")
    await story.hub.do(story.hub.scenario.collaborator, story.repo(), "bea", "write")
    assert await story.ask("/lockstep resume one") == "+1"
    await story.until("needs a person: nobody answers any more for what was pushed to its branch")
    await story.review(pull.number, by="bea")
    await story.settled()
    assert not story.merges
    await story.review(pull.number, by="ana")
    await story.until("**Done.**")


async def test_jobs_that_a_person_runs_again_and_that_pass_take_the_task_on(story: Story) -> None:
    await story.begin({"acme/api": {**FILES, "test.sh": f'test "$GITHUB_RUN_ATTEMPT" -ge 3 || {{ {RED}; }}\n'}})
    await story.run("- [ ] **one** Write · run: echo 1 > one.txt\n")
    await story.until("**Stopped:", "needs a person: check `test` failed")
    await story.settled()
    (run,) = await story.hub.do(lambda: list(story.hub.sandbox.state.runs))
    await story.hub.ok("POST", f"/repos/acme/api/actions/runs/{run}/rerun-failed-jobs", {}, who="ana")
    await story.until("**Done.**")


BREAKS = """\
test ! -e one.txt || case "$GITHUB_HEAD_REF" in */one | revert*) ;; *) echo '1 failed, 2 passed'; exit 1 ;; esac
"""


async def test_what_broke_its_base_is_proposed_to_be_taken_back(story: Story) -> None:
    on_main = CI.replace("on: pull_request", "on:\n  push:\n    branches: [main]\n  pull_request:")
    await story.begin({"acme/api": {**FILES, "test.sh": BREAKS, ".github/workflows/ci.yml": on_main}})
    await story.commit("acme/api", {"README.md": "# Changed\n"})
    await story.settled()
    await story.run(
        "- [ ] **one** Write · run: echo 1 > one.txt\n- [ ] **two** Write · run: echo 2 > two.txt · needs: one\n"
    )
    await story.until("and so it does on its base branch")
    await story.until(lambda: len(story.pulls()) == 3)
    revert = story.pulls()[-1]
    assert revert.title.startswith("Revert: Write")
    await story.hub.ok("PUT", f"/repos/acme/api/pulls/{revert.number}/merge", {}, who="ana")
    await story.until("**Done.**")
