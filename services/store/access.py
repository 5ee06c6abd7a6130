"""Who may come in: sign-ins that have begun, sessions, and tokens for programs.

Only hashes are stored of what opens a door, so whoever reads the database can't come in with what stands there. A
secret is 256 random bits: it needs no salt and no slow hash.
"""

import hashlib
from datetime import datetime, timedelta

import msgspec

from services.core.clock import from_text, to_text
from services.errors import UserError
from services.store.db import Connection, Database

MOST_TOKENS = 50
"""Of one person."""
MOST_SIGNING_IN = 10_000
"""Sign-ins under way; anybody can begin one, so the oldest make room."""


class SigningIn(msgspec.Struct, frozen=True, kw_only=True):
    """What has to be known when somebody comes back from GitHub."""

    browser: str
    verifier: str
    next: str
    until: datetime


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who signed in. made: this id of it, which changes now and then; until: when all of it ends."""

    login: str
    made: datetime
    until: datetime


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A token without the token. scopes: words."""

    name: str
    login: str
    scopes: tuple[str, ...]
    made: datetime
    until: datetime


def hashed(secret: str) -> str:
    """What is stored of a secret."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


class Access:
    """The tables `signing_in`, `session` and `token`. Secrets come in as they are and are hashed here."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, state: str, begun: SigningIn, now: datetime) -> None:
        """Somebody is sent to GitHub."""
        row = (hashed(state), hashed(begun.browser), begun.verifier, begun.next, to_text(begun.until))

        def write(c: Connection) -> None:
            c.execute("DELETE FROM signing_in WHERE until < ?", (to_text(now),))
            c.execute(
                "DELETE FROM signing_in WHERE state IN (SELECT state FROM signing_in ORDER BY until DESC LIMIT ?"
                " OFFSET ?)",
                (1_000_000, MOST_SIGNING_IN - 1),
            )
            c.execute("INSERT INTO signing_in (state, browser, verifier, next, until) VALUES (?,?,?,?,?)", row)

        await self._database.write(write)

    async def come_back(self, state: str, browser: str, now: datetime) -> SigningIn | None:
        """The sign-in that this state was made for, once, and only in the browser that began it."""

        def write(c: Connection) -> SigningIn | None:
            query = "SELECT browser, verifier, next, until FROM signing_in WHERE state = ?"
            row = c.execute(query, (hashed(state),)).fetchone()
            c.execute("DELETE FROM signing_in WHERE state = ?", (hashed(state),))
            if row is None or row[0] != hashed(browser) or from_text(row[3]) < now:
                return None
            return SigningIn(browser=browser, verifier=row[1], next=row[2], until=from_text(row[3]))

        return await self._database.write(write)

    async def open(self, secret: str, session: Session) -> None:
        """A session begins under this secret, or goes on under it; those that have ended are forgotten."""
        row = (hashed(secret), session.login, to_text(session.made), to_text(session.until))

        def write(c: Connection) -> None:
            c.execute("DELETE FROM session WHERE until < ?", (to_text(session.made),))
            c.execute("INSERT INTO session (id, login, made, until) VALUES (?,?,?,?)", row)

        await self._database.write(write)

    async def session(self, secret: str, now: datetime) -> Session | None:
        """The session of a secret, as long as it lasts."""
        query = "SELECT login, made, until FROM session WHERE id = ?"
        row = await self._database.read(lambda c: c.execute(query, (hashed(secret),)).fetchone())
        found = Session(login=row[0], made=from_text(row[1]), until=from_text(row[2])) if row is not None else None
        return found if found is not None and now < found.until else None

    async def fade(self, secret: str, until: datetime) -> None:
        """This id has a successor; requests that are under way may still come with it until then."""
        query = "UPDATE session SET until = ? WHERE id = ? AND until > ?"
        values = (to_text(until), hashed(secret), to_text(until))
        await self._database.write(lambda c: c.execute(query, values))

    async def end(self, secret: str) -> None:
        """Signed out, and everywhere: every session of the person ends."""

        def write(c: Connection) -> None:
            row = c.execute("SELECT login FROM session WHERE id = ?", (hashed(secret),)).fetchone()
            if row is not None:
                c.execute("DELETE FROM session WHERE login = ?", (row[0],))

        await self._database.write(write)

    async def token(self, secret: str, now: datetime) -> Token | None:
        """The token with this secret, as long as it is good."""
        row = await self._database.read(lambda c: c.execute(f"{_TOKENS} WHERE id = ?", (hashed(secret),)).fetchone())
        found = _token(row) if row is not None else None
        return found if found is not None and now < found.until else None

    async def tokens(self, login: str) -> list[Token]:
        """Of one person."""
        return await self._database.read(lambda c: tokens(c, login))

    async def add(self, secret: str, token: Token) -> None:
        """UserError when there is one of that name, or there are too many."""
        await self._database.write(lambda c: add(c, secret, token))

    async def revoke(self, login: str, name: str) -> bool:
        """False when there was none of that name."""
        return await self._database.write(lambda c: revoke(c, login, name))


_TOKENS = "SELECT name, login, scopes, made, until FROM token"


def tokens(c: Connection, login: str = "") -> list[Token]:
    """Of one person, of all for ""."""
    query = f"{_TOKENS} WHERE (? = '' OR login = ?) ORDER BY login, made, name"
    return [_token(row) for row in c.execute(query, (login.lower(), login.lower()))]


def add(c: Connection, secret: str, token: Token) -> None:
    """Part of a transaction."""
    others = tokens(c, token.login)
    if any(other.name == token.name for other in others):
        raise UserError(f"There is a token called {token.name} already; revoke it first, or choose another name.")
    if len(others) >= MOST_TOKENS:
        raise UserError(f"One person has {MOST_TOKENS} tokens at most; revoke one that is not used any more.")
    c.execute(
        "INSERT INTO token (id, name, login, scopes, made, until) VALUES (?,?,?,?,?,?)",
        (
            hashed(secret), token.name, token.login.lower(), " ".join(token.scopes), to_text(token.made),
            to_text(token.until),
        ),
    )  # fmt: skip


def revoke(c: Connection, login: str, name: str) -> bool:
    """Part of a transaction."""
    return bool(c.execute("DELETE FROM token WHERE login = ? AND name = ?", (login.lower(), name)).rowcount)


def drop(c: Connection, now: str, most: int) -> int:
    """One step of retention: what opens nothing any more."""
    tables = {"signing_in": "state", "session": "id", "token": "id"}
    gone = (
        f"DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table} WHERE until < ? LIMIT ?)"  # noqa: S608 - our own words
        for table, key in tables.items()
    )
    return sum(c.execute(each, (now, most)).rowcount for each in gone)


def _token(row: tuple[str, str, str, str, str]) -> Token:
    name, login, scopes, made, until = row
    return Token(name=name, login=login, scopes=tuple(scopes.split()), made=from_text(made), until=from_text(until))


LASTS = timedelta(hours=12)
"""A session, whatever happens in it."""
RENEWED = timedelta(hours=1)
"""An id of it."""
FADES = timedelta(minutes=1)
SIGNING_IN = timedelta(minutes=10)
