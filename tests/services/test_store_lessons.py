"""Lessons in the store."""

from datetime import timedelta

from services.core.lessons import Lesson, decided, proposed
from services.store.lessons import Lessons
from tests.kit.plans import NOW
from tests.kit.store import Place


def lesson(text: str, repo: str = "acme/api") -> Lesson:
    made = proposed(repo, 7, text)
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
    await store.used([one.id])
    (found,) = await store.of(["acme/api"], "active")
    assert (found.by, found.uses) == ("ana", 1)
    assert not await store.propose(one, NOW), "what was decided stays"
    assert await store.delete(one.id)
    assert not await store.delete(one.id)
    assert await store.get(one.id) is None
