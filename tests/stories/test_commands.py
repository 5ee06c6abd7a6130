"""Comment commands: what acts, what does not, and what is answered."""

import re

from inline_snapshot import snapshot

from tests.kit.pipe import Pipe
from tests.kit.story import NOWHERE, Story

ONE = "- [ ] **one** Write a file · run: echo 1 > one.txt\n"
PAIR = "- [ ] **one** Fails · run: exit 1\n- [ ] **two** Goes on · needs: one · run: echo 2 > two.txt\n"


async def planned(story: Story, body: str = ONE) -> None:
    await story.begin()
    await story.issue(body)
    await story.until("Waits for approval")


def answers(story: Story) -> str:
    """The answers in the plan comment."""
    return story.plan_comment().partition("#### Answers\n\n")[2].partition("\n<sub>")[0].strip()


async def test_help_lists_every_command_with_its_permission(story: Story) -> None:
    await planned(story)
    assert await story.ask("/lockstep help", by="eve") == "+1"
    await story.until("| Command |")
    assert answers(story) == snapshot("""\
> `eve` `/lockstep help`

| Command | What it does | Permission needed |
| --- | --- | --- |
| `/lockstep approve` | Approve the plan as it stands; a run of an earlier text takes it over. An edit takes the approval back. | maintain |
| `/lockstep assign task… @login or agent` | Hand the tasks to a person, whom their tracking issues name; `agent` gives them back. | write |
| `/lockstep budget task… or all usd=N` | Set what a model may cost for each of the tasks, all attempts together, in US dollars. | maintain |
| `/lockstep cancel [task… or all] [why="…"]` | Stop the named tasks, or the whole run; open pull requests stay open. | write |
| `/lockstep cost` | Say what models have cost for the plan, by task, purpose and model, and what is likely to come. | read |
| `/lockstep delegate [off] @login [verb…]` | Let somebody use these commands in your name, for this text of the plan (approve, run, retry and merge if none are named); `off` takes it back. | maintain |
| `/lockstep explain [task… or org/repo#n]` | Say what holds the tasks, or a pull request, back, through all they need, who can act, and with which command. | read |
| `/lockstep help` | Show this list. | read |
| `/lockstep hold [task…] [why="…"]` | Start and merge nothing more, in the whole run or of the named tasks, until `resume`. | triage |
| `/lockstep lesson [approve or veto or retire or delete id]` | List what reviews of this plan's repositories have taught, or decide which of it later tasks are told. | maintain |
| `/lockstep merge task…` | Merge the tasks' pull requests now if nothing is missing; says what is missing if something is. | maintain |
| `/lockstep model task… or all model=NAME` | Have another model do the tasks, from their next attempt on; those whose agents ask none are left out. | maintain |
| `/lockstep override [task] check or need [why="…"]` | This check, or this need, no longer counts for the pull request as it is now; a new head voids it. | maintain |
| `/lockstep ping` | Say whether I am listening. | read |
| `/lockstep priority task… or all p=N [why="…"]` | Set which ready task starts first; higher goes first, the plan's own value is the default. | triage |
| `/lockstep rebase task…` | Merge the base branch into the tasks' pull requests; their checks run again. | write |
| `/lockstep recreate task…` | Close the tasks' pull requests, delete their branches, and start new attempts on the base as it is now. | write |
| `/lockstep refresh` | Read the plan and all its open pull requests anew, now, and say what has changed. | write |
| `/lockstep replan` | Read the issue anew, now, and say what its text changes in the plan that runs; where it holds no plan, have a model draft one. It starts nothing. | write |
| `/lockstep resume [task… or all] [why="…"]` | Go on after `hold`: the run, the named tasks, or both with `all`. | triage |
| `/lockstep retry [task… or failed or all] [why="…"]` | Start failed or cancelled tasks again, each anew; what is skipped or a person's only when it is named. | write |
| `/lockstep rollback task… or all` | Open pull requests that take back what the tasks have merged, what needs them first; people merge those. | maintain |
| `/lockstep run [flow=name]` | Start the approved plan; `flow=name` makes a plan of an issue that holds none, one task for each repository of that flow, and posts it for approval. | write |
| `/lockstep simulate` | Say what the plan is likely to take: time, calls, CI and money, as ranges and with what they go by. | write |
| `/lockstep skip task… [why="…"]` | Leave tasks out; what needs them goes on. | write |
| `/lockstep status [task…]` | Show where the plan, or the named tasks, stand. | read |
| `/lockstep try [task or org/repo#n]` | Let CI run on the merge of a pull request with its base as it is now; nothing is merged. | write |
| `/lockstep unapprove` | Take the approval back; a run under way is held, and goes on only after `approve` and `resume`. | maintain |\
""")


async def test_the_nearest_verb_is_suggested_for_an_unknown_one(story: Story) -> None:
    await planned(story)
    assert await story.ask("/lockstep aprove") == "confused"
    await story.until("#### Answers")
    assert answers(story) == snapshot("""\
> `ana` `/lockstep aprove`

I don't know that command. Did you mean `/lockstep approve`? `/lockstep help` lists what I can do.\
""")
    assert await story.ask("/lockstep pause") == "confused"
    await story.until("I don't know that command. Did you mean `/lockstep hold`?")
    assert await story.ask("/lockstep frobnicate") == "confused"
    await story.until("`/lockstep frobnicate`", "I don't know that command. `/lockstep help` lists what I can do.")


async def test_eyes_first_then_a_verdict(story: Story) -> None:
    await planned(story)
    comment = await story.comment("/lockstep ping")
    await story.until("Here, and listening.", lambda: len(story.reactions(comment)) == 2)
    assert story.reactions(comment) == ["eyes", "+1"]


async def test_several_commands_of_one_comment_run_in_order(story: Story) -> None:
    await planned(story)
    assert await story.ask("Let's go:\n\n/lockstep approve\n@lockstep run\n") == "+1"
    await story.until("**Done.**")


async def test_what_only_looks_like_a_command_does_nothing(story: Story) -> None:
    await planned(story)
    comments = [
        await story.comment(text)
        for text in (
            "> /lockstep approve\n",
            "```\n/lockstep approve\n```",
            "    /lockstep approve\n",
            "`/lockstep approve`",
            "- /lockstep approve",
            "# /lockstep approve",
            "<!--\n/lockstep approve\n-->",
            "Somebody should say /lockstep approve here.",
            "/lockstepapprove",
            "[x](/lockstep approve)",
        )
    ]
    said = await story.settled()
    assert "Waits for approval" in said
    assert "#### Answers" not in said
    assert [story.reactions(comment) for comment in comments] == [[]] * len(comments)


async def test_an_edited_comment_never_acts(story: Story) -> None:
    await planned(story)
    comment = await story.comment("Looks fine.")
    path = f"/repos/acme/api/issues/comments/{comment}"
    await story.hub.ok("PATCH", path, {"body": "/lockstep approve"}, who="ana")
    assert "Waits for approval" in await story.settled()
    assert story.reactions(comment) == []


async def test_a_bot_gives_no_commands(story: Story) -> None:
    await story.begin(roles={"ana": "maintain", "helper[bot]": "admin"})
    await story.hub.do(lambda: setattr(story.hub.scenario.account("helper[bot]"), "type", "Bot"))
    await story.issue(ONE)
    await story.until("Waits for approval")
    comment = await story.comment("/lockstep approve", by="helper[bot]")
    assert "Waits for approval" in await story.settled()
    assert story.reactions(comment) == []


async def test_a_comment_that_is_delivered_twice_acts_once(story: Story) -> None:
    """Once more under its own GUID, once more under a new one."""
    await planned(story)
    await story.hub.fault("double", event="issue_comment")
    await story.hub.fault("double_new_guid", event="issue_comment")
    assert await story.ask("/lockstep ping") == "+1"
    await story.settled()
    assert answers(story).count("Here, and listening.") == 1


async def test_a_command_that_is_redelivered_much_later_does_not_act_again(story: Story) -> None:
    await planned(story)
    assert await story.ask("/lockstep ping") == "+1"
    await story.settled()
    delivery = next(each for each in story.deliveries("issue_comment") if "/lockstep ping" in each.payload)
    await story.redeliver(delivery)
    await story.settled()
    assert answers(story).count("Here, and listening.") == 1


async def test_a_command_on_an_issue_without_a_plan_is_answered(story: Story) -> None:
    await story.begin()
    await story.issue("Just some words.", labels=[])
    assert await story.ask("/lockstep status") == "confused"
    await story.until("This issue holds no plan:")
    assert await story.ask("/lockstep ping") == "+1"
    await story.until("Here, and listening.")


async def test_a_plan_without_the_label_can_be_adopted_by_a_command(story: Story) -> None:
    await story.begin()
    await story.issue(ONE, labels=[])
    assert await story.settled() == ""
    assert await story.ask("/lockstep approve\n/lockstep run") == "+1"
    await story.until("**Done.**")


async def test_status_before_and_after(story: Story) -> None:
    await planned(story, PAIR)
    assert await story.ask("/lockstep status", by="eve") == "+1"
    await story.until("Not started: 2 tasks.")
    assert await story.ask("/lockstep approve\n/lockstep run") == "+1"
    await story.until("**Stopped:")
    assert await story.ask("/lockstep status\n/lockstep status nobody") == "confused"
    await story.until("`nobody` is no task of this plan; name a task id, `owner/repo`, `failed` or `all`.")
    said = re.sub(r"\d+\.\d s", "N s", answers(story).partition("shows how far it is.\n\n")[2])
    assert said == snapshot("""\
> `ana` `/lockstep status`

0 of 2 tasks done; the run has stopped.
- ❌ `one` failed: The script ended with exit code 1; worktree N s, agent N s

> `ana` `/lockstep status nobody`

`nobody` is no task of this plan; name a task id, `owner/repo`, `failed` or `all`.\
""")


async def test_status_says_where_a_running_attempt_is(story: Story, pipe: Pipe) -> None:
    await story.begin(public_url="https://lockstep.example")
    await story.run(f"- [ ] **one** Wait · run: {pipe.wait}; echo 1 > one.txt\n")
    await story.until("🔵 running")
    await pipe.reached()
    assert await story.ask("/lockstep status") == "+1"
    await story.until("agent since")
    assert re.search(r"- 🔵 `one` running; agent since \d\d:\d\d:\d\d UTC \(worktree \d+\.\d s\)", answers(story))
    pipe.let_one_pass()
    await story.until("**Done.**")
    assert await story.ask("/lockstep status one") == "+1"
    await story.until("`one` done")
    steps = r"worktree \S+ s, agent \S+ s, commit \S+ s, push \S+ s, pull request \S+ s, checks \S+ s, merge \S+ s"
    assert re.search(rf"`one` done; {steps}", answers(story))
    links = {run.details_url for run in story.hub.sandbox.state.check_runs.values() if run.name == "lockstep/gate"}
    assert links == {f"https://lockstep.example/plans/acme/api/{story.number}?task=one#one"}


async def test_skip_lets_what_needs_the_task_go_on(story: Story) -> None:
    await story.begin()
    await story.run(PAIR)
    await story.until("**Stopped:")
    assert await story.ask("/lockstep skip") == "confused"
    await story.until("Name the task to leave out")
    assert await story.ask("/lockstep skip one", by="eve") == "confused"
    await story.until("`/lockstep skip` needs the write permission on this repository; you have read.")
    assert await story.ask("/lockstep skip one") == "+1"
    await story.until("**Done.** 1 of 2 tasks done, 1 skipped", "Skipped: `one`.")
    await story.settled()
    assert await story.file("acme/api", "two.txt") == "2\n"
    assert {(issue.title, issue.state, issue.state_reason) for issue in story.issues()[1:]} == {
        ("Fails", "closed", "not_planned"),
        ("Goes on", "closed", "completed"),
    }


async def test_cancel_ends_the_run_and_a_new_one_can_follow(story: Story) -> None:
    await story.begin()
    await story.run(PAIR)
    await story.until("**Stopped:")
    assert await story.ask("/lockstep cancel") == "+1"
    await story.until("**Cancelled.** 0 of 2 tasks done", "Cancelled 2 tasks.")
    await story.settled()
    assert story.issues()[0].state == "open"
    assert await story.ask("/lockstep cancel") == "+1"
    await story.until("Nothing to cancel: those tasks are over already.")
    assert await story.ask("/lockstep run") == "confused"
    await story.until("This approval was used up by the run it started.")
    assert await story.ask("/lockstep approve") == "+1"
    await story.until("**Approved** by `ana`")
    assert await story.ask("/lockstep run") == "+1"
    await story.until("**Stopped:", "Started: 2 tasks.")
    await story.settled()


async def test_a_stop_because_of_cancelled_tasks_says_how_to_go_on(story: Story) -> None:
    await story.begin()
    await story.run(PAIR)
    await story.until("`/lockstep retry failed` starts the failed tasks again")
    assert await story.ask("/lockstep cancel one") == "+1"
    await story.until("the rest needs what was cancelled. `/lockstep retry one` starts that again")
    assert await story.ask("/lockstep retry one") == "+1"
    await story.until("Trying again: `one`.", "`/lockstep retry failed` starts the failed tasks again")


async def test_cancel_stops_a_script_that_is_running(story: Story, pipe: Pipe) -> None:
    """Its process is gone, or it would take the line that the second run's script waits for."""
    await story.begin()
    await story.run(f"- [ ] **one** Wait · run: {pipe.wait}; echo $line > one.txt\n")
    await story.until("🔵 running")
    assert await story.ask("/lockstep cancel") == "+1"
    await story.until("**Cancelled.**")
    await story.settled()
    assert await story.ask("/lockstep approve") == "+1"
    assert await story.ask("/lockstep run") == "+1"
    await story.until("🔵 running")
    pipe.let_one_pass()
    await story.until("**Done.**")
    assert await story.file("acme/api", "one.txt") == "go on\n"
    assert len(story.pulls()) == 1


async def test_a_run_is_started_once(story: Story) -> None:
    await story.begin()
    await story.run(PAIR)
    await story.until("**Stopped:")
    assert await story.ask("/lockstep run") == "confused"
    await story.until("This plan is running already")


async def test_a_webhook_of_a_repository_without_the_app_leads_nowhere(story: Story) -> None:
    """Sent by whoever knows the secret, about a repository that exists."""
    await story.begin(["acme/api", "acme/other"], installed=["acme/api"])
    await story.issue(ONE, by="ana", on="acme/other")
    await story.comment("/lockstep ping", on="acme/other")
    await story.issue(ONE)
    await story.until("Waits for approval")
    await story.comment("/lockstep ping")
    await story.until("Here, and listening.")
    (untouched,) = story.comments("acme/other", 1)
    for event in ("issues", "issue_comment"):
        for delivery in story.deliveries(event):
            payload = delivery.payload.replace("acme/api", "acme/other")
            for comment in story.comments():
                payload = payload.replace(str(comment.id), str(untouched.id))
            assert await story.send(event, payload) == 202
    await story.settled()
    assert story.comments("acme/other", 1) == [untouched]
    assert story.reactions(untouched.id) == []


async def test_what_github_could_not_deliver_can_be_sent_again(story: Story) -> None:
    await planned(story)
    url = f"{story.bot.url}/webhook"
    await story.hears(NOWHERE)
    comment = await story.comment("/lockstep ping")
    await story.settled()
    await story.hears(url)
    assert story.reactions(comment) == []
    await story.redeliver(story.deliveries("issue_comment")[-1])
    await story.until("Here, and listening.")
