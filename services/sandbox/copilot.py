"""GitHub's coding agent as far as others see it: assigned to an issue by a person, it opens a draft pull request from a
branch of its own, signs its commits, says when it has finished, and works on when somebody with the right says
`@copilot` there.

What it commits says `works`, a function of the issue and of what it was told; where that gives None, it goes on only
when `finish` is called. It is there for repositories for which it was enabled, and it listens to people alone: an App
that assigns it is left out without a word, as on GitHub.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from services.sandbox import auth, issues, pulls, pushes, pushing
from services.sandbox.clock import stamp
from services.sandbox.git_values import ZERO, Person
from services.sandbox.pull_views import the_pull
from services.sandbox.state import Account, Issue, Repo

if TYPE_CHECKING:
    from services.sandbox.sandbox import Sandbox

LOGIN, ASSIGNED_AS = "Copilot", "copilot-swe-agent[bot]"
ID = 198_982_749
Works = Callable[[Issue, str], Mapping[str, str | None] | None]


def enable(sandbox: "Sandbox", repo: Repo, works: Works | None = None) -> None:
    """Its plan has it, and an owner has switched it on for this repository."""
    sandbox.state.accounts[LOGIN.lower()] = Account(id=ID, login=LOGIN, type="Bot")
    sandbox.copilots[repo.id] = works or (lambda issue, said: None)


def assigned(sandbox: "Sandbox", issue: Issue, who: auth.Principal) -> None:
    """Somebody assigns an issue to it."""
    repo = sandbox.state.repos[issue.repo_id]
    if LOGIN in issue.assignees or issue.pull is not None or not _listens(sandbox, repo, who):
        return
    issue.assignees.append(LOGIN)
    issues.tell_assignee(sandbox, issue, "assigned", LOGIN, who.login, 0)
    pull = _begin(sandbox, repo, issue, who.login)
    _work(sandbox, repo, pull, issue, "")


def heard(sandbox: "Sandbox", pull: Issue, body: str, who: str) -> None:
    """Somebody has said something on a pull request."""
    repo = sandbox.state.repos[pull.repo_id]
    is_its = pull.pull is not None and pull.user == LOGIN and pull.state == "open" and repo.id in sandbox.copilots
    writes = auth.rank(auth.role_of(sandbox.state, repo, who)) >= auth.rank("write")
    if is_its and writes and "@copilot" in body.lower():
        issues.note(sandbox, pull, "copilot_work_started", LOGIN)
        _work(sandbox, repo, pull, _issue_of(sandbox, pull), body)


def push(sandbox: "Sandbox", pull: Issue, files: Mapping[str, str | None], message: str = "A change") -> str:
    """It commits on its branch."""
    repo, ref = sandbox.state.repos[pull.repo_id], f"refs/heads/{the_pull(pull).head_ref}"
    before = sandbox.git.refs(repo.id)[ref]
    sha = _commit(sandbox, repo, before, files, message)
    sandbox.git.set_ref(repo.id, ref, sha, before)
    pushes.moved(sandbox, repo, ref, before, sha, LOGIN)
    return sha


def finish(sandbox: "Sandbox", pull: Issue, *, failed: bool = False) -> None:
    """It says that it is done, and asks whoever assigned it for a review."""
    issues.note(sandbox, pull, "copilot_work_finished_failure" if failed else "copilot_work_finished", LOGIN)
    asked = [login for login in pull.assignees if login != LOGIN]
    if not failed and asked and asked[0] not in the_pull(pull).requested_reviewers:
        pulls.request_reviews(sandbox, pull, asked[:1], LOGIN)
    else:
        issues.tell(sandbox, pull, "edited", LOGIN, changes={"title": {"from": pull.title}})


def _listens(sandbox: "Sandbox", repo: Repo, who: auth.Principal) -> bool:
    is_person = who.installation is None and bool(who.login) and not auth.is_job(who)
    return is_person and repo.id in sandbox.copilots and auth.rank_of(sandbox.state, who, repo) >= auth.rank("write")


def _begin(sandbox: "Sandbox", repo: Repo, issue: Issue, who: str) -> Issue:
    ref = f"refs/heads/copilot/fix-{issue.number}"
    while ref in sandbox.git.refs(repo.id):
        ref += "-again"
    base = sandbox.git.refs(repo.id)[f"refs/heads/{repo.default_branch}"]
    sha = _commit(sandbox, repo, base, {}, "Initial plan")
    sandbox.git.set_ref(repo.id, ref, sha)
    pushes.moved(sandbox, repo, ref, ZERO, sha, LOGIN)
    pull = pulls.create(
        sandbox,
        repo,
        LOGIN,
        head_repo=repo,
        head=ref.removeprefix("refs/heads/"),
        base=repo.default_branch,
        title=f"[WIP] {issue.title}"[:250],
        body=f"Thanks for assigning this issue to me.\n\n- Fixes {repo.full_name}#{issue.number}\n",
        draft=True,
    )
    pull.assignees += [who, LOGIN]
    issues.note(sandbox, pull, "copilot_work_started", LOGIN)
    return pull


def _work(sandbox: "Sandbox", repo: Repo, pull: Issue, issue: Issue, said: str) -> None:
    files = sandbox.copilots[repo.id](issue, said)
    if files is not None:
        push(sandbox, pull, files)
        finish(sandbox, pull)


def _issue_of(sandbox: "Sandbox", pull: Issue) -> Issue:
    number = int((pull.body or "").rpartition("#")[2])
    return next(each for each in sandbox.state.issues.values() if (each.repo_id, each.number) == (pull.repo_id, number))


def _commit(sandbox: "Sandbox", repo: Repo, base: str, files: Mapping[str, str | None], message: str) -> str:
    who = Person(ASSIGNED_AS, f"{ID}+{LOGIN}@users.noreply.github.com", stamp(sandbox.now()))
    sha = pushing.commit(sandbox, repo, base, files, message, who)
    sandbox.state.signed[sha] = True
    return sha
