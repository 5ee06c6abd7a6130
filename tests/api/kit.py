"""Somebody who asks the API, with a token."""

from datetime import timedelta
from typing import Any

from bot.web.access import new_token
from services.store.access import Access, Token
from tests.kit.plans import NOW
from tests.web.stage import House


async def token_for(home: House, login: str, *scopes: str, name: str = "mine", days: int = 30) -> str:
    """A token of this person's."""
    secret = new_token()
    token = Token(name=name, login=login, scopes=scopes, made=NOW, until=NOW + timedelta(days=days))
    await Access(home.database).add(secret, token)
    return secret


class Asker:
    """Asks in somebody's name; a path is below the prefix."""

    def __init__(self, home: House, secret: str = "") -> None:
        self._home = home
        self._headers = {"Authorization": f"Bearer {secret}"} if secret else {}

    async def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Status and JSON."""
        async with self._home.session.request(
            method, f"{self._home.url}/api/v1{path}", json=body, headers=self._headers
        ) as answer:
            is_json = "json" in answer.content_type
            return answer.status, await answer.json(content_type=None) if is_json else await answer.text()

    async def get(self, path: str) -> Any:
        """The JSON of a good answer."""
        status, found = await self.ask("GET", path)
        assert status == 200, found
        return found

    async def all(self, path: str, limit: int) -> list[Any]:
        """Every item of a list, page by page."""
        found, cursor = [], ""
        while True:
            page = await self.get(f"{path}?limit={limit}&cursor={cursor}")
            assert len(page["items"]) <= limit
            found += page["items"]
            cursor = page["next"]
            if not cursor:
                return found


class People:
    """GitHub as far as rights are asked for: who may read what."""

    def __init__(self) -> None:
        self.reads = self
        self.asked: list[tuple[str, str]] = []
        self.may: dict[str, set[str]] = {}

    def let(self, login: str, *repos: str) -> None:
        self.may[login] = set(repos)

    async def permission(self, repo: str, login: str) -> str:
        self.asked.append((login, repo))
        return "read" if repo in self.may.get(login, set()) else "none"
