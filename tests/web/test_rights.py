"""What is remembered of people's rights: an outage hides for a moment, and is not asked about over and over."""

from datetime import timedelta

from bot.web.rights import BRIEFLY, LASTS, Rights
from services.errors import NotFound, Unreachable
from tests.web.stage import StoppedClock


async def test_an_answer_that_did_not_come_is_asked_for_again_soon_but_not_at_once() -> None:
    asked: list[str] = []
    fails: dict[str, Exception] = {"acme/away": Unreachable(0, "a reset"), "acme/none": NotFound(404, "Not Found")}

    async def permission(repo: str, _login: str) -> str:
        asked.append(repo)
        if repo in fails:
            raise fails[repo]
        return "read"

    clock = StoppedClock()
    rights = Rights(permission, clock)
    for _ in range(3):
        assert not await rights.sees("ana", "acme/away")
        assert not await rights.sees("ana", "acme/none")
    assert asked == ["acme/away", "acme/none"]
    assert rights.known("Ana", "Acme/Away") is False
    fails.clear()
    clock.time += BRIEFLY + timedelta(seconds=1)
    assert rights.known("ana", "acme/away") is None
    assert await rights.sees("ana", "acme/away")
    assert not await rights.sees("ana", "acme/none"), "nobody can read where the App is not installed"
    clock.time += LASTS
    assert await rights.sees("ana", "acme/none")
