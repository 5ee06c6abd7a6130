"""Names Lockstep gives to things on GitHub: branches, markers, wait keys, labels.

They are natural keys: after a crash the bot finds its own work again by these names, so each is a pure function of
plan, task and attempt, and none holds a character of foreign text that git or Markdown could take for something else.
"""

import re

LABEL_PLAN = "lockstep:plan"
LABEL_HOLD = "do-not-merge/hold"
LABELS = {
    LABEL_PLAN: ("0a50b8", "A plan for Lockstep: tasks over one or many repositories"),
    "lockstep:ready": ("057785", "Approved, can be started"),
    "lockstep:in-progress": ("5e97fb", "Lockstep is working on it"),
    "lockstep:blocked": ("4b5263", "Waits for something it needs"),
    "lockstep:needs-human": ("feb832", "A person has to decide"),
    "lockstep:failed": ("94100c", "Did not work; /lockstep retry starts it again"),
    "lockstep:done": ("1b5e2f", "Merged"),
}
CHECK_GATE = "lockstep/gate"
CHECK_PLAN = "lockstep/plan"
STICKY = "<!-- lockstep:sticky -->"


def slug(repo: str, number: int) -> str:
    """A plan's short name: `platform-12` for issue 12 of acme/platform. Unique within an owner, which is as far as a
    plan reaches.
    """
    name = re.sub(r"[^A-Za-z0-9-]+", "-", repo.partition("/")[2]).strip("-")[:60]
    return f"{name or 'plan'}-{number}"


def branch(plan_slug: str, task_id: str) -> str:
    """`lockstep/<plan>/<task>`, always a valid ref: git refuses `..` and parts that end in `.lock` or a dot."""
    safe = re.sub(r"\.{2,}", ".", task_id).rstrip(".")
    return f"lockstep/{plan_slug}/{safe}{'-' if safe.lower().endswith('.lock') else ''}"


def marker(key: str) -> str:
    """The hidden mark by which the bot finds an issue or comment it made itself."""
    return f"<!-- lockstep:key={re.sub(r'[^A-Za-z0-9/._-]', '-', key)} -->"


def pull_key(repo: str, number: int) -> str:
    return f"pull:{repo.lower()}#{number}"


def issue_key(repo: str, number: int) -> str:
    return f"issue:{repo.lower()}#{number}"


def check_key(repo: str, sha: str) -> str:
    return f"check:{repo.lower()}@{sha}"
