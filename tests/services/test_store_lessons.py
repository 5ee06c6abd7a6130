"""Lessons in the store."""

from datetime import timedelta

from services.core.board import Decision
from services.core.chosen import Chosen
from services.core.lessons import Lesson, decided, proposed
from services.core.records import Try
from services.core.task_state import TaskState
from services.core.worth import Told
from services.store.attempts import Attempts
from services.store.learned import Learnings
from services.store.lessons import Lessons
from services.store.past import Merged, PastTasks
from services.store.runs import Runs
from tests.kit.plans import NOW
from tests.kit.store import Place
from tests.kit.stored import stored_run


def lesson(text: str, repo: str = "acme/api", pull: int = 7) -> Lesson:
    made = proposed(repo, pull, text)
    assert made is not None
    return made


async def test_a_lesson_is_proposed_once_decided_and_counted(place: Place) -> None:
    database = place.database()
    await database.open()
    store, one = Lessons(database), lesson("one")
    assert await store.propose(one, NOW)
    assert not await store.propose(one, NOW)
    assert await store.propose(lesson("two"), NOW + timedelta(seconds=1))
    assert await store.propose(lesson("else", "acme/web"), NOW)
    assert [each.text for each in await store.of(["Acme/API"])] == ["two", "one"]
    assert await store.of([]) == []
    assert await store.of(["acme/api"], "active") == []
    active = decided(one, "approve", "ana")
    assert active is not None
    assert await store.put(active, "proposed")
    assert not await store.put(active, "proposed"), "it is in another state by now"
    await store.used({one.id: True, "other": False}, ("r1", "a", 1), NOW)
    await store.used({one.id: True}, ("r1", "a", 1), NOW)
    (found,) = await store.of(["acme/api"], "active")
    assert (found.by, found.uses) == ("ana", 1)
    assert not await store.propose(one, NOW), "what was decided stays"
    assert await store.delete(one.id)
    assert not await store.delete(one.id)
    assert await store.get(one.id) is None


async def test_what_is_asked_for_again_confirms_it_and_enough_of_that_makes_it_active(place: Place) -> None:
    database = place.database()
    await database.open()
    store = Lessons(database)
    for pull, text in enumerate(
        ("Use the logger, not print", "Use the logger and not print!", "use the LOGGER, not print")
    ):
        assert await store.propose(lesson(text, pull=pull), NOW, needed=3) is (pull == 0)
        (known,) = await store.of(["acme/api"])
        assert (len(known.evidence), known.state) == (pull + 1, "active" if pull == 2 else "proposed")
    assert await store.propose(lesson("Write tests for it", pull=9), NOW, needed=3)
    assert known.by == "Lockstep"


async def test_what_came_of_attempts_is_counted_with_and_without_it(place: Place) -> None:
    database = place.database()
    await database.open()
    await stored_run(database, TaskState(id="one", state="running"))
    store, attempts, one = Lessons(database), Attempts(database), lesson("one")
    await store.propose(one, NOW)
    ends = [(True, True), (True, False), (False, None), (True, True), (None, None)]
    begun = tuple(Try(task="one", attempt=n, repo="acme/api", agent="coder") for n in range(len(ends)))
    await Runs(database).commit("acme/platform#1", Decision(run_id="r1", state="running", tries=begun), NOW)
    for n, (passed, good) in enumerate(ends):
        await attempts.choose("r1", "one", n, Chosen(model="openai:a"))
        came = Try(task="one", attempt=n, repo="acme/api", agent="coder", came="x", passed=passed, good=good)
        await Runs(database).commit("acme/platform#1", Decision(run_id="r1", state="running", tries=(came,)), NOW)
        await store.used({one.id: n != 3}, ("r1", "one", n), NOW)
    assert await store.known([one.id], "Acme/api") == {one.id: Told(good=1, bad=2, good_without=1, bad_without=0)}
    assert await store.known([], "acme/api") == {}
    learned = Learnings(database)
    assert (
        sorted(each["record"] for each in await learned.export("acme"))
        == ["attempt"] * 5 + ["lesson"] + ["lesson_use"] * 5
    )
    assert await learned.export("acm") == await learned.export("acme/web") == []
    assert await learned.prune(NOW) == 0
    assert await learned.delete("acme/api") == 11
    assert await learned.export("acme") == []


async def test_merged_tasks_are_shown_and_deleted_with_the_rest_and_only_those_of_the_place(place: Place) -> None:
    database = place.database()
    await database.open()
    past, learned = PastTasks(database), Learnings(database)
    kept = [
        Merged(key=f"{repo}/1", repo=repo, title="Parse dates", paths=("a/dates.py",))
        for repo in ("Acme/api", "acme/web", "acme2/api")
    ]
    assert await past.record(kept) == 3
    (shown,) = await learned.export("acme/api")
    assert (shown["record"], shown["title"], shown["paths"]) == ("past_task", "Parse dates", ["a/dates.py"])
    assert len(await learned.export("acme")) == 2
    assert await learned.delete("acme/api") == 1
    assert await past.alike("acme/api", "Parse dates") == []
    assert await learned.export("acme/api") == []
    assert await past.record(kept[:1]) == 1, "it may be learned anew"
    assert await learned.delete("acme") == 2
    assert len(await past.alike("acme2/api", "Parse dates")) == 1
    await database.close()
