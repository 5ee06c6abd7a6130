"""The API as routes of an application, and the one place where what goes wrong becomes a problem."""

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from bot.api import PREFIX
from bot.api.problems import Refusal, problem
from bot.api.stream import Stream
from bot.live import Live
from services.errors import StoreError

log = structlog.get_logger(__name__)


def add_to(app: web.Application, *, live: Live) -> None:
    """Add every route; the pages' middleware is there already, the guard comes after."""

    async def end(_: web.Application) -> None:
        live.close()

    app.middlewares.append(around)
    app.on_shutdown.append(end)
    app.router.add_get(f"{PREFIX}/events", Stream(live).events, allow_head=False)


@web.middleware
async def around(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whatever is refused under the prefix is refused as a problem."""
    if not (request.path == PREFIX or request.path.startswith(f"{PREFIX}/")):
        return await handler(request)
    try:
        return await handler(request)
    except Refusal as refusal:
        return problem(refusal.status, refusal.detail, refusal.headers)
    except StoreError:
        return problem(503, "The store does not answer; try again in a moment.", {"Retry-After": "2"})
    except web.HTTPException as error:
        kept = {name: error.headers[name] for name in ("Allow", "Retry-After") if name in error.headers}
        return problem(error.status, _detail(error), kept)


def _detail(error: web.HTTPException) -> str:
    """What was said on purpose; aiohttp's own text only repeats the status."""
    text = error.text or ""
    return "" if text.startswith(f"{error.status}:") else text
