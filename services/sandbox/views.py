"""How the shared things look in answers and webhooks: accounts, repositories, Apps.

Resources have their own views beside their endpoints.

URLs begin with the caller's own host and port (`base`), or a client that checks where it is sent refuses them.
"""

from functools import lru_cache
from urllib.parse import quote

from services.sandbox.kernel import Json
from services.sandbox.state import Account, App, Installation, Repo, State

UNLISTED = {"issue_dependencies", "sub_issues"}
"""Events that GitHub sends but that its schema of an App inside a check's payload does not name.

`GET /app` shows them.
"""
GHOST = Account(id=10_137, login="ghost")


def node_id(kind: str, number: int) -> str:
    """An opaque id for GraphQL; stable, and never mistaken for the database id."""
    return f"{kind}_kw{number:x}"


@lru_cache(maxsize=4_096)
def quoted(path: str) -> str:
    """A file's path or a ref as it stands in a URL."""
    return quote(path, safe="/")


def account(state: State, login: str) -> Account:
    """The account, a bot's made up from its App's slug, or GitHub's ghost for one that is gone."""
    found = state.accounts.get(login.lower())
    if found is not None:
        return found
    if login.endswith("[bot]"):
        slug = login[:-5]
        number = 15_368
        for app in state.apps.values():
            if app.slug == slug:
                number = app.id
                break
        return _bot(number + 40_000_000, login)
    return GHOST


@lru_cache(maxsize=1_024)
def _bot(number: int, login: str) -> Account:
    return Account(id=number, login=login, type="Bot")


def user(base: str, who: Account) -> Json:
    """GitHub's "simple user"; everybody gets the same dictionary, so nobody may change it."""
    return _user(base, who.id, who.login, who.type)


@lru_cache(maxsize=4_096)
def _user(base: str, number: int, login: str, kind: str) -> Json:
    api = f"{base}/users/{quoted(login)}"
    root = base.removesuffix("/api/v3")
    return {
        "login": login,
        "id": number,
        "node_id": node_id("U", number),
        "avatar_url": f"{root}/avatars/u/{number}",
        "gravatar_id": "",
        "url": api,
        "html_url": f"{root}/{'apps/' + login.removesuffix('[bot]') if kind == 'Bot' else login}",
        "followers_url": f"{api}/followers",
        "following_url": f"{api}/following{{/other_user}}",
        "gists_url": f"{api}/gists{{/gist_id}}",
        "starred_url": f"{api}/starred{{/owner}}{{/repo}}",
        "subscriptions_url": f"{api}/subscriptions",
        "organizations_url": f"{api}/orgs",
        "repos_url": f"{api}/repos",
        "events_url": f"{api}/events{{/privacy}}",
        "received_events_url": f"{api}/received_events",
        "type": kind,
        "user_view_type": "public",
        "site_admin": False,
    }


_REPO_URLS = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}


def minimal_repo(state: State, base: str, repo: Repo) -> Json:
    """The part of a repository that GitHub nests in other answers."""
    return {
        "id": repo.id,
        "node_id": node_id("R", repo.id),
        "name": repo.name,
        "full_name": repo.full_name,
        "private": repo.private,
        "owner": user(base, account(state, repo.owner)),
        "description": repo.description,
        "fork": bool(repo.fork_of),
        **_repo_links(base, repo.full_name),
    }


@lru_cache(maxsize=1_024)
def _repo_links(base: str, full_name: str) -> dict[str, str]:
    api, root = f"{base}/repos/{full_name}", base.removesuffix("/api/v3")
    return {
        "html_url": f"{root}/{full_name}",
        "url": api,
        **{key: api + tail for key, tail in _REPO_URLS.items()},
    }


def repository(state: State, base: str, repo: Repo) -> Json:
    """GitHub's "repository", as lists and webhooks carry it."""
    number = repo.id
    issues = sum([issue.repo_id == number and issue.state == "open" for issue in state.issues.values()])
    return {
        **minimal_repo(state, base, repo),
        **_repo_rest(base, repo.full_name),
        "has_issues": repo.has_issues,
        "archived": repo.archived,
        "visibility": "private" if repo.private else "public",
        "allow_merge_commit": repo.allow_merge_commit,
        "allow_squash_merge": repo.allow_squash_merge,
        "allow_rebase_merge": repo.allow_rebase_merge,
        "allow_auto_merge": repo.allow_auto_merge,
        "delete_branch_on_merge": repo.delete_branch_on_merge,
        "default_branch": repo.default_branch,
        "open_issues_count": issues,
        "open_issues": issues,
        "created_at": repo.created_at,
        "updated_at": repo.updated_at or repo.created_at,
        "pushed_at": repo.pushed_at or repo.created_at,
    }


@lru_cache(maxsize=1_024)
def _repo_rest(base: str, full_name: str) -> dict[str, Json]:
    """What is the same for every repository here, and the addresses that only the longer form has."""
    root = base.removesuffix("/api/v3")
    clone = f"{root}/{full_name}"
    return {
        "git_url": f"git://{clone.partition('://')[2]}.git",
        "ssh_url": f"git@{root.partition('://')[2]}:{full_name}.git",
        "clone_url": f"{clone}.git",
        "svn_url": clone,
        "mirror_url": None,
        "homepage": None,
        "size": 0,
        "stargazers_count": 0,
        "watchers_count": 0,
        "watchers": 0,
        "forks_count": 0,
        "forks": 0,
        "language": None,
        "has_projects": False,
        "has_downloads": True,
        "has_wiki": False,
        "has_pages": False,
        "has_discussions": False,
        "disabled": False,
        "license": None,
        "topics": [],
        "is_template": False,
        "web_commit_signoff_required": False,
        "allow_forking": True,
        "allow_update_branch": True,
    }


def permissions_of(rank: int) -> Json:
    """GitHub's five switches for a role's rank (see auth.rank)."""
    levels = ("pull", "triage", "push", "maintain", "admin")
    return {name: rank >= at for at, name in enumerate(levels, start=1)}


def full_repository(state: State, base: str, repo: Repo, rank: int) -> Json:
    """GitHub's "full repository", with the caller's rights and where it was forked from."""
    forks = sum(1 for other in state.repos.values() if other.fork_of == repo.id)
    out = {
        **repository(state, base, repo),
        "permissions": permissions_of(rank),
        "network_count": forks,
        "subscribers_count": 1,
        "forks": forks,
        "forks_count": forks,
    }
    owner = account(state, repo.owner)
    if owner.type == "Organization":
        out["organization"] = user(base, owner)
    source = state.repos.get(repo.fork_of)
    if source is not None:
        out["parent"] = out["source"] = repository(state, base, source)
    return out


def repo_name(repo: Repo) -> Json:
    """The five fields of a repository that installation events carry."""
    return {
        "id": repo.id,
        "node_id": node_id("R", repo.id),
        "name": repo.name,
        "full_name": repo.full_name,
        "private": repo.private,
    }


def webhook_repository(state: State, base: str, repo: Repo) -> Json:
    """GitHub's "repository" as events carry it."""
    return {**repository(state, base, repo), "custom_properties": {}}


def organization(base: str, who: Account) -> Json:
    """GitHub's "organization simple"."""
    api = f"{base}/orgs/{who.login}"
    return {
        "login": who.login,
        "id": who.id,
        "node_id": node_id("O", who.id),
        "url": api,
        "repos_url": f"{api}/repos",
        "events_url": f"{api}/events",
        "hooks_url": f"{api}/hooks",
        "issues_url": f"{api}/issues",
        "members_url": f"{api}/members{{/member}}",
        "public_members_url": f"{api}/public_members{{/member}}",
        "avatar_url": f"{base.removesuffix('/api/v3')}/avatars/u/{who.id}",
        "description": who.name,
    }


def app(state: State, base: str, which: App) -> Json:
    root = base.removesuffix("/api/v3")
    return {
        "id": which.id,
        "slug": which.slug,
        "node_id": node_id("A", which.id),
        "client_id": which.client_id,
        "owner": user(base, account(state, which.owner)),
        "name": which.name,
        "description": None,
        "external_url": f"{root}/apps/{which.slug}",
        "html_url": f"{root}/apps/{which.slug}",
        "created_at": which.created_at,
        "updated_at": which.created_at,
        "permissions": which.permissions,
        "events": [name for name in which.events if name not in UNLISTED],
    }


def installation(state: State, base: str, which: Installation) -> Json:
    slug = state.apps[which.app_id].slug
    root = base.removesuffix("/api/v3")
    owner = account(state, which.account)
    return {
        "id": which.id,
        "account": user(base, owner),
        "repository_selection": "all" if which.repo_ids is None else "selected",
        "access_tokens_url": f"{base}/app/installations/{which.id}/access_tokens",
        "repositories_url": f"{base}/installation/repositories",
        "html_url": f"{root}/settings/installations/{which.id}",
        "app_id": which.app_id,
        "client_id": state.apps[which.app_id].client_id,
        "app_slug": slug,
        "target_id": owner.id,
        "target_type": owner.type,
        "permissions": which.permissions,
        "events": which.events,
        "created_at": which.created_at,
        "updated_at": which.created_at,
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "suspended_by": None,
        "suspended_at": which.suspended_at,
    }
