"""Names Lockstep gives to things on GitHub: branches, markers, wait keys, labels.

They are natural keys: after a crash the bot finds its own work again by these names, so each is a pure function of
plan, task and attempt, and none holds a character of foreign text that git or Markdown could take for something else.
"""

import re

LABEL_PLAN = "lockstep:plan"
LABEL_READY = "lockstep:ready"
LABEL_HOLD = "do-not-merge/hold"
LABELS = {
    LABEL_PLAN: ("0a50b8", "A plan for Lockstep: tasks over one or many repositories"),
    LABEL_READY: ("057785", "Approved, can be started"),
    "lockstep:in-progress": ("5e97fb", "Lockstep is working on it"),
    "lockstep:blocked": ("4b5263", "Held until somebody says that it goes on"),
    "lockstep:needs-human": ("feb832", "A person has to decide"),
    "lockstep:failed": ("94100c", "Did not work; /lockstep retry starts it again"),
    "lockstep:done": ("1b5e2f", "Merged"),
}
CHECK_GATE = "lockstep/gate"
CHECK_PLAN = "lockstep/plan"
CHECK_INTEGRATION = "lockstep/integration"
CHECK_CONFIG = "lockstep/config"
STICKY = "<!-- lockstep:sticky -->"
BRANCHES = "lockstep/"
"""Where all branches of tasks stand."""


def run_id(repo: str, number: int, count: int) -> str:
    """`acme/platform-12-r1` for the first run of the plan in acme/platform#12: no two runs share a name."""
    return f"{repo}-{number}-r{count}"


def hidden_run_id(issue_id: str, count: int) -> str:
    """`_/plan-2871-r1`: says nothing of a private home, where branches and marks of the run stand in public.

    No owner on GitHub is called `_`, so it is nobody else's.
    """
    return f"_/plan-{issue_id}-r{count}"


def is_hidden(run: str) -> bool:
    """Is it the name of a run that says nothing of its home?"""
    return run.startswith("_/")


def branch(run: str, task_id: str) -> str:
    """`lockstep/platform-12/api`, and `lockstep/platform-12-r2/api` for the plan's second run.

    Always a valid ref: git refuses `..`, parts that begin with a dot, and parts that end in a dot or in `.lock`.
    """
    return "/".join((BRANCHES.rstrip("/"), _part(run.partition("/")[2].removesuffix("-r1")), _part(task_id)))


def result_branch(run: str, task_id: str, attempt: int) -> str:
    """`lockstep-results/platform-12/api/2`: where a workflow leaves what it made in that attempt."""
    return f"lockstep-results/{branch(run, task_id).partition('/')[2]}/{attempt}"


def try_branch(number: int) -> str:
    """`lockstep/try/12`: no run's, for those have a number behind their repository."""
    return f"lockstep/try/{number}"


def revert_branch(number: int, branch: str) -> str:
    """What GitHub calls the branch of the pull request that takes another one back."""
    return f"revert-{number}-{branch}"


_GROUP = re.compile(r"refs/heads/gh-readonly-queue/.{1,200}/pr-(?P<number>[1-9]\d{0,8})-[0-9a-f]{40}\Z")


def pull_of_group(ref: str) -> int:
    """The pull request that a merge queue tries on this branch, 0 for another branch."""
    match = _GROUP.match(ref)
    return int(match["number"]) if match else 0


def is_revert(branch: str) -> bool:
    return branch.startswith("revert-")


def _part(text: str) -> str:
    safe = re.sub(r"\.(?=\.|$)|^\.", "_", text)
    return f"{safe}-" if safe.lower().endswith(".lock") else safe


def marker(key: str) -> str:
    """The hidden mark by which the bot finds an issue or comment it made itself."""
    return f"<!-- lockstep:key={re.sub(r'[^A-Za-z0-9/._-]', '-', key)} -->"


def without_marks(text: str) -> str:
    """A text in which nothing could be taken for such a mark, nor hide what follows it."""
    return text.replace("<!--", "&lt;!--")


def pull_key(repo: str, number: int) -> str:
    return f"pull:{repo.lower()}#{number}"


def repo_of(key: str) -> str:
    """The repository that the key of a pull request or an issue is about, in small letters."""
    return key.partition(":")[2].rpartition("#")[0]


def issue_key(repo: str, number: int) -> str:
    return f"issue:{repo.lower()}#{number}"


def base_key(repo: str) -> str:
    return f"base:{repo.lower()}"


def actions_key(repo: str, run_id: str) -> str:
    return f"actions:{repo.lower()}@{run_id}"


def check_key(repo: str, sha: str) -> str:
    return f"check:{repo.lower()}@{sha}"
