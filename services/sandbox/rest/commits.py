"""Commits: list, one, compare, tags, merging one branch into another, and archives."""

import gzip
import io
import tarfile
import zipfile
from datetime import UTC, datetime

from services.sandbox import auth, committing, git_views, views
from services.sandbox.call import Call
from services.sandbox.clock import stamp
from services.sandbox.git import Commit, FileChange, GitError
from services.sandbox.kernel import Json, Problem, Response, not_found, route
from services.sandbox.state import Repo

MOST_FILES = 300
"""Files in a comparison or a commit."""
_OLDEST = datetime(1980, 1, 1, tzinfo=UTC)  # a zip knows no earlier date
MOST_COMMITS = 250
"""Commits in a comparison without paging."""


def _commit(call: Call, repo: Repo, rev: str) -> Commit:
    if not call.git.refs(repo.id):
        raise Problem(409, "Git Repository is empty.")
    sha = call.git.resolve(repo.id, rev)
    found = call.git.commit(repo.id, sha) if sha is not None else None
    if found is None:
        raise Problem(422, f"No commit found for SHA: {rev}")
    return found


def _files(call: Call, repo: Repo, sha: str, changes: list[FileChange]) -> list[Json]:
    return [git_views.file_change(call.base, repo, sha, change) for change in changes[:MOST_FILES]]


@route("GET", "/repos/{owner}/{repo}/commits", need="contents:read")
def list_commits(call: Call) -> Json:
    """Newest first; filters: sha (branch or sha), path, author, since, until."""
    repo = call.repo()
    rev = call.query.get("sha") or repo.default_branch
    if not call.git.refs(repo.id):
        raise Problem(409, "Git Repository is empty.")
    if call.git.resolve(repo.id, rev) is None:
        raise not_found()
    rows = call.git.log(repo.id, rev, path=call.query.get("path", ""), limit=100_000)
    since, until = call.query.get("since", ""), call.query.get("until", "~")
    rows = [c for c in rows if since <= c.committer.date <= until and _by(call, c)]
    return [git_views.commit(call.state, call.base, repo, c) for c in call.page(rows)]


def _by(call: Call, commit: Commit) -> bool:
    wanted = call.query.get("author", "").lower()
    if not wanted:
        return True
    known = git_views.account_of(call.state, commit.author)
    return wanted in {commit.author.email.lower(), known.login.lower() if known is not None else ""}


@route("GET", "/repos/{owner}/{repo}/commits/{ref}", need="contents:read")
def get_commit(call: Call) -> Json:
    repo = call.repo()
    found = _commit(call, repo, call.params["ref"])
    if call.request.headers.get("accept", "").startswith("application/vnd.github.sha"):
        return Response(body=found.sha.encode(), headers={"content-type": "application/vnd.github.sha; charset=utf-8"})
    changes = call.git.diff(repo.id, found.parents[0] if found.parents else "", found.sha)
    added, removed = sum(c.additions for c in changes), sum(c.deletions for c in changes)
    return {
        **git_views.commit(call.state, call.base, repo, found),
        "stats": {"total": added + removed, "additions": added, "deletions": removed},
        "files": _files(call, repo, found.sha, changes),
    }


@route("GET", "/repos/{owner}/{repo}/compare/{basehead}", need="contents:read")
def compare(call: Call) -> Json:
    """`base...head`, each also as `owner:branch` of a fork; files are those since the common ancestor."""
    repo = call.repo()
    left, dots, right = call.params["basehead"].partition("...")
    if not dots:
        raise not_found()
    base, head = _side(call, repo, left), _side(call, repo, right)
    common = call.git.merge_base(repo.id, base.sha, head.sha)
    fork = call.git.commit(repo.id, common) if common is not None else None
    if fork is None:
        raise Problem(404, f"No common ancestor between {left} and {right}.")
    ahead, behind = call.git.ahead_behind(repo.id, base.sha, head.sha)
    commits = call.git.log(repo.id, head.sha, exclude=base.sha, limit=100_000)[::-1]
    paged = "page" in call.query or "per_page" in call.query
    rows = call.page(commits) if paged else commits[-MOST_COMMITS:]
    api = f"{call.base}/repos/{repo.full_name}/compare/{views.quoted(call.params['basehead'])}"
    html = api.replace("/api/v3/repos/", "/").replace("/repos/", "/")
    state, url = call.state, call.base
    return {
        "url": api,
        "html_url": html,
        "permalink_url": f"{html.rpartition('/')[0]}/{base.sha[:7]}...{head.sha[:7]}",
        "diff_url": f"{html}.diff",
        "patch_url": f"{html}.patch",
        "base_commit": git_views.commit(state, url, repo, base),
        "merge_base_commit": git_views.commit(state, url, repo, fork),
        "status": {(True, True): "diverged", (True, False): "ahead", (False, True): "behind"}.get(
            (ahead > 0, behind > 0), "identical"
        ),
        "ahead_by": ahead,
        "behind_by": behind,
        "total_commits": len(commits),
        "commits": [git_views.commit(state, url, repo, c) for c in rows],
        "files": _files(call, repo, head.sha, call.git.diff(repo.id, fork.sha, head.sha)),
    }


def _side(call: Call, repo: Repo, text: str) -> Commit:
    """One side of a comparison; 404 when there is no such branch or fork."""
    owner, colon, rev = text.rpartition(":")
    source = repo
    if colon and owner.lower() != repo.owner.lower():
        login = owner.partition(":")[0].lower()
        family = {repo.id, repo.fork_of or repo.id}
        forks = [r for r in call.state.repos.values() if r.owner.lower() == login and ({r.id, r.fork_of} & family)]
        if not forks or not auth.can_see(call.state, call.who, forks[0]):
            raise not_found()
        source = forks[0]
    sha = call.git.resolve(source.id, rev)
    if sha is None:
        raise not_found()
    call.git.bring(source.id, repo.id, sha)
    found = call.git.commit(repo.id, sha)
    if found is None:
        raise not_found()
    return found


@route("GET", "/repos/{owner}/{repo}/commits/{commit_sha}/pulls", need="pull_requests:read")
def pulls_of_commit(call: Call) -> Json:
    """The pull requests a commit belongs to: open ones that hold it, and the merged one that brought it in."""
    from services.sandbox import pull_views

    repo = call.repo()
    found = _commit(call, repo, call.params["commit_sha"])
    rows = []
    for issue in call.state.issues.values():
        pull = issue.pull
        if issue.repo_id != repo.id or pull is None:
            continue
        if found.sha in {pull.head_sha, pull.merge_commit_sha if pull.merged else ""} or _holds(
            call, repo, pull.head_sha, pull.base_sha, found.sha
        ):
            rows.append(issue)
    return [pull_views.simple(call.state, call.base, issue) for issue in call.page(rows)]


def _holds(call: Call, repo: Repo, head: str, base: str, sha: str) -> bool:
    git = call.git
    if git.commit(repo.id, head) is None or git.commit(repo.id, base) is None:
        return False
    return git.contains(repo.id, head, sha) and not git.contains(repo.id, base, sha)


@route("GET", "/repos/{owner}/{repo}/tags", need="contents:read")
def tags(call: Call) -> Json:
    repo = call.repo()
    api = f"{call.base}/repos/{repo.full_name}"
    rows = sorted(call.git.refs(repo.id, "refs/tags/"), reverse=True)
    out = []
    for name in (ref.removeprefix("refs/tags/") for ref in call.page(rows)):
        sha = call.git.resolve(repo.id, f"refs/tags/{name}")
        out.append(
            {
                "name": name,
                "node_id": f"REF_{repo.id:x}_{name}",
                "commit": {"sha": sha, "url": f"{api}/commits/{sha}"},
                "zipball_url": f"{api}/zipball/refs/tags/{views.quoted(name)}",
                "tarball_url": f"{api}/tarball/refs/tags/{views.quoted(name)}",
            }
        )
    return out


@route("POST", "/repos/{owner}/{repo}/merges", need="contents:write")
def merge(call: Call) -> Json:
    """Merge a branch or commit into a branch: 201 with the commit, 204 when it is in already, 409 on a conflict."""
    repo, git = call.repo(), call.git
    base = call.text("base", required=True, resource="Merge") or ""
    head = call.text("head", required=True, resource="Merge") or ""
    tip, other = git.refs(repo.id).get(f"refs/heads/{base}"), git.resolve(repo.id, head)
    if tip is None or other is None:
        raise Problem(404, f"{'Base' if tip is None else 'Head'} does not exist")
    if git.contains(repo.id, tip, other):
        return Response(status=204)
    try:
        merged = git.merge_tree(repo.id, tip, other)
    except GitError:
        raise Problem(409, "Merge conflict") from None
    if merged.tree is None:
        raise Problem(409, "Merge conflict")
    who = git_views.person_of(call.state, call.actor, stamp(call.sandbox.now()))
    text = call.text("commit_message", resource="Merge") or f"Merge {head} into {base}"
    sha = git.commit_tree(repo.id, merged.tree, [tip, other], text, who, who)
    committing.move(call, repo, f"refs/heads/{base}", tip, sha)
    return Response(status=201, json=git_views.commit(call.state, call.base, repo, _commit(call, repo, sha)))


@route("GET", "/repos/{owner}/{repo}/tarball/{ref}", need="contents:read")
def tarball(call: Call) -> Json:
    return _moved(call, "tar.gz")


@route("GET", "/repos/{owner}/{repo}/zipball/{ref}", need="contents:read")
def zipball(call: Call) -> Json:
    return _moved(call, "zip")


def _moved(call: Call, kind: str) -> Response:
    """302 to another place, as on GitHub; the sha in it can only be known by who could read."""
    repo = call.repo()
    sha = _commit(call, repo, call.params["ref"]).sha
    place = f"{call.base.removesuffix('/api/v3')}/_sandbox/archive/{repo.id}/{sha}.{kind}"
    return Response(status=302, body=b"", headers={"location": place})


@route("GET", "/_sandbox/archive/{repository_id}/{name}", need="")
def archive(call: Call) -> Json:
    """The archive itself: all files of a commit, below one directory, dated as the commit is."""
    repo = call.state.repos.get(call.number("repository_id"))
    sha, _, kind = call.params["name"].partition(".")
    found = call.git.commit(repo.id, sha) if repo is not None else None
    if repo is None or found is None:
        raise not_found()
    top = f"{repo.owner}-{repo.name}-{sha[:7]}"
    files = [(e, call.git.blob(repo.id, e.sha)) for e in call.git.tree(repo.id, sha, "", True) if e.type == "blob"]
    made = datetime.fromisoformat(found.committer.date)
    out = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
            for entry, content in files:
                packed.writestr(zipfile.ZipInfo(f"{top}/{entry.path}", max(made, _OLDEST).timetuple()[:6]), content)
        return Response(body=out.getvalue(), headers={"content-type": "application/zip"})
    with gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as press, tarfile.open(fileobj=press, mode="w") as packed_tar:
        for entry, content in files:
            row = tarfile.TarInfo(f"{top}/{entry.path}")
            row.size, row.mode, row.mtime = len(content), int(entry.mode[-3:], 8), int(made.timestamp())
            packed_tar.addfile(row, io.BytesIO(content))
    return Response(body=out.getvalue(), headers={"content-type": "application/gzip"})
