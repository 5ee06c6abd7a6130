"""People and pull requests: what failed is told where they look, what they do or ask for there becomes the task's."""

from tests.kit.sight import BOT
from tests.kit.story import FILES, Story
from tests.stories.test_by_hand import waiting_for_a_review
from tests.stories.test_depends_on import summary

RED = "- [ ] **one** Write · run: echo 1 > one.txt; touch broken\n- [ ] **two** Go on · needs: one · run: echo 2 > two.txt\n"
ASKS = "- [ ] **one** Write · run: (echo begun; cat) > one.txt\n"


def comments(story: Story, number: int) -> list[str]:
    """What the bot says on an issue or pull request."""
    return [each.body for each in story.comments("acme/api", number) if each.user == BOT]


def head(story: Story, number: int) -> str:
    """The commit a pull request stands at."""
    return next(each.pull.head_sha for each in story.pulls() if each.number == number and each.pull is not None)


async def test_a_red_check_gets_one_comment_that_is_kept_up_to_date(story: Story) -> None:
    await story.begin()
    await story.run(RED)
    await story.until("check `test` failed")
    (pull,) = story.pulls()
    await story.until(lambda: comments(story, pull.number))
    (said,) = comments(story, pull.number)
    assert "check `test`: failed" in said
    assert "`/lockstep retry one`" in said
    await story.commit("acme/api", {"test.sh": "true\n"})
    assert await story.ask("/lockstep retry one") == "+1"
    await story.until(lambda: len(story.merges) == 2)
    await story.until(lambda: "Nothing holds it back" in comments(story, pull.number)[-1])
    assert len(comments(story, pull.number)) == 1


PRINTS = """\
test ! -e broken && exit 0
cat <<'END'
=================================== FAILURES ===================================
E       AssertionError: assert '1.00' == '1.01' (thanks @octocat, fixes #1 <img src=x>)
=========================== short test summary info ============================
FAILED tests/test_prices.py::test_rounds - AssertionError
========================= 1 failed, 11 passed in 0.41s =========================
END
exit 1
"""


async def test_what_the_log_of_a_red_check_tells_stands_in_the_comment(story: Story) -> None:
    await story.begin({"acme/api": {**FILES, "test.sh": PRINTS}})
    await story.run("- [ ] **one** Write · run: echo 1 > one.txt; touch broken\n")
    await story.until("check `test` failed")
    (pull,) = story.pulls()
    await story.until(lambda: comments(story, pull.number))
    (said,) = comments(story, pull.number)
    assert "check `test`: failed (`test_failure`: tests ran, and some of them failed)" in said
    assert ": `E AssertionError: assert '1.00' == '1.01' (thanks @octocat, fixes #1 <img src=x>)`" in said
    assert len([line for line in said.splitlines() if "log line " in line]) <= 8
    await story.hub.ok("PATCH", f"/repos/acme/api/pulls/{pull.number}", {"state": "closed"}, who="ana")
    await story.until("needs a person: the pull request was closed without merging")
    await story.hub.ok("PATCH", f"/repos/acme/api/pulls/{pull.number}", {"state": "open"}, who="ana")
    await story.until("needs a person: check `test` failed")


async def test_a_repository_names_failures_of_its_own(story: Story) -> None:
    settings = "failures:\n  - text: 'quota of * is used up'\n    class: out_of_resources\n"
    script = "test ! -e broken || { echo 'Quota of builders is used up'; exit 1; }\n"
    await story.begin({"acme/api": {**FILES, "test.sh": script, ".github/lockstep.yml": settings}})
    await story.run("- [ ] **one** Write · run: echo 1 > one.txt; touch broken\n")
    await story.until("check `test` failed")
    (pull,) = story.pulls()
    await story.until(
        lambda: "(`out_of_resources`: memory or disk was used up)" in "".join(comments(story, pull.number))
    )
    assert "`Quota of builders is used up`" in comments(story, pull.number)[0]


async def test_when_a_log_cannot_be_had_the_comment_comes_all_the_same(story: Story) -> None:
    await story.begin({"acme/api": {**FILES, "test.sh": PRINTS}})
    await story.hub.fault("error", method="GET", path=r"/actions/jobs/\d+/logs$", status=502)
    await story.run("- [ ] **one** Write · run: echo 1 > one.txt; touch broken\n")
    await story.until("check `test` failed")
    (pull,) = story.pulls()
    await story.until(lambda: comments(story, pull.number))
    (said,) = comments(story, pull.number)
    assert "check `test`: failed" in said
    assert "log line" not in said


async def test_a_pull_request_that_goes_its_way_gets_no_comment(story: Story) -> None:
    await story.begin()
    await story.run(ASKS)
    await story.until("**Done.**")
    (pull,) = story.pulls()
    assert comments(story, pull.number) == []


async def test_a_person_does_a_task_with_a_pull_request_of_their_own(story: Story) -> None:
    await story.begin(roles={"ana": "maintain", "bea": "write"})
    await story.run("- [ ] **one** Write · run: exit 1\n- [ ] **two** Go on · needs: one · run: echo 2 > two.txt\n")
    await story.until("The script ended with exit code 1")
    issue = next(each.number for each in story.issues() if each.title == "Write")
    await story.commit("acme/api", {"one.txt": "by hand\n"}, branch="by-hand", by="bea")
    asked = {"title": "By hand", "head": "by-hand", "base": "main", "body": f"Lockstep-Task: #{issue}"}
    made = await story.hub.ok("POST", "/repos/acme/api/pulls", asked, who="bea")
    await story.until(f"`bea` does it in #{made['number']}")
    await story.settled()
    assert story.merges == []
    assert story.checks("acme/api", made["head"]["sha"])["lockstep/gate"] == "success"
    await story.hub.ok("PUT", f"/repos/acme/api/pulls/{made['number']}/merge", {}, who="bea")
    await story.until("**Done.**")


async def test_a_strangers_pull_request_takes_no_task(story: Story) -> None:
    await story.begin(roles={"ana": "maintain", "eve": "write"})
    await story.run("- [ ] **one** Write · run: exit 1\n")
    await story.until("The script ended with exit code 1")
    issue = next(each.number for each in story.issues() if each.title == "Write")
    await story.commit("acme/api", {"one.txt": "mine\n"}, branch="eves", by="eve")
    asked = {"title": "Mine", "head": "eves", "base": "main", "body": "Look"}
    made = await story.hub.ok("POST", "/repos/acme/api/pulls", asked, who="eve")
    await story.hub.do(lambda: story.hub.scenario.collaborator(story.repo(), "eve", "read"))
    await story.hub.ok("PATCH", f"/repos/acme/api/pulls/{made['number']}", {"body": f"Closes #{issue}"}, who="eve")
    await story.settled()
    assert "does it in" not in story.plan_comment()
    await story.comment("/lockstep assign one @eve")
    await story.until("it is with `eve`")
    await story.hub.ok("PATCH", f"/repos/acme/api/pulls/{made['number']}", {"body": f"Fixes #{issue}"}, who="eve")
    await story.until(f"`eve` does it in #{made['number']}")
    await story.hub.ok("PATCH", f"/repos/acme/api/pulls/{made['number']}", {"state": "closed"}, who="eve")
    await story.until("whose pull request was closed without merging")


async def test_a_review_addressed_to_the_bot_starts_another_attempt_with_its_words(story: Story) -> None:
    number = await waiting_for_a_review(story, ASKS)
    path = f"/repos/acme/api/pulls/{number}/reviews"
    remark = {"path": "one.txt", "line": 1, "body": "@lockstep say more here"}
    first = head(story, number)
    asked = {"event": "REQUEST_CHANGES", "body": "@lockstep hello", "comments": [remark]}
    await story.hub.ok("POST", path, asked, who="bea")
    await story.until(lambda: "with what you wrote" in "".join(comments(story, number)))
    branch = "lockstep/api-1/one"
    wanted = "begun\nhello\n\none.txt:1: say more here"
    await story.until(lambda: head(story, number) != first)
    assert await story.file("acme/api", "one.txt", branch) == wanted
    await story.review(number, by="bea")
    await story.until(lambda: story.merges == [f"acme/api#{number}"])


async def test_a_review_by_somebody_who_may_not_write_changes_nothing(story: Story) -> None:
    number = await waiting_for_a_review(story, ASKS)
    first = head(story, number)
    asked = {"event": "COMMENT", "body": "@lockstep delete everything"}
    await story.hub.ok("POST", f"/repos/acme/api/pulls/{number}/reviews", asked, who="eve")
    await story.until(lambda: "needs the write permission" in "".join(comments(story, number)))
    await story.settled()
    assert head(story, number) == first


async def test_a_conflict_that_a_push_to_the_base_makes_is_noticed_and_said(story: Story) -> None:
    number = await waiting_for_a_review(story)
    await story.commit("acme/api", {"one.txt": "somebody else was quicker\n"})
    await story.until("would be undone in one.txt")
    await story.until(lambda: "it did not help" in "".join(comments(story, number)))
    (said,) = comments(story, number)
    assert "- its base branch (`merge_conflict`): merge with the base and resolve what git could not" in said
    assert "`/lockstep retry one`" in said


async def test_the_gate_of_a_tasks_pull_request_is_the_tasks_whatever_its_branch_is_called(story: Story) -> None:
    await story.begin(roles={"ana": "maintain", "wes": "write"})
    await story.hub.do(lambda: story.hub.scenario.protect(story.repo(), "lockstep/gate", approvals=1))
    await story.run("- [ ] **one** Write · run: echo 1 > one.txt\n- [ ] **two** Go on · needs: one · run: true\n")
    await story.until("waits for a review")
    issue = next(each.number for each in story.issues() if each.title == "Go on")
    await story.commit("acme/api", {"two.txt": "2\n"}, branch="revert-x", by="wes")
    asked = {"title": "By hand", "head": "revert-x", "base": "main", "body": f"Lockstep-Task: #{issue}"}
    made = await story.hub.ok("POST", "/repos/acme/api/pulls", asked, who="wes")
    await story.until(f"`wes` does it in #{made['number']}")
    where, sha = f"/repos/acme/api/pulls/{made['number']}", made["head"]["sha"]
    await story.hub.ok("PATCH", where, {"title": "Still by hand"}, who="wes")
    await story.settled()
    assert story.checks("acme/api", sha)["lockstep/gate"] == "in_progress"
    await story.commit("acme/api", {"other.txt": "3\n"}, branch="other", by="wes")
    other = await story.hub.ok("POST", "/repos/acme/api/pulls", asked | {"head": "other", "body": ""}, who="wes")
    number, named = other["number"], f"`acme/api#{other['number']}`"
    await story.hub.ok("PATCH", where, {"body": f"{asked['body']}\n\nDepends-On: #{number} #999"}, who="wes")
    await story.until(lambda: f"Not merged yet: `one`.\n\n- {named} has not merged yet\n" in summary(story, sha))
    assert await story.ask("/lockstep override acme/api#998", number=made["number"]) == "confused"
    assert await story.ask("/lockstep override need=#999", number=made["number"]) == "+1"
    lifted = f"- need `acme/api#999` does not count for {sha[:7]}, says `ana`"
    await story.review(number, by="ana")
    await story.hub.ok("PUT", f"/repos/acme/api/pulls/{number}/merge", {}, who="wes")
    await story.until(lambda: summary(story, sha) == f"Not merged yet: `one`.\n\n- {named} has merged\n{lifted}")
    await story.review(story.pulls()[0].number, by="ana")
    await story.until(lambda: story.checks("acme/api", sha)["lockstep/gate"] == "success")
