"""A bot as gidgethub's documentation writes it, with an empty handler: the peer of `ingest`."""

import sys

import aiohttp
from aiohttp import web
from gidgethub import aiohttp as gh_aiohttp
from gidgethub import routing, sansio

router = routing.Router()


@router.register("issue_comment", action="created")
async def on_comment(event: sansio.Event, gh: gh_aiohttp.GitHubAPI) -> None:
    """Nothing."""


async def receive(request: web.Request) -> web.Response:
    body = await request.read()
    event = sansio.Event.from_http(request.headers, body, secret=sys.argv[1])
    async with aiohttp.ClientSession() as session:
        await router.dispatch(event, gh_aiohttp.GitHubAPI(session, "bot"))
    return web.Response(status=200)


if __name__ == "__main__":
    app = web.Application(client_max_size=26 * 1024 * 1024)
    app.router.add_post("/webhook", receive)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[2]), print=lambda *_: None, access_log=None)
