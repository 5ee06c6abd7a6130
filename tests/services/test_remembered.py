"""What has merged is kept once a merge, with the files of the attempt, and told to nobody who may not hear of it."""

from types import SimpleNamespace
from typing import Any, cast

import msgspec

from services.core.task_state import TaskState
from services.engine.parts import Parts
from services.engine.remembered import alike, remember
from services.store.past import Merged, PastTasks
from tests.kit.plans import run, task
from tests.kit.store import Place

PRIVATE = "acme/secret"


class Reads:
    """Which repositories are private."""

    async def repository(self, repo: str) -> Any:
        return SimpleNamespace(private=repo == PRIVATE)


class Checkpoints:
    """What the attempt's commit step left."""

    def __init__(self, data: bytes | None) -> None:
        self._data = data

    async def left(self, *_: str) -> bytes | None:
        return self._data


def parts(past: PastTasks | None, data: bytes | None = None) -> Parts:
    return cast(
        "Parts",
        SimpleNamespace(embedder=None, past=past, checkpoints=Checkpoints(data), github=SimpleNamespace(reads=Reads())),
    )


def merged(sha: str = "m1") -> TaskState:
    return TaskState(id="a", state="done", pull=7, merge_sha=sha)


async def test_a_merge_is_kept_once_with_the_files_of_its_attempt(place: Place) -> None:
    database = place.database()
    await database.open()
    past = PastTasks(database)
    spec = task("a", title="Parse the cookies")
    current = run(spec)
    kept = parts(past, msgspec.json.encode({"sha": "x", "paths": ["api/cookies.py"]}))
    for _ in range(2):
        await remember(kept, current, spec, merged())
    (found,) = await past.alike("acme/api", "cookie")
    assert (found.past.number, found.past.paths) == (7, ("api/cookies.py",))
    await remember(kept, current, spec, merged("m2"))
    assert len(await past.alike("acme/api", "cookie")) == 2, "done once more, after a rollback"
    await database.close()


async def test_what_did_not_merge_is_not_kept_and_of_a_persons_work_only_the_words(place: Place) -> None:
    database = place.database()
    await database.open()
    past = PastTasks(database)
    spec = task("a", title="Parse the cookies")
    current = run(spec)
    await remember(parts(past), current, spec, TaskState(id="a", state="skipped"))
    await remember(parts(past), current, spec, TaskState(id="a", state="done"))
    assert await past.alike("acme/api", "cookie") == []
    await remember(parts(past), current, spec, merged())
    assert (await past.alike("acme/api", "cookie"))[0].past.paths == ()
    await remember(parts(None), current, spec, merged())
    assert await alike(parts(None), current, "a") == ""
    await database.close()


async def test_tasks_of_a_private_repository_are_told_only_there(place: Place) -> None:
    database = place.database()
    await database.open()
    past = PastTasks(database)
    for repo in ("acme/api", PRIVATE):
        await past.record([Merged(key="k", repo=repo, title="Cookies of the customers", number=3)])
    told = parts(past)
    here = run(task("a", title="Cookies"), task("b", title="Cookies", repo=PRIVATE))
    assert "Cookies of the customers (`acme/api#3`)" in await alike(told, here, "a")
    assert await alike(told, here, "b") == ""
    at_home = msgspec.structs.replace(here, repo=PRIVATE, plan_id=f"{PRIVATE}#7")
    assert "acme/secret#3" in await alike(told, at_home, "b")
    over = {**here.tasks, "a": TaskState(id="a", state="done")}
    assert await alike(told, msgspec.structs.replace(here, tasks=over), "a") == "", "it is done"
    await database.close()
