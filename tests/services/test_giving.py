"""bot/giving.py: a command is on the disk with what is told of it, or neither is."""

import pytest

import handlers.commands
from bot.clock import SystemClock
from bot.giving import Giving
from bot.web.viewer import Viewer
from services.errors import StoreError
from services.store import inbox as module
from services.store.inbox import Inbox
from services.store.requests import Requests
from tests.kit.plans import plan, task
from tests.kit.store import Place
from tests.kit.stored import stored_plan


async def test_nobody_waits_for_a_command_that_was_not_taken(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    handlers.commands.load()
    database = place.database()
    await database.open()
    inbox, requests = Inbox(database), Requests(database)
    giving = Giving(inbox, requests, lambda: None, SystemClock())
    ana, row = Viewer(login="ana", scopes=frozenset({"act"}), via="page"), stored_plan(plan(task("one")), 1)
    monkeypatch.setattr(module, "INSERT", module.INSERT.replace("inbox", "no_inbox"))
    with pytest.raises(StoreError):
        await giving.give(ana, row, "status")
    assert await requests.newest("ana", None, 9) == []
    monkeypatch.undo()
    taken = await giving.give(ana, row, "status")
    assert [each.id for each in await requests.newest("ana", None, 9)] == [taken.id]
    assert [each.guid for each in await inbox.waiting(9)] == [taken.id]
    await database.close()
