"""Gates of people's pull requests in the store."""

from datetime import UTC, datetime

import msgspec

from services.core.task_state import Override
from services.store.gates import Gates
from tests.kit.store import Place

NOW = datetime(2026, 1, 1, tzinfo=UTC)


async def test_whom_a_pull_request_waits_for_is_found_from_both_sides(place: Place) -> None:
    database = place.database()
    await database.open()
    gates = Gates(database)
    await gates.waits("acme/Web", 2, ("pull:acme/api#1", "pull:acme/api#3", "pull:acme/api#3"))
    await gates.waits("acme/other", 5, ("pull:acme/api#1",))
    assert await gates.waiting_for("pull:acme/api#1") == [("acme/Web", 2), ("acme/other", 5)]
    assert await gates.waiting_in({"acme/API"}) == [("acme/Web", 2), ("acme/other", 5)]
    assert await gates.waiting_in({"acme/ap", "acme/web"}) == []
    assert await gates.named_by("acme/web", 2) == ["pull:acme/api#1", "pull:acme/api#3"]
    await gates.shows("acme/Web", 2, "digest")
    await gates.waits("acme/Web", 2, ("pull:acme/api#3",))
    row = await gates.get("acme/Web", 2)
    assert row is not None
    assert (row.needs, row.shown) == (("pull:acme/api#3",), "digest")
    said = Override(kind="need", name="acme/api#3", sha="a" * 40, actor="ana", why="later")
    await gates.lift("acme/Web", 2, msgspec.structs.replace(said, why="soon"), NOW)
    await gates.lift("acme/Web", 2, said, NOW)
    assert await gates.lifted("acme/web", 2, said.sha) == {said.name: said}
    assert await gates.lifted("acme/web", 2, "b" * 40) == {}
    await gates.void("acme/web", 2, msgspec.structs.replace(said, sha="b" * 40))
    await gates.drop("acme/Web", 2)
    assert await gates.said("acme/web", 2) == (said,)
    await gates.void("acme/web", 2, said)
    assert await gates.said("acme/web", 2) == ()
    await gates.lift("acme/Web", 2, said, NOW)
    await gates.drop("acme/web", 2, is_over=True)
    assert await gates.said("acme/Web", 2) == ()
    assert await gates.get("acme/Web", 2) is None
    assert await gates.all(None) == [("acme/other", 5)]
    assert await gates.all(()) == []
    await database.close()
