"""Why something that was asked for is not done to a plan now, and what to do about it."""

from collections.abc import Sequence

from services.core.text import code

NO_PLAN = "This issue holds no plan: write tasks as `- [ ] **id** What to do (owner/repo)` or in a `yaml` block."
PROBLEMS = "The plan has problems; my comment lists them with their lines. Edit the issue and I look again."
NOT_STARTED = "This plan has not been started; `/lockstep run` starts it."
RUNNING = "This plan is running already; `/lockstep status` shows how far it is."
NOT_APPROVED = "The plan is not approved yet. A maintainer approves it with `/lockstep approve`."
NOTHING_TO_TAKE_BACK = "The plan is not approved, so there is nothing to take back."
EDITED_SINCE = (
    "The plan was edited after it was approved for this run. Approve it again with `/lockstep approve`, then start it "
    "with `/lockstep run`."
)
COUNTS_MORE = (
    "Nobody has edited this plan since its approval, but an approval reaches further by now than it did then, for "
    "example to what is deployed. Approve it again with `/lockstep approve`."
)
USED_UP = (
    "This approval was used up by the run it started. Approve the plan again with `/lockstep approve`, then repeat "
    "`/lockstep run`."
)
TAKEN_BACK = (
    "The approval of this plan was taken back. A maintainer gives it again with `/lockstep approve`; then "
    "`/lockstep resume` goes on."
)
JUST_CHANGED = "The plan has just changed. Read it again, then repeat `/lockstep approve`."
JUST_ADOPTED = "The run has just changed; repeat `/lockstep approve`."
NAMES_PRIVATE = (
    "The new text works in a public repository, and the branches and issues of this run name a private one. Cancel the "
    "run, approve the text then, and start it with `/lockstep run`."
)
OTHER_HERE = "This instance asks for an approval by somebody other than the plan's author."
OTHER_IN_REPO = "This repository asks for an approval by somebody other than the plan's author."
NOT_NAMED = "This repository's settings name the people who approve plans, and you are none of them."
DEFAULTS_BROKEN = "The settings that this repository's owner keeps for all of them have an error; correct it first."
TOO_MUCH_LENT = "The plan has just changed, or too many people act in somebody's name here already."
NOT_OUR_HEAD = "Its head is not one that I pushed, so there is nothing of it to override."
NO_MODEL = "No model is set here; whoever runs this Lockstep sets `LOCKSTEP_MODEL`."
ONLY_TEST_MODEL = "The only model here is `test`, which asks nobody; `LOCKSTEP_MODEL` sets another one."
NOT_RUN_YET = "Nothing was learned before the plan has run."
DECIDED_ALREADY = "Somebody else has just decided about it; `/lockstep lesson` shows what."
NOTHING_THERE = "There is no plan that I could see there."
TASK_OVER = "The task is over, so there is nothing to try again."


def void(changes: str) -> str:
    """changes: what the edit has changed, in words; "" where that is not known."""
    what = f": {changes}" if changes else ""
    return (
        f"The plan was edited after its approval, so the approval is void{what}. "
        "Approve it again with `/lockstep approve`."
    )


def changed_since(command: str) -> str:
    return (
        f"The plan has changed since you looked at it. Read the comment above again, then repeat `/lockstep {command}`."
    )


def too_few(given: int, required: int) -> str:
    return f"The plan has {given} of {required} approvals. `/lockstep approve` gives one."


def approver_lacks(repo: str, have: str) -> str:
    return f"Approving needs the write permission on every repository of the plan; you have {have} on {code(repo)}."


def not_taken_over(why: str) -> str:
    """why: what of the new text stands against it, as a sentence."""
    return f"{why} Or cancel the run, approve the text then, and start it with `/lockstep run`."


def teams_unread(why: str) -> str:
    return f"This repository's settings name teams that approve plans. {why}"


def no_team_of(team: str, owner: str) -> str:
    return f"{code(team)} is not a team of {code(owner)}; correct `approvals.teams`."


def team_unseen(team: str, owner: str) -> str:
    return (
        f"I can't see who is in {code(team)}: the App lacks the permission `members: read` on {code(owner)}. "
        "An owner of it can grant that in the App's settings."
    )


def no_file(file: str) -> str:
    return f"There is no file {code(file)} on the default branch, or none of at most 1 MB; add it, or correct its name."


def two_plans(file: str) -> str:
    """An issue with tasks of its own names another place. file: "" for its sub-issues."""
    what = f"the file {code(file)}" if file else "its sub-issues"
    return f"This issue names {what} as its plan and has tasks of its own; keep one of the two."


def no_lesson(lesson_id: str) -> str:
    return f"There is no lesson {code(lesson_id)} here; `/lockstep lesson` lists them."


def with_a_person(login: str, task: str) -> str:
    return f"The task is with {code(login)}; `/lockstep assign {task} agent` gives it back first."


def no_need(names: Sequence[str]) -> str:
    """Of a person's pull request; names: what its description says it needs."""
    if not names:
        return "That pull request is closed, or names no other one with `Depends-On`."
    shown = ", ".join(code(name) for name in names[:20])
    return f"That is none of what this pull request needs: {shown}."
