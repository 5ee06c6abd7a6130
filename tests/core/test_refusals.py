"""refusals: one sentence about the plan, and what to do."""

from inline_snapshot import snapshot

from services.core.messages import refusals
from tests.kit.constants import constants


def test_what_stands_against_it() -> None:
    assert constants(refusals) == snapshot(
        {
            "NO_PLAN": "This issue holds no plan: write tasks as `- [ ] **id** What to do (owner/repo)` or in a `yaml` block.",
            "PROBLEMS": "The plan has problems; my comment lists them with their lines. Edit the issue and I look again.",
            "NOT_STARTED": "This plan has not been started; `/lockstep run` starts it.",
            "RUNNING": "This plan is running already; `/lockstep status` shows how far it is.",
            "NOT_APPROVED": "The plan is not approved yet. A maintainer approves it with `/lockstep approve`.",
            "NOTHING_TO_TAKE_BACK": "The plan is not approved, so there is nothing to take back.",
            "EDITED_SINCE": "The plan was edited after it was approved for this run. Approve it again with `/lockstep approve`, then start it with `/lockstep run`.",
            "COUNTS_MORE": "Nobody has edited this plan since its approval, but an approval reaches further by now than it did then, for example to what is deployed. Approve it again with `/lockstep approve`.",
            "USED_UP": "This approval was used up by the run it started. Approve the plan again with `/lockstep approve`, then repeat `/lockstep run`.",
            "TAKEN_BACK": "The approval of this plan was taken back. A maintainer gives it again with `/lockstep approve`; then `/lockstep resume` goes on.",
            "JUST_CHANGED": "The plan has just changed. Read it again, then repeat `/lockstep approve`.",
            "JUST_ADOPTED": "The run has just changed; repeat `/lockstep approve`.",
            "NAMES_PRIVATE": "The new text works in a public repository, and the branches and issues of this run name a private one. Cancel the run, approve the text then, and start it with `/lockstep run`.",
            "OTHER_HERE": "This instance asks for an approval by somebody other than the plan's author.",
            "OTHER_IN_REPO": "This repository asks for an approval by somebody other than the plan's author.",
            "NOT_NAMED": "This repository's settings name the people who approve plans, and you are none of them.",
            "DEFAULTS_BROKEN": "The settings that this repository's owner keeps for all of them have an error; correct it first.",
            "TOO_MUCH_LENT": "The plan has just changed, or too many people act in somebody's name here already.",
            "NOT_OUR_HEAD": "Its head is not one that I pushed, so there is nothing of it to override.",
            "ONLY_TEST_MODEL": "The only model here is `test`, which asks nobody; `LOCKSTEP_MODEL` sets another one.",
            "NO_MODEL": "No model is set here; whoever runs this Lockstep sets `LOCKSTEP_MODEL`.",
            "NOT_RUN_YET": "Nothing was learned before the plan has run.",
            "DECIDED_ALREADY": "Somebody else has just decided about it; `/lockstep lesson` shows what.",
            "NOTHING_THERE": "There is no plan that I could see there.",
            "TASK_OVER": "The task is over, so there is nothing to try again.",
        }
    )


def test_what_stands_against_it_by_name() -> None:
    assert [
        refusals.void(""),
        refusals.void("1 task changed"),
        refusals.changed_since("approve"),
        refusals.too_few(1, 2),
        refusals.approver_lacks("acme/api", "read"),
        refusals.not_taken_over("`api` has merged, so it can't be removed."),
        refusals.teams_unread(refusals.no_team_of("other/core", "acme")),
        refusals.teams_unread(refusals.team_unseen("acme/core", "acme")),
        refusals.no_file(".github/plans/a.yaml"),
        refusals.two_plans(".github/plans/a.yaml"),
        refusals.two_plans(""),
        refusals.no_lesson("@ana`"),
        refusals.with_a_person("ana", "api"),
        refusals.no_need(()),
        refusals.no_need(("acme/api#4", "@all")),
    ] == snapshot(
        [
            "The plan was edited after its approval, so the approval is void. Approve it again with `/lockstep approve`.",
            "The plan was edited after its approval, so the approval is void: 1 task changed. Approve it again with `/lockstep approve`.",
            "The plan has changed since you looked at it. Read the comment above again, then repeat `/lockstep approve`.",
            "The plan has 1 of 2 approvals. `/lockstep approve` gives one.",
            "Approving needs the write permission on every repository of the plan; you have read on `acme/api`.",
            "`api` has merged, so it can't be removed. Or cancel the run, approve the text then, and start it with `/lockstep run`.",
            "This repository's settings name teams that approve plans. `other/core` is not a team of `acme`; correct `approvals.teams`.",
            "This repository's settings name teams that approve plans. I can't see who is in `acme/core`: the App lacks the permission `members: read` on `acme`. An owner of it can grant that in the App's settings.",
            "There is no file `.github/plans/a.yaml` on the default branch, or none of at most 1 MB; add it, or correct its name.",
            "This issue names the file `.github/plans/a.yaml` as its plan and has tasks of its own; keep one of the two.",
            "This issue names its sub-issues as its plan and has tasks of its own; keep one of the two.",
            "There is no lesson `@ana'` here; `/lockstep lesson` lists them.",
            "The task is with `ana`; `/lockstep assign api agent` gives it back first.",
            "That pull request is closed, or names no other one with `Depends-On`.",
            "That is none of what this pull request needs: `acme/api#4`, `@all`.",
        ]
    )
