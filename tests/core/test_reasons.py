"""reasons: why a task stands where it stands; what GitHub and git say is dead in it."""

from inline_snapshot import snapshot

from services.core.messages import reasons
from tests.kit.constants import constants


def test_the_same_words_every_time() -> None:
    assert constants(reasons) == snapshot(
        {
            "APPROVAL_TAKEN_BACK": "approval taken back",
            "APPROVER_LOST_WRITE": "the person who approved the plan can no longer write to this repository; somebody else has to approve",
            "NOBODY_ANSWERS": "nobody answers any more for what was pushed to its branch: it goes on once somebody (or as many as plans take) who can write here and did not push it approves that commit in a review",
            "CONFLICTS": "conflicts with its base branch",
            "UPDATE_PENDING": "GitHub has not updated its branch; `/lockstep rebase` asks again",
            "NOT_OPEN": "its pull request is not open any more",
            "PUSHED_MEANWHILE": "somebody else pushed to its branch meanwhile, or its base is another one now",
            "UP_TO_DATE": "its branch holds everything of its base already",
            "RECREATE": "its branch conflicts with its base; `/lockstep recreate` makes it anew",
            "LEFT_TO_PEOPLE": "its pull request is left to people",
            "UNCHANGED": "The agent changed nothing.",
            "SUPERSEDED": "This attempt is over; its result is not wanted any more.",
            "WORKER_BROKE": "it broke; the worker's log says where",
            "WORKER_SILENT": "the worker said nothing",
            "VERIFIED_TOO_LONG": "The verification did not end in time.",
            "MERGED": "Everything was merged.",
            "TAKEN_IN": "Taken in as it was made elsewhere.",
            "CONFLICT_BEFORE": "The last attempt did this task, and the base branch has changed the same lines since. The files lie before you merged, and these hold conflicts between git's markers, the base's side first:",
            "CONFLICT_AFTER": "The other side is the last attempt's, for the task above. Write each conflict so that both are served, take the markers out, and change nothing else.",
            "GAVE_UP": {
                "track": "its tracking issue could not be made: ",
                "open_pull": "its pull request could not be opened: ",
                "merge": "it could not be merged: ",
                "update_branch": "its branch could not be brought up to date: ",
                "discard": "its pull request could not be closed: ",
                "revert": "it could not be taken back: ",
            },
            "NO_WORKFLOW": "the repository's settings name no workflow any more",
        }
    )


def test_what_people_do_with_a_task() -> None:
    assert [
        reasons.assigned("ana"),
        reasons.attached("ana", 7),
        reasons.for_a_person("acme/api", 7, "api"),
        reasons.reviewed("ana"),
        reasons.branch_is_anothers("lockstep/platform-7/api", "api"),
        reasons.stack_is_gone("api"),
        reasons.remembered("CHANGELOG.md"),
        reasons.not_deployed("c" * 40, "GitHub answered 403: no"),
    ] == snapshot(
        [
            "it is with `ana`, who merges its pull request or opens one whose text closes its issue; `/lockstep skip` says that it is done elsewhere",
            "`ana` does it in #7; it is done once that is merged",
            "a pull request in acme/api whose text says `Closes #7` takes it; `/lockstep skip api` says that it is done elsewhere",
            "`ana` wants something changed in it",
            "somebody else pushed to `lockstep/platform-7/api`: delete that branch yourself, then `/lockstep retry api`",
            "`api` is not there to begin on any more",
            "remembered: resolved as before in CHANGELOG.md",
            "nobody knows whether its deployment has begun: GitHub answered 403: no; look, and deploy cccccccccccc by hand if it has not",
        ]
    )


def test_what_github_refuses() -> None:
    said = "Closes #4, says @ana: <b>no</b>"
    assert [
        reasons.gave_up("merge", said),
        reasons.gave_up("attempt", said),
        reasons.pull_refused(said),
        reasons.not_merged_yet(said),
        reasons.not_queued(said),
        reasons.queued("main"),
        reasons.not_updated(said),
        reasons.not_run_again("`build` failed", said),
    ] == snapshot(
        [
            "it could not be merged: C\u2060loses \\#\u20604, says \\@\u2060ana\\: \\<b\\>no\\</b\\>",
            "C\u2060loses \\#\u20604, says \\@\u2060ana\\: \\<b\\>no\\</b\\>",
            "GitHub refused the pull request: C\u2060loses \\#\u20604, says \\@\u2060ana\\: \\<b\\>no\\</b\\>",
            "GitHub does not merge it yet: C\u2060loses \\#\u20604, says \\@\u2060ana\\: \\<b\\>no\\</b\\>",
            "GitHub does not put it into the merge queue: C\u2060loses \\#\u20604, says \\@\u2060ana\\: \\<b\\>no\\</b\\>",
            "is in the merge queue of `main`",
            "GitHub does not update its branch: C\u2060loses \\#\u20604, says \\@\u2060ana\\: \\<b\\>no\\</b\\>",
            "`build` failed, and its jobs can't be run again: C\u2060loses \\#\u20604, says \\@\u2060ana\\: \\<b\\>no\\</b\\>",
        ]
    )


def test_what_an_attempt_reports() -> None:
    assert [
        reasons.not_taken("it holds a symbolic link that leads out of the repository"),
        reasons.outside(reasons.some(["b.py", "c.py"], 2)),
        reasons.outside(reasons.some(["b.py", "c.py"], 5)),
        reasons.held_back(".github/workflows/ci.yml", "it can run with the repository's secrets"),
        reasons.anothers_commit("lockstep/platform-7/api", "a" * 40),
        reasons.pushed_at_once("lockstep/platform-7/api"),
        reasons.no_integration("Workflow does not have a trigger"),
        reasons.no_push("lockstep/platform-7/api", "git push failed: remote: This repository was archived"),
        reasons.out_of_time(1800),
        reasons.verification_failed(2, "No rule to make target"),
        reasons.verification_failed(2, ""),
        reasons.no_result("lockstep-results/platform-7/api/1"),
        reasons.moved_on("copilot/fix-7", "a" * 40),
    ] == snapshot(
        [
            "The result is not taken: it holds a symbolic link that leads out of the repository.",
            "The task's paths do not cover b.py, c.py.",
            "The task's paths do not cover b.py, c.py and 3 more.",
            "A person has to look at .github/workflows/ci.yml: it can run with the repository's secrets.",
            "Somebody else has pushed to lockstep/platform-7/api; their commit aaaaaaaaaaaa was left as it is.",
            "Somebody else pushed to lockstep/platform-7/api at the same moment.",
            "the workflow that tries it together with what belongs to it can't be started: Workflow does not have a trigger",
            "GitHub takes no push to lockstep/platform-7/api: git push failed: remote: This repository was archived",
            "The task's 1800 s were over.",
            "The verification ended with exit code 2: No rule to make target",
            "The verification ended with exit code 2",
            "The workflow has ended well and left no branch lockstep-results/platform-7/api/1.",
            "copilot/fix-7 does not stand at aaaaaaaaaaaa any more.",
        ]
    )


def test_what_is_said_of_what_was_taken_over() -> None:
    assert [
        reasons.head_is_gone("lockstep/7/a", "c" * 40),
        reasons.no_push("main", "protected"),
        reasons.undone("a.txt"),
        reasons.conflicts_left("a.txt"),
        reasons.not_parsed("a.json"),
        reasons.not_made_anew("go.sum", 2, "no network"),
    ] == snapshot(
        [
            "cccccccccccc is not on lockstep/7/a any more.",
            "GitHub takes no push to main: protected",
            "What others have changed meanwhile would be undone in a.txt.",
            "Conflicts are left in a.txt.",
            "What was made of the conflict in a.json does not parse.",
            "What makes go.sum anew ended with exit code 2: no network",
        ]
    )


def test_an_agent_is_told_of_both_sides_of_a_conflict() -> None:
    assert reasons.conflict_note(["a.txt", "b.txt"], ["Rename it"]) == snapshot("""\
The last attempt did this task, and the base branch has changed the same lines since. The files lie before you merged, and these hold conflicts between git's markers, the base's side first:
- a.txt
- b.txt
The base's side comes from these commits:
- Rename it
The other side is the last attempt's, for the task above. Write each conflict so that both are served, take the markers out, and change nothing else.\
""")
    assert "nobody knows" in reasons.conflict_note(["a.txt"], [])
