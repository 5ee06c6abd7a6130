"""GitHub in the simulation: the sandbox without a server, on virtual time, and the people who use it.

`Hub.act` is a request by a person: at once and without trouble, because what may go wrong between a person and GitHub is
no matter of ours.
"""

from functools import cache
from pathlib import Path

import msgspec
import yaml

from services.sandbox.git_memory import MemoryGit
from services.sandbox.kernel import Json, Request
from services.sandbox.sandbox import Sandbox
from services.sandbox.scenario import AppCredentials, Scenario
from services.sandbox.state import Comment, Issue, Repo
from tests.simulation.chance import Stream
from tests.simulation.clock import VirtualClock
from tests.simulation.loop import VirtualLoop
from tests.simulation.trace import Trace

SECRET = "a secret between GitHub and the bot"
ROLES = {"ana": "maintain", "ben": "write", "tom": "triage", "eve": "read"}
BOT = "lockstep[bot]"
WORKFLOW = "name: ci\non: [pull_request, merge_group]\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - run: 'true'\n"
QUEUED = 0.2
"""The share of repositories with workflows whose branch has a merge queue."""
MANIFEST = Path(__file__).parents[2] / "app.yml"
CONFIG = ".github/lockstep.yml"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A repository. `checks`: who checks its pull requests: Actions, another App, or nobody. has_queue: what is merged
    there goes through GitHub's merge queue.
    """

    repo: Repo
    checks: str
    has_queue: bool


class Hub:
    """The sandbox with a stage set: `places` are the repositories, the first is the plan's home."""

    def __init__(
        self,
        loop: VirtualLoop,
        git: MemoryGit,
        seed: int,
        chance: Stream,
        skew: float,
        trace: Trace,
        queues: Stream | None = None,
    ) -> None:
        self.trace = trace
        clock = VirtualClock(loop, skew)
        self.sandbox = Sandbox(git, now=clock.now, public_url="https://github.test", seed=seed)
        self.scenario = Scenario(self.sandbox)
        self.places = [
            self._place(name, chance, queues) for name in ("home", "api", "web")[: chance.choice([1, 2, 2, 3])]
        ]
        permissions, asked = _manifest()
        self.app: AppCredentials = self.scenario.app(
            "lockstep", permissions, asked, webhook_url="https://bot.test/webhook", webhook_secret=SECRET
        )
        self.scenario.install(self.app, "acme")
        self.ci = self.scenario.app("ci", {"checks": "write"}, [])
        self._tokens = {login: self.scenario.user_token(login) for login in ROLES}

    def _place(self, name: str, chance: Stream, queues: Stream | None) -> Place:
        checks = chance.choice(["actions", "actions", "app", "none"])
        files = {"README.md": f"# {name}\n", "shared.txt": "nothing yet\n"}
        if checks == "actions":
            files[".github/workflows/ci.yml"] = WORKFLOW
        method = chance.choice(["", "", "merge: merge\n", "merge: rebase\n"])
        config = method + ("checks: none\n" if checks == "none" else "")
        if config:
            files[CONFIG] = config
        repo = self.scenario.repo(f"acme/{name}", files, private=chance.hits(0.1))
        for login, role in ROLES.items():
            self.scenario.collaborator(repo, login, role)
        has_queue = checks == "actions" and queues is not None and queues.hits(QUEUED)
        if has_queue:
            self.scenario.protect(repo, "test", merge_queue=True)
        return Place(repo=repo, checks=checks, has_queue=has_queue)

    @property
    def home(self) -> Repo:
        return self.places[0].repo

    def act(self, who: str, method: str, path: str, body: Json = None) -> tuple[int, Json]:
        """A person's request: status and decoded answer."""
        content = b"" if body is None else msgspec.json.encode(body)
        headers = {"authorization": f"Bearer {self._tokens[who]}"}
        response = self.sandbox.handle(Request(method=method, path=path, headers=headers, body=content))
        self.trace(who, f"{method} {path}: {response.status} {_short(body)}")
        return response.status, response.json

    def comment(self, who: str, number: int, text: str) -> int:
        """Write under an issue of the home repository; the comment's id, 0 when GitHub does not let this person."""
        path = f"/repos/{self.home.full_name}/issues/{number}/comments"
        status, made = self.act(who, "POST", path, {"body": text})
        return int(made["id"]) if status == 201 else 0

    def reactions(self, comment: int) -> set[str]:
        """What the bot has reacted to a comment with."""
        rows = self.sandbox.state.reactions.values()
        return {row.content for row in rows if row.subject == f"comment:{comment}" and row.user == BOT}

    def comments_of(self, issue: Issue) -> list[Comment]:
        return [row for row in self.sandbox.state.comments.values() if row.issue_id == issue.id]

    def issue(self, repo: Repo, number: int) -> Issue:
        found = self.sandbox.issue_numbered(repo, number)
        assert found is not None, f"{repo.full_name}#{number} is not there"
        return found

    def open_pulls(self, repo: Repo | None = None) -> list[Issue]:
        rows = self.sandbox.state.issues.values()
        return [i for i in rows if i.pull and i.state == "open" and (repo is None or i.repo_id == repo.id)]

    def repo_of(self, issue: Issue) -> Repo:
        return self.sandbox.state.repos[issue.repo_id]


@cache
def _manifest() -> tuple[dict[str, str], list[str]]:
    """What the App may do, and which events it asks for."""
    found = yaml.safe_load(MANIFEST.read_text())
    return found["default_permissions"], found["default_events"]


def _short(body: Json) -> str:
    text = "" if body is None else msgspec.json.encode(body).decode()
    return text if len(text) <= 160 else f"{text[:159]}…"
