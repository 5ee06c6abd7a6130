"""handlers/comments.py: several commands in one comment, of which an outage cuts one off."""

from types import SimpleNamespace
from typing import Any

import pytest

import handlers.commands
from handlers.comments import on_comment
from services.errors import Unreachable, Unreadable


class Remembers:
    """An engine that keeps what was heard and said; GitHub can't be reached the first `away` times."""

    def __init__(self, away: int) -> None:
        self.known: set[str] = set()
        self.reactions: list[str] = []
        self.answers: list[str] = []
        self._away = away

    def forget(self, *subjects: str, told: bytes = b"") -> None:
        """There is no cache."""

    async def sees(self, repo: str) -> bool:
        return True

    async def was_heard(self, what: str) -> bool:
        return what in self.known

    async def heard(self, what: str) -> None:
        self.known.add(what)

    async def react(self, repo: str, comment_id: str, content: str) -> None:
        self.reactions.append(content)

    async def place_of(self, repo: str, number: int, body: str) -> Any:
        return SimpleNamespace(repo=repo, number=number, task="", hidden=False)

    async def permission(self, repo: str, login: str) -> str:
        if self._away:
            self._away -= 1
            raise Unreachable(0, "no answer")
        return "read"

    async def aliases(self, repo: str) -> dict[str, str]:
        return {}

    async def answer(self, repo: str, number: int, to: str, command: str, text: str) -> None:
        self.answers.append(command)


def commented(body: str) -> Any:
    comment = SimpleNamespace(id="9", via_app=False, author=SimpleNamespace(is_bot=False), body=body, created_at=None)
    return SimpleNamespace(
        repo="a/b", number=1, told=b"", action="created", issue=None, comment=comment,
        sender=SimpleNamespace(is_bot=False, login="ana"),
    )  # fmt: skip


@pytest.mark.parametrize("away", [0, 1])
async def test_a_command_that_was_refused_before_an_outage_still_counts_in_the_reaction(away: int) -> None:
    handlers.commands.load()
    engine: Any = Remembers(away)
    event = commented("/lockstep nonsense\n/lockstep help")
    if away:
        with pytest.raises(Unreachable):
            await on_comment(event, engine)
    await on_comment(event, engine)
    assert engine.reactions[-1] == "confused"
    assert len(engine.answers) == 2, "each is answered once"


async def test_a_command_for_a_plan_that_can_not_be_read_does_not_look_as_if_it_were_under_way() -> None:
    handlers.commands.load()

    class Damaged(Remembers):
        async def place_of(self, repo: str, number: int, body: str) -> Any:
            raise Unreadable("Invalid enum value 'orbit'")

    engine: Any = Damaged(away=0)
    with pytest.raises(Unreadable):
        await on_comment(commented("/lockstep status"), engine)
    assert engine.reactions == ["eyes", "confused"]
