"""Two hours of thirty pull requests on the sandbox's own core, in virtual time: what people do, and the webhooks of it.

Each pull request lives through twelve acts at drawn times: opened, then checks that begin and end, pushes, reviews,
comments, labels, edits, as chance has it. Each act has one webhook whose handler reads; what else GitHub sends about
the act (push, create, check suites) is delivered too, but nobody reads for it. Of all webhooks some are lost, some come
only after the next act of their pull request, and some come a second time then.
"""

import heapq
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec

from services.sandbox import events
from services.sandbox.git_memory import MemoryGit
from services.sandbox.kernel import Json, Request
from services.sandbox.sandbox import Sandbox
from services.sandbox.scenario import Scenario

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BASE = "https://api.github.test"
REPO = "acme/api"
CONFIG = ".github/lockstep.yml"
PULLS, ACTS, HOURS = 30, 12, 2
PEOPLE = [f"dev{number}" for number in range(10)]
ALL_EVENTS = [
    "check_run", "check_suite", "create", "delete", "issue_comment", "issues", "member", "pull_request",
    "pull_request_review", "push", "repository", "status",
]  # fmt: skip


@dataclass
class Clock:
    """Virtual time."""

    moment: datetime = START

    def now(self) -> datetime:
        return self.moment

    def to(self, seconds: float) -> None:
        self.moment = START + timedelta(seconds=seconds)


@dataclass(frozen=True, kw_only=True)
class Hook:
    """One delivery: `pull` whose act it is of; `asks` of its main one, for which `sender` is asked about."""

    event: str
    guid: str
    body: bytes
    pull: int
    asks: bool
    sender: str = ""
    last: bool = False


@dataclass
class _Pull:
    index: int
    author: str
    number: int = 0
    acts: int = 0
    runs: int = 0
    open_run: int = 0
    checked: bool = False

    @property
    def branch(self) -> str:
        return f"work-{self.index}"


@dataclass(frozen=True, kw_only=True)
class Faults:
    """Shares of the webhooks."""

    lost: float = 0.0
    late: float = 0.0
    doubled: float = 0.0


class World:
    """GitHub with one repository, ten people, an App that listens and another one that checks."""

    def __init__(self, seed: int) -> None:
        self.clock = Clock()
        self.chance = random.Random(seed)
        self.sandbox = Sandbox(MemoryGit(), now=self.clock.now, public_url=BASE, seed=seed)
        stage = self.stage = Scenario(self.sandbox)
        self.repo = stage.repo(REPO, {"README.md": "# api\n", CONFIG: "merge: squash\n"})
        for person in PEOPLE:
            stage.collaborator(self.repo, person, "write")
        self.app = stage.app("lockstep", events=ALL_EVENTS, webhook_url="https://bot.test/webhook", webhook_secret="s")
        self.installation = stage.install(self.app, "acme")
        checker = stage.app("ci", {"checks": "write"}, [])
        self._ci = stage.installation_token(stage.install(checker, "acme"))
        self._tokens = {person: stage.user_token(person) for person in PEOPLE}
        events.take(self.sandbox)

    def act(self, who: str, method: str, path: str, body: Json = None) -> Json:
        """Somebody's own request; the decoded answer."""
        token = self._ci if who == "ci" else self._tokens[who]
        content = b"" if body is None else msgspec.json.encode(body)
        headers = {"authorization": f"Bearer {token}"}
        answer = self.sandbox.handle(
            Request(method=method, path=f"/repos/{REPO}{path}", headers=headers, body=content, base=BASE)
        )
        if answer.status >= 300:
            raise ValueError(f"{method} {path} by {who}: {answer.status} {answer.encoded()[:200]!r}")
        return msgspec.json.decode(answer.encoded())


@dataclass
class Story:
    """The acts of one seed. `play` yields each delivery when it arrives, with the clock at that moment."""

    world: World
    faults: Faults = field(default_factory=Faults)
    sent: dict[str, int] = field(default_factory=lambda: {"sent": 0, "lost": 0, "late": 0, "doubled": 0})

    def play(self) -> Iterator[Hook]:
        chance, held = self.world.chance, dict[int, list[Hook]]()
        for seconds, pull in self._times():
            self.world.clock.to(seconds)
            main, sender = self._config() if pull is None else self._next(pull)
            index = -1 if pull is None else pull.index
            is_last = pull is not None and pull.acts == ACTS
            overdue = held.pop(index, [])
            for delivery in events.take(self.world.sandbox):
                if delivery.app_id != self.world.app.app_id:
                    continue
                asks = (delivery.event, delivery.action) == main
                body = delivery.payload.encode()
                hook = Hook(
                    event=delivery.event, guid=delivery.guid, body=body, pull=pull.number if pull else 0,
                    asks=asks, sender=sender, last=is_last,
                )  # fmt: skip
                yield from self._fate(hook, held.setdefault(index, []), chance)
            yield from overdue
        for rest in held.values():
            yield from rest

    def _fate(self, hook: Hook, held: list[Hook], chance: random.Random) -> Iterator[Hook]:
        drawn = chance.random()
        self.sent["sent"] += 1
        if drawn < self.faults.lost:
            self.sent["lost"] += 1
            return
        drawn -= self.faults.lost
        if drawn < self.faults.late:
            self.sent["late"] += 1
            held.append(hook)
            return
        yield hook
        if drawn - self.faults.late < self.faults.doubled:
            self.sent["doubled"] += 1
            held.append(hook)

    def _times(self) -> Iterator[tuple[float, "_Pull | None"]]:
        chance, queue = self.world.chance, list[tuple[float, int, _Pull | None]]()
        for index in range(PULLS):
            mine = _Pull(index, PEOPLE[index % len(PEOPLE)])
            for _ in range(ACTS):
                queue.append((chance.uniform(0, HOURS * 3600), len(queue), mine))
        queue.append((HOURS * 1800.0, len(queue), None))
        heapq.heapify(queue)
        while queue:
            seconds, _, pull = heapq.heappop(queue)
            yield seconds, pull

    def _config(self) -> tuple[tuple[str, str | None], str]:
        """One push to the settings of the repository."""
        world = self.world
        world.stage.commit(
            world.repo, {CONFIG: "merge: rebase\n"}, "Rebase from now on", login=PEOPLE[0], announce=True
        )
        return ("", None), PEOPLE[0]

    def _next(self, pull: _Pull) -> tuple[tuple[str, str | None], str]:
        """The next act of a pull request: the event and action of its webhook, and the person who is asked about."""
        pull.acts += 1
        if not pull.number:
            return self._open(pull)
        chance = self.world.chance
        if pull.open_run and chance.random() < 0.6:
            return self._check_ends(pull)
        if not pull.open_run and not pull.checked and chance.random() < 0.8:
            return self._check_begins(pull)
        acts: list[Callable[[_Pull], tuple[tuple[str, str | None], str]]]
        acts = [self._review, self._review, self._push, self._comment, self._comment, self._label, self._edit]
        return chance.choice(acts)(pull)

    def _open(self, pull: _Pull) -> tuple[tuple[str, str | None], str]:
        self._commit(pull)
        made = self.world.act(
            pull.author, "POST", "/pulls",
            {"title": f"Work {pull.index}", "head": pull.branch, "base": "main", "body": "What it is for. " * 20},
        )  # fmt: skip
        pull.number = made["number"]
        return ("pull_request", "opened"), pull.author

    def _commit(self, pull: _Pull) -> None:
        world = self.world
        files = {f"src/part_{pull.index}/{world.chance.randrange(10**6)}.py": "x = 1\n" * 20}
        world.stage.commit(world.repo, files, "More", branch=pull.branch, login=pull.author, announce=True)

    def _push(self, pull: _Pull) -> tuple[tuple[str, str | None], str]:
        self._commit(pull)
        pull.open_run, pull.checked = 0, False
        return ("pull_request", "synchronize"), pull.author

    def _check_begins(self, pull: _Pull) -> tuple[tuple[str, str | None], str]:
        sha = self.world.act(pull.author, "GET", f"/pulls/{pull.number}")["head"]["sha"]
        pull.runs += 1
        made = self.world.act(
            "ci", "POST", "/check-runs", {"name": f"test-{pull.runs % 3}", "head_sha": sha, "status": "in_progress"}
        )
        pull.open_run = made["id"]
        return ("check_run", "created"), pull.author

    def _check_ends(self, pull: _Pull) -> tuple[tuple[str, str | None], str]:
        run, pull.open_run = pull.open_run, 0
        pull.checked = self.world.chance.random() < 0.6
        how = self.world.chance.choice(["success", "success", "failure"])
        self.world.act("ci", "PATCH", f"/check-runs/{run}", {"status": "completed", "conclusion": how})
        return ("check_run", "completed"), pull.author

    def _somebody(self, pull: _Pull) -> str:
        return self.world.chance.choice([person for person in PEOPLE if person != pull.author])

    def _review(self, pull: _Pull) -> tuple[tuple[str, str | None], str]:
        who, verdict = self._somebody(pull), self.world.chance.choice(["COMMENT", "APPROVE", "REQUEST_CHANGES"])
        self.world.act(who, "POST", f"/pulls/{pull.number}/reviews", {"event": verdict, "body": "As said."})
        return ("pull_request_review", "submitted"), who

    def _comment(self, pull: _Pull) -> tuple[tuple[str, str | None], str]:
        who = self._somebody(pull)
        self.world.act(who, "POST", f"/issues/{pull.number}/comments", {"body": "And another thing."})
        return ("issue_comment", "created"), who

    def _label(self, pull: _Pull) -> tuple[tuple[str, str | None], str]:
        who = self._somebody(pull)
        self.world.act(who, "POST", f"/issues/{pull.number}/labels", {"labels": [f"round-{pull.acts}"]})
        return ("pull_request", "labeled"), who

    def _edit(self, pull: _Pull) -> tuple[tuple[str, str | None], str]:
        self.world.act(pull.author, "PATCH", f"/pulls/{pull.number}", {"title": f"Work {pull.index}.{pull.acts}"})
        return ("pull_request", "edited"), pull.author
