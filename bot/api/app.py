"""The API as routes of an application, and the one place where what goes wrong becomes a problem."""

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.api import PREFIX, boards, commands, evidence, insight, reading, shapes
from bot.api.asking import handler
from bot.api.desk import Desk
from bot.api.openapi import Json, described
from bot.api.problems import Refusal, problem
from bot.api.routes import ENDPOINTS, Endpoint
from bot.api.stream import Stream
from bot.live import Live
from services.errors import StoreBusy, StoreError

VERSION = "1"


def add_to(app: web.Application, *, live: Live, desk: Desk) -> None:
    """Add every route; the pages' middleware is there already, the guard comes after."""

    async def end(_: web.Application) -> None:
        live.close()

    app.middlewares.append(around)
    app.on_shutdown.append(end)
    app.router.add_get(f"{PREFIX}/openapi.json", openapi, allow_head=False)
    app.router.add_get(f"{PREFIX}/events", Stream(live, desk.shown).events, allow_head=False)
    for each in endpoints():
        app.router.add_route(each.method, f"{PREFIX}{each.path}", handler(each, desk))


def endpoints() -> list[Endpoint]:
    """All there are; these modules register them when they are imported."""
    for module in (reading, evidence, boards, insight, commands):
        assert module  # noqa: S101 - imported for that
    return ENDPOINTS


def description() -> Json:
    """The OpenAPI description."""
    return described(endpoints(), VERSION, extra=(shapes.Moment,))


async def openapi(_: web.Request) -> web.Response:
    return web.json_response(description())


@web.middleware
async def around(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whatever is refused under the prefix is refused as a problem."""
    if not (request.path == PREFIX or request.path.startswith(f"{PREFIX}/")):
        return await handler(request)
    try:
        return await handler(request)
    except Refusal as refusal:
        return problem(refusal.status, refusal.detail, refusal.headers)
    except StoreBusy:
        return problem(503, "Too much waits already; try again in a moment.", {"Retry-After": "2"})
    except StoreError:
        return problem(503, "The store does not answer; try again in a moment.", {"Retry-After": "2"})
    except web.HTTPException as error:
        kept = {name: error.headers[name] for name in KEPT if name in error.headers}
        return problem(error.status, _detail(error), kept)


KEPT = ("Allow", "Retry-After", "WWW-Authenticate")


def _detail(error: web.HTTPException) -> str:
    """What was said on purpose; aiohttp's own text only repeats the status."""
    text = error.text or ""
    return "" if text.startswith(f"{error.status}:") else text
