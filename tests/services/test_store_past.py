"""Past tasks in the store: kept once, found by their words, the same on both databases."""

import asyncio

from services.core import similar
from services.store.past import Merged, PastTasks
from tests.kit.store import Place

HISTORY = [
    Merged(key="r1/a", repo="acme/API", title="Fix the websocket reader", paths=("api/ws.py",), number=4),
    Merged(key="r1/b", repo="acme/api", title="Parse quoted cookies", body="RFC 6265", paths=("api/cookiejar.py",)),
    Merged(key="r1/c", repo="acme/api", title="Document the client", paths=("docs/client.rst", "docs/index.rst")),
    Merged(key="r1/d", repo="acme/web", title="Cookies in the browser", paths=("web/cookies.js",)),
]


async def test_a_merged_task_is_kept_once_and_found_by_its_words(place: Place) -> None:
    database = place.database()
    await database.open()
    past = PastTasks(database)
    assert await past.alike("acme/api", "parsing cookies") == []
    assert await past.record(HISTORY) == 4
    assert await past.record(HISTORY[:2]) == 0
    found = await past.alike("Acme/api", "Cookies are parsed twice")
    assert [match.past.title for match in found] == ["Parse quoted cookies"], "and none of another repository"
    assert found[0].past.paths == ("api/cookiejar.py",)
    assert found[0].score == 1
    (reader,) = await past.alike("acme/api", "WebSocketReader")
    assert (reader.past.number, reader.past.order, reader.past.repo) == (4, 1, "acme/api")
    assert [match.past.order for match in await past.alike("acme/api", "the rfc")] == [2], "by its body"
    assert [match.past.order for match in await past.alike("acme/api", "?", paths=["docs/**"])] == [3], "by a path"
    await database.close()


async def test_lists_are_read_from_the_newest_on_and_to_a_bound(place: Place) -> None:
    database = place.database()
    await database.open()
    past = PastTasks(database)
    count = similar.LISTED + 20
    tasks = [Merged(key=str(at), repo="acme/api", title="Fix the server", paths=(f"s{at}.py",)) for at in range(count)]
    assert await past.record(tasks) == count
    found = await past.alike("acme/api", "the server again", most=count)
    assert [match.past.order for match in found] == list(range(count, count - similar.LISTED, -1))
    assert len(await past.alike("acme/api", "the server again")) == similar.NEAREST
    await database.close()


async def test_what_is_recorded_at_the_same_time_has_each_its_own_place(place: Place) -> None:
    database = place.database()
    await database.open()
    past = PastTasks(database)
    tasks = [Merged(key=str(at), repo="acme/api", title=f"Fix part{at}", paths=("a.py",)) for at in range(12)]
    await asyncio.gather(*(past.record([task]) for task in tasks))
    orders = [(await past.alike("acme/api", f"part{at}"))[0].past.order for at in range(12)]
    assert sorted(orders) == list(range(1, 13))
    await database.close()


async def test_hostile_words_are_only_words(place: Place) -> None:
    database = place.database()
    await database.open()
    past = PastTasks(database)
    title = "x'); DROP TABLE past_task;-- % _ * \" NEAR(a b) \0 OR"
    await past.record([Merged(key="'", repo="acme/a'b", title=title * 9, body=title * 999, paths=("'.py",))])
    assert len(await past.alike("acme/a'b", title)) == 1
    assert await past.alike("acme/a'b", "") == []
    await database.close()
