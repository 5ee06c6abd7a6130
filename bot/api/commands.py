"""Endpoints that do something: commands for plans, and tokens."""

from datetime import timedelta
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from bot.api import shapes
from bot.api.desk import Desk
from bot.api.paging import cursor, key_of
from bot.api.problems import Refusal
from bot.api.routes import Nothing, Page, Paged, PlanAsked, endpoint
from bot.web.access import new_token
from bot.web.viewer import Scope, Viewer
from services.core.clock import to_text
from services.errors import NotAllowed, UserError
from services.store.access import Token
from services.store.requests import Request

Id = Annotated[str, Meta(pattern=r"^[0-9a-f-]{36}$", description="Id of a command.")]
TokenName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", description="Name of a token.")]
Line = Annotated[str, Meta(min_length=1, max_length=500)]


class Given(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A command as in a comment, without `/lockstep`: `retry api`. why: said with the answer, and kept.  version: hash
    of the plan's text as it was read; `approve` needs it.
    """

    command: Line
    why: Annotated[str, Meta(max_length=250)] = ""
    version: Annotated[str, Meta(max_length=64)] = ""


class CommandAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """About one command."""

    id: Id


class NewToken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A token to be made, in the asker's own name and with no more than the asker may do."""

    name: TokenName
    scopes: Annotated[list[Literal["read", "act", "admin"]], Meta(min_length=1, max_length=3)]
    days: Annotated[int, Meta(ge=1, le=366)] = 90


class TokenAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """About one of the asker's tokens."""

    name: TokenName


@endpoint(
    "POST",
    "/plans/{owner}/{repo}/{number}/commands",
    tag="commands",
    summary="Give a command, in the asker's name and with the permission they have on GitHub.",
    asked=PlanAsked,
    body=Given,
    gives=shapes.Command,
    scope="act",
    status=202,
)
async def give_command(desk: Desk, viewer: Viewer, asked: tuple[PlanAsked, Given]) -> shapes.Command:
    where, given = asked
    found = await desk.shown.stored(where.plan_id)
    if found is None or not await viewer.sees(found[0].repo):
        raise Refusal(404)
    try:
        request = await desk.giving.give(viewer, found[0], given.command, why=given.why, version=given.version)
    except NotAllowed as error:
        raise Refusal(403, str(error)) from None
    except UserError as error:
        raise Refusal(422, str(error)) from None
    return _command(request)


@endpoint(
    "GET",
    "/commands",
    tag="commands",
    summary="Commands that the asker gave here, the newest first; an admin sees those of all.",
    asked=Paged,
    gives=Page[shapes.Command],
)
async def commands(desk: Desk, viewer: Viewer, asked: Paged) -> Page[shapes.Command]:
    key = key_of(asked.cursor, str, str)
    login = "" if "admin" in viewer.scopes else viewer.login or "-"
    rows = await desk.requests.newest(login, (str(key[0]), str(key[1])) if key else None, asked.limit)
    following = cursor(rows[-1].at, rows[-1].id) if len(rows) == asked.limit else ""
    return Page(items=[_command(row) for row in rows], next=following)


@endpoint(
    "GET",
    "/commands/{id}",
    tag="commands",
    summary="A command, and what came of it.",
    asked=CommandAsked,
    gives=shapes.Command,
)
async def command(desk: Desk, viewer: Viewer, asked: CommandAsked) -> shapes.Command:
    found = await desk.requests.get(asked.id)
    if found is None or not (found.login == viewer.login or "admin" in viewer.scopes):
        raise Refusal(404)
    return _command(found)


@endpoint("GET", "/tokens", tag="tokens", summary="The asker's own tokens.", gives=Page[shapes.Token])
async def tokens(desk: Desk, viewer: Viewer, _: Nothing) -> Page[shapes.Token]:
    return Page(items=[_token(each) for each in await desk.tokens.tokens(viewer.login)] if viewer.login else [])


@endpoint(
    "POST",
    "/tokens",
    tag="tokens",
    summary="Make a token; only somebody who is signed in on a page can.",
    body=NewToken,
    gives=shapes.Token,
    scope="act",
    status=201,
)
async def make_token(desk: Desk, viewer: Viewer, asked: tuple[Nothing, NewToken]) -> shapes.Token:
    wanted, now = asked[1], desk.clock.now()
    if viewer.via != "page":
        raise Refusal(403, "A token makes no tokens; sign in on a page for that, or use `python -m bot token`.")
    scopes: tuple[Scope, ...] = tuple(dict.fromkeys(wanted.scopes))
    if set(scopes) - viewer.scopes:
        raise Refusal(403, "A token can't do more than you may.")
    secret = new_token()
    token = Token(name=wanted.name, login=viewer.login, scopes=scopes, made=now, until=now + timedelta(wanted.days))
    try:
        await desk.tokens.add(secret, token)
    except UserError as error:
        raise Refusal(409, str(error)) from None
    return msgspec.structs.replace(_token(token), secret=secret)


@endpoint(
    "DELETE",
    "/tokens/{name}",
    tag="tokens",
    summary="Revoke one of the asker's tokens.",
    asked=TokenAsked,
    gives=Page[shapes.Token],
    scope="act",
)
async def revoke_token(desk: Desk, viewer: Viewer, asked: TokenAsked) -> Page[shapes.Token]:
    if not await desk.tokens.revoke(viewer.login, asked.name):
        raise Refusal(404)
    return await tokens(desk, viewer, Nothing())


def _command(request: Request) -> shapes.Command:
    return shapes.Command(
        id=request.id, plan=f"{request.repo}#{request.number}", command=request.command, why=request.why,
        login=request.login, via=request.via, at=request.at, state=request.state, answer=request.answer,
    )  # fmt: skip


def _token(token: Token) -> shapes.Token:
    return shapes.Token(
        name=token.name, scopes=list(token.scopes), made_at=to_text(token.made), until=to_text(token.until)
    )
