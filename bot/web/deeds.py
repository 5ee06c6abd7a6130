"""What people do on a page: give a command in their own name, have a delivery handled once more. Each is a form that
the guard has found to be made here and for whoever sends it, and ends on the page where its outcome is shown.
"""

from urllib.parse import quote

from aiohttp import web

from bot.giving import Giving
from bot.web import sight
from bot.web.desk import Desk
from bot.web.forms import form_of
from bot.web.viewer import viewer_of
from services.core.text import visible
from services.errors import NotAllowed, UserError

LONGEST_COMMAND, LONGEST_REASON = 500, 250


class Deeds:
    """The forms."""

    def __init__(self, desk: Desk, giving: Giving) -> None:
        self._desk, self._giving = desk, giving

    async def command(self, request: web.Request) -> web.StreamResponse:
        """One command for the plan of the address."""
        where, viewer = request.match_info, viewer_of(request)
        found = await self._desk.shown.stored(f"{where['owner']}/{where['repo']}#{int(where['number'])}")
        if found is None or await sight.in_sight(viewer, found) is None:
            raise web.HTTPNotFound
        form = await form_of(request)
        command, why, version = (_field(form.get(name)) for name in ("command", "why", "version"))
        try:
            given = await self._giving.give(
                viewer, found[0], command[:LONGEST_COMMAND], why=visible(why, LONGEST_REASON), version=version
            )
        except NotAllowed as refused:
            return self._desk.said(request, 403, "That is not for you to do", str(refused))
        except UserError as wrong:
            return self._desk.said(request, 422, "That can't be done", str(wrong))
        return _to(f"{self._desk.places.plan(found[0])}?given={quote(given.id)}#_given")

    async def again(self, request: web.Request) -> web.StreamResponse:
        """A delivery is handed to its handlers as if it had just come; what is done already is not done twice."""
        if "admin" not in viewer_of(request).scopes:
            raise web.HTTPForbidden(text="Deliveries are for those who run Lockstep here.")
        row = int(request.match_info["row"])
        if not await self._desk.inbox.again(row):
            sentence = "Its body is no longer kept, or it waits already."
            return self._desk.said(request, 409, "That delivery can't be handled again", sentence)
        self._giving.wake()
        return _to(f"/deliveries#d{row}")


def _field(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _to(address: str) -> web.Response:
    return web.Response(status=303, headers={"Location": address, "Cache-Control": "no-store"})
