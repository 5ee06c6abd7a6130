"""Setting a stage: accounts, repositories with files, an App and where it is installed, in a few lines of Python.

Used by the demo, the tests and the command line. Things made here make no webhooks: they were there before the story
began.
"""

import hashlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from services.sandbox import git_views
from services.sandbox.clock import stamp
from services.sandbox.credentials import Token
from services.sandbox.git import ZERO
from services.sandbox.state import Account, App, Hook, Installation, Label, Protection, Repo

if TYPE_CHECKING:
    from services.sandbox.sandbox import Sandbox

DEFAULT_LABELS = {
    "bug": ("d73a4a", "Something isn't working"),
    "documentation": ("0075ca", "Improvements or additions to documentation"),
    "enhancement": ("a2eeef", "New feature or request"),
    "good first issue": ("7057ff", "Good for newcomers"),
    "help wanted": ("008672", "Extra attention is needed"),
    "question": ("d876e3", "Further information is requested"),
}
ALL = {
    "actions": "write", "administration": "write", "checks": "write", "contents": "write", "issues": "write",
    "members": "read", "metadata": "read", "pull_requests": "write", "repository_hooks": "write", "statuses": "write",
    "workflows": "write",
}  # fmt: skip
EVENTS = [
    "check_run", "check_suite", "create", "delete", "issue_comment", "issue_dependencies", "issues", "label",
    "merge_group", "pull_request", "pull_request_review", "push", "repository", "status", "sub_issues",
    "workflow_job", "workflow_run",
]  # fmt: skip


class AppCredentials(msgspec.Struct, frozen=True, kw_only=True):
    """What the App's owner gets to keep; `private_key` in PEM."""

    app_id: int
    slug: str
    private_key: str
    webhook_secret: str
    client_id: str


class Scenario:
    """Builds into one sandbox. Names that exist already are returned as they are."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self.sandbox = sandbox
        self.state = sandbox.state

    @property
    def _now(self) -> str:
        return stamp(self.sandbox.now())

    def account(self, login: str, type: str = "User", name: str = "") -> Account:  # noqa: A002 - GitHub's word
        found = self.state.accounts.get(login.lower())
        if found is None:
            found = Account(id=self.state.new_id(), login=login, type=type, name=name)
            self.state.accounts[login.lower()] = found
        return found

    def repo(
        self,
        full_name: str,
        files: Mapping[str, str | bytes] | None = None,
        *,
        private: bool = False,
        default_branch: str = "main",
        description: str | None = None,
        owner_type: str = "Organization",
    ) -> Repo:
        """A repository with one commit of these files (none: a README).

        Its owner is made, as an organisation, when there is none.
        """
        repo = self._new(full_name, private, default_branch, description, owner_type)
        self.sandbox.git.create(repo.id, default_branch)
        content = files if files is not None else {"README.md": f"# {repo.name}\n"}
        if content:
            self.commit(repo, content, "Initial commit")
        return repo

    def adopt(self, full_name: str, directory: Path, *, private: bool = True, owner_type: str = "Organization") -> Repo:
        """A copy of a git repository on this disk; its checked-out branch becomes the default branch."""
        repo = self._new(full_name, private, "main", None, owner_type)
        self.sandbox.git.adopt(directory, repo.id)
        head = self.sandbox.git.head(repo.id)
        repo.default_branch = head or repo.default_branch
        return repo

    def commit(
        self,
        repo: Repo,
        files: Mapping[str, str | bytes | None],
        message: str,
        *,
        branch: str = "",
        login: str = "",
        announce: bool = False,
    ) -> str:
        """Commit files (None deletes one) on a branch, the default one when not named; its sha.

        `announce` makes it a push with its webhooks.

        A branch that does not exist begins at the default branch.
        """
        git, name = self.sandbox.git, branch or repo.default_branch
        ref = f"refs/heads/{name}"
        heads = git.refs(repo.id)
        before = heads.get(ref, ZERO)
        parent = heads.get(ref) or heads.get(f"refs/heads/{repo.default_branch}")
        old = git.commit(repo.id, parent) if parent else None
        changes = {
            path: ("100644", git.write_blob(repo.id, _bytes(text))) if text is not None else None
            for path, text in files.items()
        }
        tree = git.write_tree(repo.id, old.tree if old else "", changes)
        who = git_views.person_of(self.state, login or repo.owner, self._now)
        sha = git.commit_tree(repo.id, tree, [parent] if parent else [], message, who, who)
        git.set_ref(repo.id, ref, sha, before)
        repo.pushed_at = self._now
        if announce:
            from services.sandbox import pushes

            pushes.moved(self.sandbox, repo, ref, before, sha, login or repo.owner)
        return sha

    def _new(
        self, full_name: str, private: bool, default_branch: str, description: str | None, owner_type: str
    ) -> Repo:
        owner, _, name = full_name.partition("/")
        account = self.account(owner, owner_type)
        repo = Repo(
            id=self.state.new_id(),
            owner=account.login,
            name=name,
            private=private,
            default_branch=default_branch,
            description=description,
            created_at=self._now,
            updated_at=self._now,
            pushed_at=self._now,
            labels=default_labels(self.sandbox),
        )
        self.state.repos[repo.id] = repo
        return repo

    def collaborator(self, repo: Repo, login: str, role: str = "write") -> None:
        """Give somebody a role: read, triage, write, maintain, admin, or a custom one."""
        repo.collaborators[self.account(login).login] = role

    def member(self, organization: str, login: str, role: str = "member") -> None:
        """Make somebody a member of an organisation, or an admin of it."""
        self.account(organization, "Organization").members[self.account(login).login] = role

    def team(self, organization: str, slug: str, *logins: str) -> None:
        """A team of an organisation, with these people in it."""
        owner = self.account(organization, "Organization")
        owner.teams[slug] = [self.account(login).login for login in logins]

    def protect(self, repo: Repo, *contexts: str, branch: str = "", **rules: Any) -> Protection:
        """Require these checks on a branch, the default one when not named.

        `rules` are the other fields of Protection.
        """
        found = Protection(contexts=list(contexts), **rules)
        repo.protection[branch or repo.default_branch] = found
        return found

    def user_token(self, login: str) -> str:
        """A token that acts as this person."""
        token = f"ghp_{self.sandbox.draw(144):036x}"
        self.state.tokens[token] = Token(token=token, login=self.account(login).login)
        return token

    def app(
        self,
        slug: str,
        permissions: Mapping[str, str] | None = None,
        events: Iterable[str] | None = None,
        webhook_url: str = "",
        webhook_secret: str = "",
        *,
        owner: str = "",
        name: str = "",
        private_key: str = "",
    ) -> AppCredentials:
        """Register an App; without `permissions` and `events` it has all that the sandbox knows.

        `private_key` (PEM) is made when none is given, and then differs from process to process.
        """
        key = _loaded(private_key) if private_key else _key(slug)
        state = self.state
        app = App(
            id=state.new_id(),
            slug=slug,
            name=name or slug.replace("-", " ").title(),
            owner=self.account(owner or "octo-owner").login,
            public_key=key.public_key()
            .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
            .decode(),
            client_secret=f"{self.sandbox.draw(160):040x}",
            webhook_url=webhook_url,
            webhook_secret=webhook_secret,
            hook_id=state.new_id(),
            permissions={"metadata": "read", **(permissions if permissions is not None else ALL)},
            events=sorted(events if events is not None else EVENTS),
            created_at=self._now,
        )
        app.client_id = f"Iv23li{hashlib.sha256(slug.encode()).hexdigest()[:14]}"
        state.apps[app.id] = app
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
        return AppCredentials(
            app_id=app.id, slug=slug, private_key=pem.decode(), webhook_secret=webhook_secret, client_id=app.client_id
        )

    def install(self, app: AppCredentials | App | int, account: str, repos: Iterable[str | Repo] | None = None) -> int:
        """Install an App on an account, on all repositories or on these (names or records); the installation's id."""
        found = self.state.apps[
            app if isinstance(app, int) else app.app_id if isinstance(app, AppCredentials) else app.id
        ]
        ids = None
        if repos is not None:
            wanted = [
                r if isinstance(r, Repo) else self.sandbox.repo_named(r if "/" in r else f"{account}/{r}")
                for r in repos
            ]
            ids = [r.id for r in wanted if r is not None]
        installation = Installation(
            id=self.state.new_id(),
            app_id=found.id,
            account=self.account(account).login,
            permissions=dict(found.permissions),
            events=list(found.events),
            repo_ids=ids,
            created_at=self._now,
        )
        self.state.installations[installation.id] = installation
        return installation.id

    def installation_token(self, installation_id: int) -> str:
        """A token with all the rights of an installation that never expires: for tests that are not about tokens."""
        token = f"ghs_{self.sandbox.draw(144):036x}"
        found = self.state.installations[installation_id]
        self.state.tokens[token] = Token(
            token=token, installation_id=installation_id, permissions=dict(found.permissions)
        )
        return token

    def hook(self, repo: Repo, url: str, secret: str = "", events: Iterable[str] = ("*",)) -> Hook:
        """A repository's own webhook."""
        hook = Hook(
            id=self.state.new_id(), repo_id=repo.id, url=url, secret=secret, events=list(events), created_at=self._now
        )
        self.state.hooks[hook.id] = hook
        return hook


@lru_cache(maxsize=64)
def _key(_slug: str) -> rsa.RSAPrivateKey:
    """An App's key.

    Made once in a process for each name, since making one takes longer than all the rest of a set-up.
    """
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


@lru_cache(maxsize=64)
def _loaded(pem: str) -> rsa.RSAPrivateKey:
    """ValueError for what is no RSA key in PEM."""
    found = serialization.load_pem_private_key(pem.encode(), password=None)
    if not isinstance(found, rsa.RSAPrivateKey):
        raise ValueError("an App's key is an RSA key")
    return found


def default_labels(sandbox: "Sandbox") -> dict[str, Label]:
    """The labels of a new repository."""
    return {
        name: Label(id=sandbox.state.new_id(), name=name, color=color, description=about)
        for name, (color, about) in DEFAULT_LABELS.items()
    }


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text
