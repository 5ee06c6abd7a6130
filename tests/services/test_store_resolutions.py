"""Resolutions in the store: known once exactly what their attempt left has merged, in their repository, for a while."""

from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec
import pytest

from services.core.board import Decision
from services.core.records import Try
from services.core.task_state import TaskState
from services.store import resolutions
from services.store.attempts import Attempts
from services.store.db import Database
from services.store.learned import Learnings
from services.store.resolutions import Resolutions, Source
from services.store.retention import Keep, Retention
from services.store.runs import Runs
from tests.kit.plans import NOW
from tests.kit.store import Place
from tests.kit.stored import now_stand, stored_run

SOURCE = Source(repo="Acme/API", run_id="r1", task="one", attempt=2)
LINES = ("a\n", "é\n")
MERGED = TaskState(id="one", state="done", attempt=2, head_sha="h2", heads=("h1", "h2"), pull=7, merge_sha="m")


@pytest.fixture
async def database(place: Place) -> AsyncIterator[Database]:
    made = place.database()
    await made.open()
    yield made
    await made.close()


async def test_only_what_has_merged_as_it_was_left_is_known(database: Database) -> None:
    run = await stored_run(database, TaskState(id="one", state="in_review", attempt=2, head_sha="h2", heads=("h2",)))
    store = Resolutions(database)
    for _ in range(2):
        await store.keep(SOURCE, "h2", {"k": LINES, "none": ()}, NOW)

    async def known(**fields: object) -> dict[str, tuple[str, ...]]:
        await now_stand(database, run, [msgspec.structs.replace(MERGED, **fields)])
        return await store.known("acme/api", ["k", "none", "other"])

    assert await store.known("acme/api", ["k"]) == {}, "it may still be closed"
    assert await known() == {"k": LINES, "none": ()}
    assert await known(head_sha="h3", heads=("h2", "h3")) == {"k": LINES, "none": ()}, "GitHub has merged its base"
    assert await known(head_sha="p") == {}, "a person pushed on top"
    theirs = {"head_sha": "p", "heads": ("h1", "h2", "p"), "vouched": ("p",)}
    assert await known(**theirs) == {}, "a person corrected it, and had that approved"
    renewed = {"head_sha": "h3", "heads": ("h2", "p", "h3"), "vouched": ("p",)}
    assert await known(**renewed) == {}, "and then GitHub has merged its base"
    assert await known(heads=("p", "h2"), vouched=("p",)) != {}, "what was corrected was another attempt"
    assert await known(attempt=3) == {}, "another attempt came after"
    assert await known(heads=("h1",), head_sha="h1") == {}, "it was never pushed"
    assert await known(merge_sha="") == await known(state="cancelled") == {}
    assert await known() != {}
    assert await store.known("acme/web", ["k"]) == await store.known("acme/api", []) == {}
    tries = (Try(task="one", attempt=2, repo="acme/api", agent="coder", came="merged", pull=7),)
    await Runs(database).commit(run.plan_id, Decision(run_id="r1", state="running", tries=tries), NOW)
    assert await known() != {}
    assert await Attempts(database).reverted("acme/api", 7)
    assert await known() == {}, "it was taken back"


async def test_who_does_not_agree_tells_nothing(database: Database) -> None:
    await stored_run(database, MERGED)
    store = Resolutions(database)
    await store.keep(SOURCE, "h1", {"k": LINES, "l": LINES}, NOW)
    await store.keep(SOURCE, "h2", {"k": LINES, "l": ()}, NOW)
    assert await store.known("acme/api", ["k", "l"]) == {"k": LINES}


async def test_they_are_bounded_let_go_of_and_deleted_with_what_was_learned(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolutions, "MOST", 2)
    monkeypatch.setattr(resolutions, "MOST_ASKED", 3)
    await stored_run(database, MERGED)
    store = Resolutions(database)
    for day, key in enumerate("abc"):
        await store.keep(SOURCE, "h2", {key: LINES}, NOW + timedelta(days=day))
    assert (await store.known("acme/api", ["a", "b", "c"])).keys() == {"b", "c"}
    await Retention(database, Keep(logs=timedelta(days=2))).tidy(NOW + timedelta(days=3, hours=1))
    assert (await store.known("acme/api", ["b", "c"])).keys() == {"c"}
    learned = Learnings(database)
    (shown,) = await learned.export("acme")
    assert (shown["record"], shown["body"], shown["sha"]) == ("resolution", list(LINES), "h2")
    assert await learned.delete("acme/api") == 1
    assert await store.known("acme/api", ["c"]) == {}
    await store.keep(SOURCE, "h2", {str(n): LINES for n in range(9)}, NOW)
    assert len(await learned.export("acme")) == 3, "of one attempt"
