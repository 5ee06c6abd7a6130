"""A plan of four tasks in two repositories, as the calls a bot makes for it, against a sandbox without sockets.

No disk, no process, no thread, no clock of the machine: everything follows from the seed. `played` tells what was
answered and delivered, byte for byte; run as a module it prints a digest of that for each seed it is given.
"""

import hashlib
import json
import random
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from services.sandbox import events, pushing
from services.sandbox.actions_context import JobOrder
from services.sandbox.git_memory import MemoryGit
from services.sandbox.git_values import Person
from services.sandbox.kernel import Request
from services.sandbox.sandbox import Sandbox
from services.sandbox.scenario import Scenario
from services.sandbox.simulated_runner import Ending, SimulatedRunner
from services.sandbox.state import Delivery

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
WORKFLOW = "on: pull_request\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - run: 'true'\n"
TASKS = {"schema": ("acme/api", ()), "serve": ("acme/api", ("schema",)), "show": ("acme/web", ("serve",)),
         "price": ("acme/web", ("serve",))}  # fmt: skip
SHOWN = "| task | state |\n| --- | --- |\n" + "| **schema** Add `currency` | ready |\n" * 20


class Stage:
    """The sandbox, what it answered and what it delivered; time passes a little with every call."""

    def __init__(self, seed: int) -> None:
        self.seconds = 0.0
        self.chance = random.Random(seed)
        self.sandbox = Sandbox(MemoryGit(), now=self.now, public_url="https://github.test", seed=seed)
        scenario = Scenario(self.sandbox)
        for name in ("acme/api", "acme/web"):
            repo = scenario.repo(name, {"README.md": f"# {name}\n", ".github/workflows/ci.yml": WORKFLOW})
            scenario.collaborator(repo, "ana", "maintain")
        app = scenario.app("lockstep", webhook_url="https://bot.test/webhook", webhook_secret="a secret")
        self.token = scenario.installation_token(scenario.install(app, "acme"))
        self.ana = scenario.user_token("ana")
        self.runner = SimulatedRunner(self.sandbox, self.ends)
        self.answers: list[bytes] = []
        self.deliveries: list[bytes] = []
        self.calls: list[tuple[str, str]] = []

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def ends(self, order: JobOrder) -> Ending:
        return Ending(seconds=self.chance.uniform(5, 90), output=f"{order.name} is fine\n")

    def call(self, method: str, path: str, body: Any = None, *, token: str = "") -> Any:
        """One request of the bot, or with another token; the decoded answer, which must be a success."""
        self.seconds += 0.2
        request = Request(
            method=method,
            path=path,
            headers={"authorization": f"Bearer {token or self.token}", "accept": "application/vnd.github+json"},
            body=b"" if body is None else json.dumps(body).encode(),
        )
        answer = self.handle(request)
        assert 200 <= answer.status < 300, (method, path, answer)
        self.answers.append(repr((answer.status, sorted(answer.headers.items()))).encode() + answer.encoded())
        self.calls.append((method, path))
        return answer.json

    def handle(self, request: Request) -> Any:
        return self.sandbox.handle(request)

    def hear(self) -> None:
        """Take the webhooks one by one, as a receiver would get them."""
        while waiting := events.take(self.sandbox, limit=1):
            for delivery in waiting:
                headers = events.signed_headers(self.sandbox, delivery)
                self.deliveries.append(repr(sorted(headers.items())).encode() + delivery.payload.encode())
                events.record(self.sandbox, delivery, 202, "", 0.01)

    def push(self, full_name: str, branch: str, files: dict[str, str]) -> str:
        """What an attempt does: a commit on the base, pushed to a new branch."""
        repo = self.sandbox.repo_named(full_name)
        assert repo is not None
        base = self.sandbox.git.refs(repo.id)["refs/heads/main"]
        who = Person("Lockstep", "lockstep@users.noreply.github.com", self.now().isoformat())
        sha = pushing.commit(self.sandbox, repo, base, files, f"Work on {branch}", who)
        return pushing.push(self.sandbox, full_name, self.token, branch, sha, expected=None).sha


def played(seed: int, stage: Stage | None = None) -> Stage:
    """The whole plan."""
    stage = stage or Stage(seed)
    call = stage.call
    home = "/repos/acme/api"
    plan = call("POST", f"{home}/issues", {"title": "Orders carry a currency", "body": SHOWN}, token=stage.ana)
    call("GET", "/installation/repositories?per_page=100")
    for repo in ("acme/api", "acme/web"):
        call("GET", f"/repos/{repo}")
        call("GET", f"/repos/{repo}/contents/.github")
        for name in ("plan", "ready", "in-progress", "blocked", "needs-human", "failed", "done"):
            call("POST", f"/repos/{repo}/labels", {"name": f"lockstep:{name}", "color": "0969da"})
    comment = call("POST", f"{home}/issues/{plan['number']}/comments", {"body": SHOWN})
    call("POST", f"{home}/issues/{plan['number']}/labels", {"labels": ["lockstep:plan"]})
    said = call("POST", f"{home}/issues/{plan['number']}/comments", {"body": "/lockstep run"}, token=stage.ana)
    stage.hear()
    call("GET", f"{home}/collaborators/ana/permission")
    for face in ("eyes", "+1"):
        call("POST", f"{home}/issues/comments/{said['id']}/reactions", {"content": face})
    issues = {task: _open(stage, plan, task) for task in TASKS}
    for task in TASKS:
        _through(stage, task, issues[task])
        call("PATCH", f"{home}/issues/comments/{comment['id']}", {"body": f"{SHOWN}\n{task} is done"})
        stage.hear()
    call("PATCH", f"{home}/issues/{plan['number']}", {"state": "closed", "state_reason": "completed"})
    stage.hear()
    return stage


def _open(stage: Stage, plan: Any, task: str) -> Any:
    repo, _ = TASKS[task]
    made = stage.call("POST", f"/repos/{repo}/issues", {"title": f"Do {task}", "body": SHOWN})
    stage.call("POST", f"/repos/acme/api/issues/{plan['number']}/sub_issues", {"sub_issue_id": made["id"]})
    stage.call("POST", f"/repos/{repo}/issues/{made['number']}/labels", {"labels": ["lockstep:ready"]})
    stage.hear()
    return made


def _through(stage: Stage, task: str, issue: Any) -> None:
    """One task, from the branch to the merge."""
    call, (repo, _) = stage.call, TASKS[task]
    here, branch = f"/repos/{repo}", f"lockstep/1/{task}"
    call("DELETE", f"{here}/issues/{issue['number']}/labels/lockstep:ready")
    call("POST", f"{here}/issues/{issue['number']}/labels", {"labels": ["lockstep:in-progress"]})
    sha = stage.push(repo, branch, {f"src/{task}.py": f"def {task}():\n    return 1\n", "README.md": f"# {task}\n"})
    stage.hear()
    body = {"title": f"Do {task}", "head": branch, "base": "main", "body": f"Closes #{issue['number']}"}
    pull = call("POST", f"{here}/pulls", body)
    gate = {"name": "lockstep/gate", "head_sha": sha, "status": "completed", "conclusion": "success",
            "output": {"title": "All needs are met", "summary": SHOWN}}  # fmt: skip
    call("POST", f"{here}/check-runs", gate)
    stage.hear()
    while (due := stage.runner.step()) is not None:
        stage.seconds = max(stage.seconds, (due - START).total_seconds())
        stage.hear()
    for _ in range(2):
        call("GET", f"{here}/pulls/{pull['number']}")
        call("GET", f"{here}/commits/{sha}/check-runs?per_page=100")
        call("GET", f"{here}/commits/{sha}/status")
    call("GET", f"{here}/commits/{sha}/check-suites")
    call("GET", f"{here}/pulls/{pull['number']}/reviews")
    call("GET", f"{here}/issues/{issue['number']}")
    call("PUT", f"{here}/pulls/{pull['number']}/merge", {"sha": sha, "merge_method": "squash"})
    stage.hear()
    call("DELETE", f"{here}/git/refs/heads/{branch}")
    call("DELETE", f"{here}/issues/{issue['number']}/labels/lockstep:in-progress")
    call("POST", f"{here}/issues/{issue['number']}/labels", {"labels": ["lockstep:done"]})
    call("GET", f"{here}/issues/{issue['number']}")
    stage.hear()


def decoded(delivery: Delivery) -> Any:
    """What a webhook says."""
    return json.loads(delivery.payload)


def digest(stage: Stage) -> str:
    """Of everything that was answered and delivered."""
    found = hashlib.sha256()
    for part in [*stage.answers, b"deliveries", *stage.deliveries]:
        found.update(hashlib.sha256(part).digest())
    return found.hexdigest()


if __name__ == "__main__":
    for text in sys.argv[1:]:
        print(digest(played(int(text))))
