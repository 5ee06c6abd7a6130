"""How commits and files look in answers and in push events."""

from services.sandbox import views
from services.sandbox.git_values import Commit, FileChange, Person
from services.sandbox.kernel import Json
from services.sandbox.repositories import Repositories
from services.sandbox.state import Account, Repo, State

SIGNED: Json = {
    "verified": True,
    "reason": "valid",
    "signature": "-----BEGIN PGP SIGNATURE-----",
    "payload": "",
    "verified_at": None,
}
UNSIGNED: Json = {"verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None}
NOREPLY = "users.noreply.github.com"
WEB_FLOW = Account(id=19_864_447, login="web-flow")


def github(date: str) -> Person:
    """GitHub as the committer of what it makes itself; the account behind it is `web-flow`."""
    return Person("GitHub", "noreply@github.com", date)


def person_of(state: State, login: str, date: str) -> Person:
    """Whom commits made through the API name: the account, with GitHub's no-reply address."""
    who = views.account(state, login)
    return Person(who.name or who.login, f"{who.id}+{who.login}@{NOREPLY}", date)


def account_of(state: State, person: Person) -> Account | None:
    """The account behind a commit's author or committer, when the address tells."""
    if person.email == "noreply@github.com":
        return WEB_FLOW
    local, _, domain = person.email.partition("@")
    login = local.partition("+")[2] or local if domain == NOREPLY else person.name
    found = views.account(state, login)
    return found if found is not views.GHOST else None


def person(who: Person) -> Json:
    return {"name": who.name, "email": who.email, "date": who.date}


def git_commit(base: str, repo: Repo, commit: Commit) -> Json:
    """GitHub's "git commit", without the accounts behind the people."""
    api, html = _urls(base, repo)
    return {
        "sha": commit.sha,
        "node_id": f"C_{commit.sha}",
        "url": f"{api}/git/commits/{commit.sha}",
        "html_url": f"{html}/commit/{commit.sha}",
        "author": person(commit.author),
        "committer": person(commit.committer),
        "message": commit.message,
        "tree": {"sha": commit.tree, "url": f"{api}/git/trees/{commit.tree}"},
        "parents": [
            {"sha": sha, "url": f"{api}/git/commits/{sha}", "html_url": f"{html}/commit/{sha}"}
            for sha in commit.parents
        ],
        "verification": UNSIGNED,
    }


def commit(state: State, base: str, repo: Repo, found: Commit) -> Json:
    """GitHub's "commit", without stats and files."""
    api, html = _urls(base, repo)
    author, committer = account_of(state, found.author), account_of(state, found.committer)
    return {
        "sha": found.sha,
        "node_id": f"C_{found.sha}",
        "url": f"{api}/commits/{found.sha}",
        "html_url": f"{html}/commit/{found.sha}",
        "comments_url": f"{api}/commits/{found.sha}/comments",
        "commit": {
            "url": f"{api}/git/commits/{found.sha}",
            "author": person(found.author),
            "committer": person(found.committer),
            "message": found.message,
            "comment_count": 0,
            "tree": {"sha": found.tree, "url": f"{api}/git/trees/{found.tree}"},
            "verification": SIGNED if found.sha in state.signed else UNSIGNED,
        },
        "author": views.user(base, author) if author is not None else None,
        "committer": views.user(base, committer) if committer is not None else None,
        "parents": [
            {"sha": sha, "url": f"{api}/commits/{sha}", "html_url": f"{html}/commit/{sha}"} for sha in found.parents
        ],
    }


def file_change(base: str, repo: Repo, sha: str, change: FileChange) -> Json:
    """GitHub's "diff entry": one changed file as seen at commit `sha`."""
    api, html = _urls(base, repo)
    name = views.quoted(change.filename)
    out = {
        "sha": change.blob_sha,
        "filename": change.filename,
        "status": change.status,
        "additions": change.additions,
        "deletions": change.deletions,
        "changes": change.additions + change.deletions,
        "blob_url": f"{html}/blob/{sha}/{name}",
        "raw_url": f"{html}/raw/{sha}/{name}",
        "contents_url": f"{api}/contents/{name}?ref={sha}",
    }
    if change.patch is not None:
        out["patch"] = change.patch
    if change.previous is not None:
        out["previous_filename"] = change.previous
    return out


def push_commit(state: State, base: str, repo: Repo, git: Repositories, found: Commit) -> Json:
    """A commit as push events carry it, with the names of the files it touched."""
    parent = found.parents[0] if found.parents else ""
    changes = git.changed(repo.id, parent, found.sha)
    return {
        "id": found.sha,
        "tree_id": found.tree,
        "distinct": True,
        "message": found.message,
        "timestamp": found.committer.date,
        "url": f"{base}/{repo.full_name}/commit/{found.sha}",
        "author": _named(state, found.author),
        "committer": _named(state, found.committer),
        "added": [path for path, (before, _) in changes.items() if before is None],
        "removed": [path for path, (_, after) in changes.items() if after is None],
        "modified": [path for path, (before, after) in changes.items() if before and after],
    }


def short_commit(state: State, found: Commit) -> Json:
    """GitHub's "simple commit", as check suites and workflow runs carry it."""
    return {
        "id": found.sha,
        "tree_id": found.tree,
        "message": found.message,
        "timestamp": found.committer.date,
        "author": {"name": found.author.name, "email": found.author.email},
        "committer": {"name": found.committer.name, "email": found.committer.email},
    }


def _named(state: State, who: Person) -> Json:
    known = account_of(state, who)
    return {
        "name": who.name,
        "email": who.email,
        "date": who.date,
        **({"username": known.login} if known is not None else {}),
    }


def _urls(base: str, repo: Repo) -> tuple[str, str]:
    return f"{base}/repos/{repo.full_name}", f"{base.removesuffix('/api/v3')}/{repo.full_name}"
