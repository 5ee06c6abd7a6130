"""Giving a command on a page or through the API: written down with who and why, then dispatched like a webhook.

So it is on the disk before it is answered, is in order with what else happens to the plan, is tried again while GitHub
can't be reached, and any process may take it. What it may do is decided when it is carried out (handlers/asked.py), by
the same code as for a comment.
"""

import uuid
from collections.abc import Callable

import msgspec

from bot.web.viewer import Viewer
from handlers.commands import COMMANDS
from handlers.events import ASKED
from services.core.clock import Clock, to_text
from services.core.commands import Command, single
from services.core.messages import usage
from services.core.plan_text import nearest
from services.errors import NotAllowed, UserError
from services.store.inbox import Delivery, Inbox
from services.store.plans import PlanRow
from services.store.requests import Request, Requests, put

HOOK = "lockstep"
"""Stands where a webhook has the id of its hook, which is a number."""


class Giving:
    """wake: tells dispatch, where that is in the same process."""

    def __init__(self, inbox: Inbox, requests: Requests, wake: Callable[[], None], clock: Clock) -> None:
        self._inbox, self._requests, self.wake, self._clock = inbox, requests, wake, clock

    async def given(self, request_id: str, login: str) -> Request | None:
        """What somebody has asked for, and what came of it; only their own."""
        found = await self._requests.get(request_id)
        return found if found is not None and login and found.login == login else None

    async def give(self, viewer: Viewer, plan: PlanRow, command: str, *, why: str = "", version: str = "") -> Request:
        """Take one command; UserError for one that nobody could carry out. version: of the text that was looked at."""
        if not viewer.login or "act" not in viewer.scopes:
            raise NotAllowed("Commands are given in somebody's name: sign in, or send a token with the scope `act`.")
        read = _read(command)
        if read.verb == "approve" and version != plan.hash:
            raise UserError("Say which text is approved: `version` takes the hash of the plan as you have read it.")
        now, request_id = self._clock.now(), str(uuid.uuid4())
        words = str(read).removeprefix("/lockstep ")
        request = Request(
            id=request_id, at=to_text(now), login=viewer.login, via=viewer.via, repo=plan.repo, number=plan.number,
            command=words, why=why,
        )  # fmt: skip
        payload = {
            "repository": {"full_name": plan.repo},
            "number": plan.number,
            "sender": {"login": viewer.login, "type": "User"},
            "lockstep": {"id": request_id, "command": words, "version": version, "why": why, "at": to_text(now)},
        }
        body = msgspec.json.encode(payload)
        delivery = Delivery(hook_id=HOOK, guid=request_id, event=ASKED, received_at=now, body=body)
        await self._inbox.put(delivery, lambda c: put(c, request))
        self.wake()
        return request


def _read(text: str) -> Command:
    found = single(text)
    if found is None:
        raise UserError("Give one command, as in a comment but without `/lockstep`: `retry api`.")
    if found.problem or found.verb not in COMMANDS.names():
        near = nearest(found.verb, COMMANDS.names())
        raise UserError(found.problem or usage.unknown_verb(near or ""))
    return found
