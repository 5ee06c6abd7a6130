"""Where things are read: the one place that knows the paths and subjects of what webhooks can tell too, so that an
answer and a webhook about the same thing meet in the cache.
"""

from functools import lru_cache
from urllib.parse import urlencode

from services.github import said, shapes
from services.github.entries import Read
from services.github.exchange import APP, Identity, branch_path, repo_path, segment

PAGE = 100
_LATEST = urlencode({"per_page": PAGE, "filter": "latest"})
WORKED_OUT = "mergeable"
"""Makes the answer wrong for who wants to know whether a pull request can be merged: its base has moved."""


@lru_cache(maxsize=4_096)
def installation(repo: str) -> Read[shapes.InstallationShape]:
    return Read(APP, f"{repo_path(repo)}/installation", shapes.InstallationShape, repo, "installation")


def issue(who: Identity, repo: str, number: int) -> Read[shapes.IssueShape]:
    return Read(who, f"{repo_path(repo)}/issues/{number}", shapes.IssueShape, repo, f"issue:{number}")


def comments(who: Identity, repo: str, number: int) -> Read[list[shapes.CommentShape]]:
    path = f"{repo_path(repo)}/issues/{number}/comments?per_page={PAGE}"
    return Read(who, path, list[shapes.CommentShape], repo, f"comments:{number}")


def sub_issues(who: Identity, repo: str, number: int) -> Read[list[said.RelatedShape]]:
    path = f"{repo_path(repo)}/issues/{number}/sub_issues?per_page={PAGE}"
    return Read(who, path, list[said.RelatedShape], repo, f"sub_issues:{number}")


def blockers(who: Identity, repo: str, number: int) -> Read[list[said.RelatedShape]]:
    path = f"{repo_path(repo)}/issues/{number}/dependencies/blocked_by?per_page={PAGE}"
    return Read(who, path, list[said.RelatedShape], repo, f"blockers:{number}")


def pull(who: Identity, repo: str, number: int, *, worked_out: bool = False) -> Read[shapes.PullShape]:
    also = f"{WORKED_OUT}:{number}" if worked_out else ""
    path = f"{repo_path(repo)}/pulls/{number}"
    return Read(who, path, shapes.PullShape, repo, f"pull:{number}", also=also)


def reviews(who: Identity, repo: str, number: int) -> Read[list[shapes.ReviewShape]]:
    path = f"{repo_path(repo)}/pulls/{number}/reviews?per_page={PAGE}"
    return Read(who, path, list[shapes.ReviewShape], repo, f"reviews:{number}")


def files(who: Identity, repo: str, number: int) -> Read[list[shapes.ChangedFile]]:
    path = f"{repo_path(repo)}/pulls/{number}/files?per_page={PAGE}"
    return Read(who, path, list[shapes.ChangedFile], repo, f"files:{number}")


def check_runs(who: Identity, repo: str, sha: str, *, only: str = "") -> Read[shapes.CheckList]:
    """The newest run of each name and App, or with `only` every run of that name."""
    wanted = urlencode({"per_page": PAGE, "check_name": only, "filter": "all"}) if only else _LATEST
    path = f"{repo_path(repo)}/commits/{segment(sha)}/check-runs?{wanted}"
    return Read(who, path, shapes.CheckList, repo, f"checks:{sha}")


def annotations(who: Identity, repo: str, sha: str, check_id: str) -> Read[list[said.AnnotationShape]]:
    """The first of them; they belong to a check of this commit."""
    path = f"{repo_path(repo)}/check-runs/{segment(check_id)}/annotations?per_page=50"
    return Read(who, path, list[said.AnnotationShape], repo, f"checks:{sha}")


def remarks(who: Identity, repo: str, number: int, review_id: str) -> Read[list[said.RemarkShape]]:
    """The comments on lines that belong to one review."""
    path = f"{repo_path(repo)}/pulls/{number}/reviews/{segment(review_id)}/comments?per_page={PAGE}"
    return Read(who, path, list[said.RemarkShape], repo, f"reviews:{number}")


def statuses(who: Identity, repo: str, sha: str) -> Read[shapes.StatusList]:
    path = f"{repo_path(repo)}/commits/{segment(sha)}/status?per_page={PAGE}"
    return Read(who, path, shapes.StatusList, repo, f"statuses:{sha}")


def suites(who: Identity, repo: str, sha: str) -> Read[shapes.SuiteList]:
    path = f"{repo_path(repo)}/commits/{segment(sha)}/check-suites?per_page={PAGE}"
    return Read(who, path, shapes.SuiteList, repo, f"suites:{sha}")


def branch(who: Identity, repo: str, name: str) -> Read[shapes.Ref]:
    return Read(who, f"{repo_path(repo)}/git/ref/{branch_path(name)}", shapes.Ref, repo, f"branch:{name}")
