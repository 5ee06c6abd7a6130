"""The description of the API: whole, published as it is served, and what the API does whatever it is asked."""

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from bot.api.app import description, endpoints
from tests.api.kit import Asker, token_for
from tests.web.plans import half_done
from tests.web.stage import house

EXAMPLES = 3
"""For each operation, each asked about a plan that is made up and about one that is there."""
THERE = {"owner": "acme", "repo": "platform", "number": 1, "task": "api"}
PUBLISHED = Path(__file__).parents[2] / "docs" / "reference" / "openapi.json"
CHECKS = (not_a_server_error, content_type_conformance, response_schema_conformance, status_code_conformance)
SCHEMA = schemathesis.openapi.from_dict(description()).exclude(path_regex="/events$")
for phase in ("examples", "coverage"):
    getattr(SCHEMA.config.phases, phase).enabled = False


def test_the_published_description_is_the_served_one_and_valid() -> None:
    assert json.loads(PUBLISHED.read_text()) == description()
    for schema in description()["components"]["schemas"].values():
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})


def test_every_endpoint_is_described_and_names_are_unique() -> None:
    paths = description()["paths"]
    assert len(paths) == len({each.path for each in endpoints()}) + 1
    names = [about["operationId"] for path in paths.values() for about in path.values()]
    assert len(set(names)) == len(names)


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, str]]:
    """(url, token) of an API with something in it, in a thread of its own."""
    with _Served() as found:
        yield found


class _Served:
    """Runs a house in a thread, beside whoever asks without awaiting."""

    def __enter__(self) -> tuple[str, str]:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        return asyncio.run_coroutine_threadsafe(self._begin(), self._loop).result(30)

    async def _begin(self) -> tuple[str, str]:
        self._house = house()
        home = await self._house.__aenter__()
        await half_done(home)
        return home.url, await token_for(home, "ana", "read", "act", "admin")

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._house.__aexit__(None, None, None), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


BOUNDS: Any = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "phases": (Phase.explicit, Phase.generate),
}


@SCHEMA.parametrize()  # type: ignore[untyped-decorator]
@settings(max_examples=EXAMPLES, **BOUNDS)
def test_whatever_is_asked_the_answer_is_as_described(case: Any, served: tuple[str, str]) -> None:
    url, token = served
    made_up = dict(case.path_parameters or {})
    for parts in (made_up, {name: THERE.get(name, value) for name, value in made_up.items()}):
        case.path_parameters = parts
        case.call_and_validate(base_url=url, headers={"Authorization": f"Bearer {token}"}, checks=CHECKS)


async def test_answers_are_what_the_description_says() -> None:
    """Of every list and every single thing that can be read, against its own schema."""
    served = description()
    components = {"components": served["components"]}
    async with house() as home:
        await half_done(home)
        asker = Asker(home)
        for path, about in served["paths"].items():
            where = path.removeprefix("/api/v1").format(
                owner="acme", repo="platform", number=1, task="api", id="x", name="x"
            )
            content = about.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
            if "application/json" not in content or where.startswith(("/commands/x", "/tokens/x")):
                continue
            schema = {**content["application/json"]["schema"], **components}
            jsonschema_rs.validate(schema, await asker.get(where))
