"""`/api/v1/events`: server-sent events that can be resumed, and who gets none."""

from collections.abc import AsyncIterator

import aiohttp
import msgspec
import pytest

from bot import live as lives
from bot.api import stream as streams
from tests.kit.plans import NOW
from tests.web.plans import currency
from tests.web.stage import House, house

PATH = "/api/v1/events"


@pytest.fixture
async def home() -> AsyncIterator[House]:
    async with house() as found:
        yield found


async def heard(answer: aiohttp.ClientResponse, count: int) -> list[tuple[str, str, str]]:
    """(id, event, data) of the next so many messages; comments are left out."""
    found: list[tuple[str, str, str]] = []
    fields: dict[str, str] = {}
    async for line in answer.content:
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name in {"id", "event", "data"}:
            fields[name] = value
        elif not name and fields:
            found.append((fields.get("id", ""), fields.get("event", ""), fields.get("data", "")))
            fields = {}
            if len(found) == count:
                break
    return found


async def test_what_happens_is_told_and_resumed(home: House) -> None:
    await home.approved(currency(), 1)
    async with home.session.get(f"{home.url}{PATH}?after=0") as answer:
        assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        ((first, kind, data),) = await heard(answer, 1)
        assert (kind, msgspec.json.decode(data)["kind"]) == ("moment", "approved")
        await home.plans.unapprove("acme/platform#1", "ana", NOW)
        ((second, _, data),) = await heard(answer, 1)
        assert msgspec.json.decode(data)["actor"] == "ana"
    async with home.session.get(home.url + PATH, headers={"Last-Event-ID": first}) as answer:
        assert [each[0] for each in await heard(answer, 1)] == [second]


async def test_a_stream_that_was_away_too_long_begins_anew(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lives, "REPLAY", 0)
    await home.approved(currency(), 1)
    async with home.session.get(f"{home.url}{PATH}?after=0") as answer:
        assert await heard(answer, 1) == [("", "reset", "{}")]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"X-Forwarded-For": "203.0.113.7"}, 403),
        ({"Host": "lockstep.example"}, 403),
        ({"Host": "[::"}, 403),
        ({"Last-Event-ID": "x"}, 400),
    ],
)
async def test_who_gets_none_is_told_why(home: House, headers: dict[str, str], status: int) -> None:
    async with home.session.get(home.url + PATH, headers=headers) as answer:
        assert answer.status == status
        assert answer.content_type == "application/problem+json"
        said = await answer.json(content_type=None)
    assert (said["status"], said["type"]) == (status, "about:blank")
    assert said["detail"]


async def test_what_is_not_there_is_a_problem_too(home: House) -> None:
    for method, path, status in [("GET", "/api/v1/nothing", 404), ("GET", "/api/v1", 404), ("POST", PATH, 403)]:
        async with home.session.request(method, home.url + path) as answer:
            assert (answer.status, answer.content_type) == (status, "application/problem+json")


async def test_pages_too_are_only_for_the_machine_itself(home: House) -> None:
    for path in ("/", "/metrics", "/plans/acme/platform/1"):
        status, html, _ = await home.get(path, **{"X-Forwarded-For": "203.0.113.7"})
        assert status == 403
        assert "lockstep_" not in html
    assert (await home.get("/healthz", **{"X-Forwarded-For": "203.0.113.7"}))[0] == 200


async def test_a_process_ends_although_somebody_listens() -> None:
    async with house() as home, aiohttp.ClientSession() as session:
        answer = await session.get(home.url + PATH)
        assert (await answer.content.readline()) == b"retry: 1000\n"
        answer_of = answer
    answer_of.close()


async def test_of_too_many_of_one_person_the_oldest_ends(home: House) -> None:
    """Whoever goes from page to page quickly leaves streams behind; the page that is looked at is served."""
    await home.approved(currency(), 1)
    opened = [await home.session.get(f"{home.url}{PATH}") for _ in range(streams.MOST_OF_ONE + 1)]
    try:
        assert [answer.status for answer in opened] == [200] * len(opened)
        with pytest.raises(aiohttp.ClientPayloadError):
            await opened[0].read()
        await home.plans.unapprove("acme/platform#1", "ana", NOW)
        for answer in (opened[1], opened[-1]):
            ((_, kind, data),) = await heard(answer, 1)
            assert (kind, msgspec.json.decode(data)["kind"]) == ("moment", "unapproved")
    finally:
        for answer in opened:
            answer.close()
