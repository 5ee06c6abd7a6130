"""Why a task stands where it stands: what follows its name in tables, answers and its pull request's comment.

Some are sentences, as an attempt reports them; most go on after a colon.
"""

from collections.abc import Sequence

from services.core.text import code, plain

PATHS = 3
"""Paths that one reason names."""

APPROVAL_TAKEN_BACK = "approval taken back"
APPROVER_LOST_WRITE = (
    "the person who approved the plan can no longer write to this repository; somebody else has to approve"
)
NOBODY_ANSWERS = (
    "nobody answers any more for what was pushed to its branch: it goes on once somebody (or as many as plans take) "
    "who can write here and did not push it approves that commit in a review"
)
CONFLICTS = "conflicts with its base branch"
UPDATE_PENDING = "GitHub has not updated its branch; `/lockstep rebase` asks again"
NOT_OPEN = "its pull request is not open any more"
PUSHED_MEANWHILE = "somebody else pushed to its branch meanwhile, or its base is another one now"
UP_TO_DATE = "its branch holds everything of its base already"
RECREATE = "its branch conflicts with its base; `/lockstep recreate` makes it anew"
LEFT_TO_PEOPLE = "its pull request is left to people"
UNCHANGED = "The agent changed nothing."
SUPERSEDED = "This attempt is over; its result is not wanted any more."
WORKER_BROKE = "it broke; the worker's log says where"
WORKER_SILENT = "the worker said nothing"
VERIFIED_TOO_LONG = "The verification did not end in time."
MERGED = "Everything was merged."
TAKEN_IN = "Taken in as it was made elsewhere."
CONFLICT_BEFORE = (
    "The last attempt did this task, and the base branch has changed the same lines since. The files lie before you "
    "merged, and these hold conflicts between git's markers, the base's side first:"
)
CONFLICT_AFTER = (
    "The other side is the last attempt's, for the task above. Write each conflict so that both are served, take the "
    "markers out, and change nothing else."
)
GAVE_UP = {
    "track": "its tracking issue could not be made: ",
    "open_pull": "its pull request could not be opened: ",
    "merge": "it could not be merged: ",
    "update_branch": "its branch could not be brought up to date: ",
    "discard": "its pull request could not be closed: ",
    "revert": "it could not be taken back: ",
}
"""By the kind of what could not be done."""


def stack_is_gone(task: str) -> str:
    """What it was to begin on has merged or come to nothing meanwhile."""
    return f"{code(task)} is not there to begin on any more"


def gave_up(kind: str, why: str) -> str:
    """why: GitHub's or git's own text."""
    return GAVE_UP.get(kind, "") + plain(why, 300)


def assigned(login: str) -> str:
    return (
        f"it is with {code(login)}, who merges its pull request or opens one whose text closes its issue; "
        "`/lockstep skip` says that it is done elsewhere"
    )


def for_a_person(repo: str, issue: int, task: str) -> str:
    """What a task is waiting for that no agent does."""
    takes = f"a pull request in {repo} whose text says `Closes #{issue}` takes it"
    return f"{takes}; `/lockstep skip {task}` says that it is done elsewhere"


def attached(author: str, number: int, missing: str = "") -> str:
    """missing: what its group waits for in that pull request."""
    done = f": {missing}" if missing else "; it is done once that is merged"
    return f"{code(author)} does it in #{number}{done}"


def reviewed(actor: str) -> str:
    return f"{code(actor)} wants something changed in it"


def pull_refused(why: str) -> str:
    return f"GitHub refused the pull request: {plain(why)}"


def not_merged_yet(why: str) -> str:
    return f"GitHub does not merge it yet: {plain(why)}"


def not_queued(why: str) -> str:
    return f"GitHub does not put it into the merge queue: {plain(why)}"


def queued(base: str) -> str:
    return f"is in the merge queue of {code(base)}"


def not_updated(why: str) -> str:
    return f"GitHub does not update its branch: {plain(why)}"


def branch_is_anothers(branch: str, task: str) -> str:
    return f"somebody else pushed to {code(branch)}: delete that branch yourself, then `/lockstep retry {task}`"


def not_run_again(failed: str, why: str) -> str:
    """failed: what failed, in words of ours."""
    return f"{failed}, and its jobs can't be run again: {plain(why, 300)}"


# What an attempt reports; it is escaped as a whole where it comes in.


def some(paths: Sequence[str], count: int) -> str:
    """The first of so many paths."""
    first = ", ".join(paths)
    return f"{first} and {count - len(paths)} more" if count > len(paths) else first


def not_taken(why: str) -> str:
    return f"The result is not taken: {why}."


def outside(paths: str) -> str:
    return f"The task's paths do not cover {paths}."


def held_back(paths: str, why: str) -> str:
    return f"A person has to look at {paths}: {why}."


def anothers_commit(branch: str, sha: str) -> str:
    return f"Somebody else has pushed to {branch}; their commit {sha[:12]} was left as it is."


def pushed_at_once(branch: str) -> str:
    return f"Somebody else pushed to {branch} at the same moment."


def no_push(branch: str, why: str) -> str:
    return f"GitHub takes no push to {branch}: {why}"


NO_WORKFLOW = "the repository's settings name no workflow any more"


def no_integration(why: str) -> str:
    """why: in words of ours."""
    return f"the workflow that tries it together with what belongs to it can't be started: {why}"


def not_deployed(sha: str, why: str) -> str:
    """why: in words of ours."""
    return f"nobody knows whether its deployment has begun: {why}; look, and deploy {sha[:12]} by hand if it has not"


def out_of_time(seconds: int) -> str:
    return f"The task's {seconds} s were over."


def verification_failed(exit_code: int, said: str) -> str:
    """said: the last line that it printed."""
    return f"The verification ended with exit code {exit_code}{': ' + said if said else ''}"


def head_is_gone(branch: str, sha: str) -> str:
    return f"{sha[:12]} is not on {branch} any more."


def no_result(branch: str) -> str:
    return f"The workflow has ended well and left no branch {branch}."


def moved_on(branch: str, sha: str) -> str:
    return f"{branch} does not stand at {sha[:12]} any more."


def undone(paths: str) -> str:
    """What a script made on a base that has moved on."""
    return f"What others have changed meanwhile would be undone in {paths}."


def remembered(paths: str) -> str:
    """Conflicts that were resolved before, in an attempt's log: named as the rules are."""
    return f"remembered: resolved as before in {paths}"


def conflicts_left(paths: str) -> str:
    return f"Conflicts are left in {paths}."


def not_parsed(path: str) -> str:
    return f"What was made of the conflict in {path} does not parse."


def not_made_anew(path: str, exit_code: int, said: str) -> str:
    """said: the last line that it printed."""
    return f"What makes {path} anew ended with exit code {exit_code}{': ' + said if said else ''}"


def conflict_note(files: Sequence[str], commits: Sequence[str]) -> str:
    """What an agent is told of both sides of a conflict: names and subjects are foreign, and so is this as a whole."""
    return "\n".join([
        CONFLICT_BEFORE, *(f"- {path}" for path in files), "The base's side comes from these commits:",
        *(f"- {subject}" for subject in commits or ("(nobody knows)",)), CONFLICT_AFTER,
    ])  # fmt: skip
