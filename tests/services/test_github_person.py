"""What is done in a person's name: under the rules that hold for what is done in our own."""

import pytest

from services.errors import Withdrawn
from services.github import GitHub
from tests.kit.fakehub import FakeHub, HandClock, Reply
from tests.services.test_github_auth import pem


async def test_nothing_is_changed_in_a_persons_name_by_who_may_not_write_any_more() -> None:
    """A conductor that may have lost its lease reads on, and changes nothing with that token either."""
    async with FakeHub() as hub:
        hub.script("GET", "/user", Reply(json={"login": "ana", "id": 1}))
        hub.script("DELETE", "/repos/o/r/issues/7/assignees", Reply(json={}))
        github, may = GitHub(hub.url, "1", pem(), HandClock(), timeout=60), False
        github.writes_while(lambda: may)
        person = github.person("ghp_ana")
        try:
            assert await person.login() == "ana"
            with pytest.raises(Withdrawn):
                await person.unassign("o/r", 7)
            assert not hub.calls("DELETE", "/repos/o/r/issues/7/assignees")
            may = True
            await person.unassign("o/r", 7)
            assert len(hub.calls("DELETE", "/repos/o/r/issues/7/assignees")) == 1
        finally:
            await github.close()
