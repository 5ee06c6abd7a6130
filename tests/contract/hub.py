"""A sandbox without sockets for the tests of its parts: requests go in as values, each answer and webhook is recorded.

One organisation `acme` with the repositories `api` and `web`, the people ada (maintain), bob (write), eve (reads only),
and the App `lockstep`, installed everywhere and subscribed to all.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from services.sandbox import events
from services.sandbox.kernel import Request
from services.sandbox.repositories import Repositories
from services.sandbox.sandbox import Sandbox
from services.sandbox.scenario import ALL, EVENTS, Scenario
from services.sandbox.state import App, Issue, Repo
from tests.kit.contract import Recorder

BASE = "http://127.0.0.1:4000"


@dataclass(frozen=True)
class Answer:
    """What came back; `json` is None for an empty body and for text."""

    status: int
    json: Any
    headers: Mapping[str, str]
    text: str


@dataclass
class Hub:
    """`api("GET", "issues/1")` asks below the repository `api`; a path with a leading slash is a whole one."""

    sandbox: Sandbox
    scenario: Scenario
    recorder: Recorder
    tokens: dict[str, str]
    repo: Repo
    other: Repo
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def api(self, method: str, path: str, body: Any = None, *, who: str = "app", accept: str = "") -> Answer:
        whole = path if path.startswith("/") else f"/repos/{self.repo.full_name}/{path}"
        headers = {"authorization": f"token {self.tokens[who]}"} if who else {}
        headers |= {"accept": accept} if accept else {}
        raw = b"" if body is None else json.dumps(body).encode()
        request = Request(method=method, path=whole, headers=headers, body=raw, base=BASE)
        answer = self.sandbox.handle(request)
        content = answer.encoded()
        self.recorder.exchange(method, whole, headers, raw, answer.status, answer.headers, content)
        is_json = answer.headers.get("content-type", "").startswith("application/json")
        return Answer(
            answer.status, json.loads(content) if content and is_json else None, answer.headers, content.decode()
        )

    def ok(self, method: str, path: str, body: Any = None, *, who: str = "app") -> Any:
        """The body of an answer that must be a 2xx."""
        answer = self.api(method, path, body, who=who)
        assert 200 <= answer.status < 300, (method, path, answer)
        return answer.json

    def refused(self, method: str, path: str, body: Any = None, *, who: str = "app") -> tuple[int, str]:
        """Status and all the words of an answer that must be an error."""
        answer = self.api(method, path, body, who=who)
        assert answer.status >= 300, (method, path, answer)
        return answer.status, json.dumps(answer.json, ensure_ascii=False)

    def hear(self) -> list[str]:
        """The events told since the last call ("issues.opened"), in order; their payloads are in `told`."""
        self.told = []
        for delivery in events.take(self.sandbox):
            payload = json.loads(delivery.payload)
            self.recorder.delivery(delivery.event, payload)
            self.told.append((delivery.event, payload))
        return [f"{name}.{payload['action']}" if "action" in payload else name for name, payload in self.told]

    def payload(self, name: str) -> dict[str, Any]:
        """The first payload of that event among those last heard."""
        event, _, action = name.partition(".")
        return next(p for e, p in self.told if e == event and p.get("action", "") == action)

    def issue(self, title: str = "An issue", **extra: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.ok("POST", "issues", {"title": title, **extra})
        return found

    def branch(self, name: str, files: dict[str, str], *, login: str = "ada", message: str = "Change") -> str:
        """Commit files on a branch (made from the default branch when new), as a push."""
        return self.scenario.commit(self.repo, dict(files), message, branch=name, login=login, announce=True)

    def pull(self, head: str = "topic", base: str = "main", **extra: Any) -> dict[str, Any]:
        """A pull request of a branch that holds one new file."""
        if self.sandbox.git.resolve(self.repo.id, f"refs/heads/{head}") is None:
            self.branch(head, {f"{head}.txt": f"{head}\n"}, message=f"Add {head}")
        body = {"title": f"About {head}", "head": head, "base": base, **extra}
        found: dict[str, Any] = self.ok("POST", "pulls", body)
        return found

    def record(self, number: int) -> Issue:
        found = self.sandbox.issue_numbered(self.repo, number)
        assert found is not None
        return found

    def check(self, name: str, sha: str, conclusion: str = "success") -> None:
        """A finished check run of the App."""
        body = {"name": name, "head_sha": sha, "status": "completed", "conclusion": conclusion}
        self.ok("POST", "check-runs", body)


@pytest.fixture
def hub(store: Repositories, contract: Recorder) -> Hub:
    """The hub; the test fails when an answer or a webhook differs from GitHub's description."""
    sandbox = Sandbox(store, public_url=BASE)
    scenario = Scenario(sandbox)
    repo = scenario.repo("acme/api", {"README.md": "# api\n", "src/main.py": "print(1)\n"})
    other = scenario.repo("acme/web")
    for login, role in (("ada", "maintain"), ("bob", "write"), ("eve", "read")):
        scenario.collaborator(repo, login, role)
        scenario.collaborator(other, login, role)
    app = App(  # as scenario.app makes it, without the half of a second that a key takes: no test here signs anything
        id=sandbox.state.new_id(),
        slug="lockstep",
        name="Lockstep",
        owner=scenario.account("octo-owner").login,
        public_key="",
        webhook_url="http://127.0.0.1:1/webhook",
        permissions=dict(ALL),
        events=list(EVENTS),
        created_at=repo.created_at,
    )
    sandbox.state.apps[app.id] = app
    tokens = {login: scenario.user_token(login) for login in ("ada", "bob", "eve", "acme")}
    tokens["app"] = scenario.installation_token(scenario.install(app, "acme"))
    return Hub(sandbox, scenario, contract, tokens, repo, other)
