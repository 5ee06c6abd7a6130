"""What a protected branch asks of a pull request, and in whose words GitHub refuses.

The texts are what the merge call answers with 405; the same list decides whether `mergeable_state` is blocked.
"""

from typing import TYPE_CHECKING

from services.sandbox import auth, codeowners
from services.sandbox.state import Issue, Protection, Repo, Review

if TYPE_CHECKING:
    from services.sandbox.checks import Verdict
    from services.sandbox.sandbox import Sandbox

QUEUE = "Changes must be made through the merge queue"
NOT_AUTHORIZED = (
    "You're not authorized to push to this branch. Visit "
    "https://docs.github.com/articles/about-protected-branches/ for more information."
)


def protection(sandbox: "Sandbox", issue: Issue) -> Protection | None:
    repo = sandbox.state.repos[issue.repo_id]
    return repo.protection.get(issue.pull.base_ref) if issue.pull else None


def unmet(sandbox: "Sandbox", issue: Issue) -> list[str]:
    """GitHub's sentence for each requirement that is not met, but for the "up to date" one; [] = none."""
    rules = protection(sandbox, issue)
    if rules is None:
        return []
    return [text for text in (checks_text(sandbox, issue, rules), reviews_text(sandbox, issue, rules)) if text]


def checks_text(sandbox: "Sandbox", issue: Issue, rules: Protection) -> str:
    """What is wrong with the required checks, "" for nothing: one check by its name, several by their number."""
    bad = lacking(rules, _verdicts(sandbox, issue))
    if not bad:
        return ""
    if len(bad) == 1:
        name, state = next(iter(bad.items()))
        return f'Required status check "{name}" {state}.'
    kinds = set(bad.values())
    state = kinds.pop().replace("is ", "are ", 1) if len(kinds) == 1 else "have not succeeded"
    return f"{len(bad)} of {len(rules.contexts)} required status checks {state}."


def lacking(rules: Protection, found: "list[Verdict]") -> dict[str, str]:
    """Required name -> what is wrong with it ("is failing"); those that pass are not in it."""
    states = {name: _state(name, rules.app_ids.get(name, 0), found) for name in rules.contexts}
    return {name: state for name, state in states.items() if state}


def _verdicts(sandbox: "Sandbox", issue: Issue) -> "list[Verdict]":
    from services.sandbox import checks

    repo = sandbox.state.repos[issue.repo_id]
    return checks.rollup(sandbox, repo, issue.pull.head_sha) if issue.pull else []


def _state(name: str, app_id: int, found: "list[Verdict]") -> str:
    """What is said about one required name: "" when it passes; a check and a status of one name must both pass."""
    named = [verdict for verdict in found if verdict.name == name]
    asked = [verdict for verdict in named if app_id in {0, -1, verdict.app_id}]
    if not asked:
        return "was not set by the expected GitHub App" if named else "is expected"
    if any(verdict.state == "failure" for verdict in asked):
        return "is failing"
    waiting = [verdict.detail for verdict in asked if verdict.state == "pending"]
    return f"is {waiting[0].replace('_', ' ')}" if waiting else ""


def reviews_text(sandbox: "Sandbox", issue: Issue, rules: Protection) -> str:
    """Approvals of people with write access are counted; their standing request for changes blocks."""
    if not (rules.approvals or rules.code_owners):
        return ""
    repo = sandbox.state.repos[issue.repo_id]
    standing = {r.user: r.state for r in opinions(sandbox, repo, issue)}
    approvals = {user for user, state in standing.items() if state == "APPROVED"}
    if len(approvals) < rules.approvals or "CHANGES_REQUESTED" in standing.values():
        number = max(rules.approvals, 1)
        s = "" if number == 1 else "s"
        verb = "is" if number == 1 else "are"
        return f"At least {number} approving review{s} {verb} required by reviewers with write access."
    if rules.code_owners:
        approved = {user.lower() for user in approvals}
        for owners in codeowners.owners_of_change(sandbox, issue):
            if not {name.lower() for name in owners} & approved:
                return f"Waiting on code owner review from {' and/or '.join(owners)}."
    return ""


def opinions(sandbox: "Sandbox", repo: Repo, issue: Issue) -> list[Review]:
    """The newest verdict of each reviewer who can write and is not the author; comments change none."""
    newest: dict[str, Review] = {}
    for review in sandbox.state.reviews.values():
        if review.issue_id == issue.id and review.state in {"APPROVED", "CHANGES_REQUESTED", "DISMISSED"}:
            newest[review.user] = review
    return [r for r in newest.values() if r.user != issue.user and _writes(sandbox, repo, r.user)]


def _writes(sandbox: "Sandbox", repo: Repo, login: str) -> bool:
    if login.endswith("[bot]"):
        return True  # its App's permission was looked at when it reviewed
    return auth.rank(auth.role_of(sandbox.state, repo, login)) >= auth.rank("write")


def is_behind(sandbox: "Sandbox", issue: Issue) -> bool:
    """Must the head contain the base's tip, and does it not?"""
    rules = protection(sandbox, issue)
    if rules is None or not rules.strict or issue.pull is None:
        return False
    tip = sandbox.git.resolve(issue.repo_id, f"refs/heads/{issue.pull.base_ref}")
    return tip is not None and not sandbox.git.contains(issue.repo_id, issue.pull.head_sha, tip)


def behind_text(rules: Protection) -> str:
    """GitHub's answer to a merge of an outdated head: it speaks of checks, even when all of them are green."""
    if len(rules.contexts) == 1:
        return f'Required status check "{rules.contexts[0]}" is expected.'
    count = len(rules.contexts)
    return f"{count} of {count} required status checks are expected."


def is_unstable(sandbox: "Sandbox", issue: Issue) -> bool:
    """Is a check that nobody requires pending or failing?"""
    return any(verdict.state != "success" for verdict in _verdicts(sandbox, issue))
