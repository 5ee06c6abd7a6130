"""services/engine/pull_chains.py and standing.py: what one answer may cost, and what a circle may tell."""

from collections import Counter
from types import SimpleNamespace
from typing import Any, cast

from services.core.depends import MOST, Need
from services.engine.gates import Gatekeeper
from services.engine.observe import Observer
from services.engine.parts import Parts
from services.engine.pull_chains import OF_ONE, READS, PullChains
from services.errors import NotFound
from services.github.infos import IssueInfo
from services.store.gates import Gates
from tests.kit.plans import pull


class _Hub:
    """Open pull requests whose descriptions are given by place; all else is not there, and each read is counted."""

    def __init__(self, bodies: dict[str, str], private: tuple[str, ...] = ()) -> None:
        self.bodies, self.private, self.read = bodies, private, Counter[str]()
        self.parts = cast("Parts", SimpleNamespace(github=self, reads=self, runs=self, plans=self, settings=self))
        self.github_url, self.reads = "https://github.com", self

    def holds(self, place: str) -> bool:
        return True

    async def repository(self, repo: str) -> Any:
        return SimpleNamespace(full_name=repo, private=repo in self.private)

    async def issue(self, repo: str, number: int, **_: object) -> Any:
        self.read[place := f"{repo}#{number}"] += 1
        if place not in self.bodies:
            raise NotFound(404, "not told")
        return SimpleNamespace(number=number, author="bea", body=self.bodies[place], is_pull=True)

    async def pull(self, repo: str, number: int, **_: object) -> Any:
        self.read[place := f"{repo}#{number}"] += 1
        if place not in self.bodies:
            raise NotFound(404, "not told")
        return SimpleNamespace(state="open", merged=False)

    async def named_by(self, repo: str, number: int) -> list[str]:
        return [f"pull:{name}" for name in self.bodies.get(f"{repo}#{number}", "").split()[1:]]

    async def lifted(self, *_: object) -> dict[str, object]:
        return {}

    async def installation_of(self, repo: str) -> None: ...

    async def permission(self, *_: object, **__: object) -> str:
        return "read"

    async def waiting_on(self, _: object) -> list[Any]:
        return []

    async def related(self, _: object) -> list[Any]:
        return []

    async def of_plan(self, _: object) -> None: ...

    async def observed(self, repo: str, task: Any, **_: object) -> object:
        self.read[f"{repo}#{task.pull}"] += OF_ONE - 1
        return pull()

    async def told(self, repo: str, number: int) -> str:
        gates = Gatekeeper(self.parts, cast("Gates", self))
        observer = cast("Observer", SimpleNamespace(pull=self.observed))
        return await PullChains(self.parts, gates, observer, cast("Any", None)).told("acme/api", repo, number)


async def test_one_answer_reads_no_more_than_its_budget_and_says_what_it_leaves_out() -> None:
    numbers = range(1, 400)
    below = {n: [f"acme/api#{n * MOST + each - MOST + 1}" for each in range(1, MOST + 1)] for n in numbers}
    hub = _Hub({f"acme/api#{n}": f"Depends-On: {' '.join(names)}" for n, names in below.items()})
    said = await hub.told("acme/api", 1)
    assert READS <= sum(hub.read.values()) <= READS + 2 * OF_ONE
    assert "more needs were not looked at" in said
    hub = _Hub({**{f"acme/api#{n}": f"Depends-On: {' '.join(below[1])}" for n in range(2, 6)}, "acme/api#1": ""})
    hub.bodies["acme/api#1"] = hub.bodies["acme/api#2"]
    assert "not looked at" not in await hub.told("acme/api", 1), "what all of them name was read for the first"
    assert max(hub.read[name] for name in below[1]) <= 1 + OF_ONE


async def test_a_circle_names_nothing_that_is_private_but_what_was_named_here() -> None:
    bodies = {"acme/api#1": "acme/one#1", "acme/one#1": "acme/two#1", "acme/two#1": "acme/web#1", "acme/web#1": "#1"}
    hub = _Hub({at: f"Depends-On: {name}" for at, name in bodies.items()}, ("acme/one", "acme/two"))
    hub.bodies["acme/web#1"] = "Depends-On: acme/api#1"
    circle = "`acme/one#1` → one in another repository → `acme/web#1` → `acme/api#1` → `acme/one#1`"
    said = await hub.told("acme/api", 1)
    assert circle in said
    assert "acme/two" not in said
    gates, checks = Gatekeeper(hub.parts, cast("Gates", hub)), list[Any]()
    issue = cast("IssueInfo", SimpleNamespace(number=1, author="bea", body=bodies["acme/api#1"]))

    async def put_check(*said: object, **_: object) -> None:
        checks.append(said[-1])

    async def shows(*_: object) -> None: ...

    hub.writes = SimpleNamespace(ranked=lambda _: SimpleNamespace(put_check=put_check))  # type: ignore[attr-defined]
    hub.shows = shows  # type: ignore[attr-defined]
    shown = cast("Any", SimpleNamespace(number=1, head_sha="abc"))
    await gates._show("acme/api", shown, [Need(repo="acme/one", number=1)], issue, "", {})
    assert circle in checks[0].summary
    assert "acme/two" not in checks[0].summary
