"""An embedder changes the order of what the words have found, and whatever it answers, nothing else."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.modelling import embedder_of
from bot.settings import Settings, secrets
from services.agents.embedding import RemoteEmbedder
from services.agents.models import Way
from services.core.similar import Match, Past
from services.errors import UserError

FOUND = [
    Match(past=Past(repo="a/b", title=title, paths=("x.py",)), score=1 - place / 10)
    for place, title in enumerate("abc")
]


def embedded(body: Any) -> Any:
    """The last text is the one that is like what is asked."""
    count = len(body["input"])
    rows = [{"index": n, "embedding": [1.0, 0.0] if n in {0, count - 1} else [0.0, 1.0]} for n in range(count)]
    return {"data": rows[::-1]}


async def order(answer: Callable[[Any], Any], times: int = 1) -> tuple[list[str], list[Any]]:
    asked: list[Any] = []

    async def handle(request: web.Request) -> web.Response:
        asked.append(await request.json())
        assert request.headers["authorization"] == "Bearer sk-embed"
        said = answer(asked[-1])
        return web.Response(text=said if isinstance(said, str) else json.dumps(said), content_type="application/json")

    app = web.Application()
    app.router.add_post("/v1/embeddings", handle)
    async with TestServer(app) as server:
        embedder = RemoteEmbedder(Way(url=str(server.make_url("/v1")), key="sk-embed"), "small")
        for _ in range(times):
            found = await embedder.order("what c does", FOUND)
    assert sorted(each.score for each in found) == sorted(each.score for each in FOUND), "scores stay with the places"
    return [each.past.title for each in found], asked


async def test_both_orders_count_and_each_text_is_asked_for_once() -> None:
    found, asked = await order(embedded, times=3)
    assert found == ["a", "c", "b"], "the last one, found by its words last and by the embedder first"
    assert [len(body["input"]) for body in asked] == [4]
    assert asked[0]["model"] == "small"
    assert asked[0]["input"][1] == "a x.py"


@pytest.mark.parametrize(
    "answer",
    [
        "no JSON",
        {"data": []},
        {"data": 7},
        [],
        {"data": [{"index": n, "embedding": [1.0] * n} for n in range(4)]},
        {"data": [{"index": n, "embedding": ["NaN"]} for n in range(4)]},
        {"data": [{"index": n, "embedding": None} for n in range(4)]},
        {"data": [{"index": n, "embedding": [10**400]} for n in range(4)]},
    ],
)
async def test_what_it_answers_otherwise_changes_nothing(answer: Any) -> None:
    assert (await order(lambda _: answer))[0] == ["a", "b", "c"]


async def test_one_that_is_away_changes_nothing() -> None:
    embedder = RemoteEmbedder(Way(url="http://127.0.0.1:9/v1"), "small")
    assert await embedder.order("c", FOUND) == FOUND


def test_there_is_none_unless_it_is_set() -> None:
    assert embedder_of(Settings()) is None
    with pytest.raises(UserError, match="LOCKSTEP_EMBEDDINGS_MODEL"):
        embedder_of(Settings(embeddings_url="http://127.0.0.1:1/v1"))
    with pytest.raises(UserError, match="no address"):
        embedder_of(Settings(embeddings_url="nowhere", embeddings_model="small"))
    assert embedder_of(Settings(embeddings_url="http://127.0.0.1:1/v1", embeddings_model="small")) is not None
    assert "sk-embed" in secrets(Settings(embeddings_key="sk-embed"))
