"""A bug of ours while something is answered: whoever asked hears so calmly, with a reference that leads whoever runs
Lockstep to it in the log. Nothing of the inside is told.

`isolated` is the one place where an error of any kind may be caught, so this asks it.
"""

import secrets

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from bot.api import PREFIX
from bot.api.problems import problem
from bot.dispatch import isolated
from bot.web.desk import Desk
from services.errors import StoreError

MEANT = (web.HTTPException, StoreError, ConnectionError)
"""What is no bug: an answer on purpose, a store that is away, readers who have gone."""

log = structlog.get_logger(__name__)


class Mishaps:
    """A middleware around everything but the one that puts the headers on, and says what is meant."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @web.middleware
    async def around(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        answers: list[web.StreamResponse] = []

        async def answer() -> None:
            answers.append(await handler(request))

        error = await isolated(answer())
        if error is None:
            return answers[0]
        if isinstance(error, MEANT) or not isinstance(error, Exception) or request.writer.output_size:
            raise error
        reference = secrets.token_hex(6)
        log.error("a request failed", reference=reference, method=request.method, path=request.path, exc_info=error)
        said = self._said(request, reference)
        said.force_close()  # what is left of the request is not read
        return said

    def _said(self, request: web.Request, reference: str) -> web.Response:
        sentence = (
            f"It is a fault of Lockstep's, not yours, and stands in its log as {reference}. Try again in a moment."
        )
        if request.path.startswith(f"{PREFIX}/"):
            return problem(500, sentence)
        return self._desk.said(request, 500, "Something went wrong here", sentence)
