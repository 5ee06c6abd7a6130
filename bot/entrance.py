"""The way in, put together: who may come in, signing in with GitHub, and the guard before all routes."""

from aiohttp import web

from bot.network import network_of
from bot.settings import Settings, admins_of
from bot.web import guard
from bot.web.access import Access, Setting
from bot.web.guard import Guard
from bot.web.rights import Rights
from bot.web.signing import Signing
from services.core.clock import Clock
from services.github import GitHub
from services.github.oauth import OAuth
from services.store.access import Access as Kept
from services.store.db import Database


class Entrance:
    """github: None where the process has no key for it; then nobody who has a name sees anything."""

    def __init__(self, settings: Settings, database: Database, clock: Clock, github: GitHub | None) -> None:
        self._settings, self._clock = settings, clock
        self._kept = Kept(database)
        rights = Rights(github.reads.permission, clock) if github is not None else None
        setting = Setting(
            is_open=bool(settings.client_id),
            secure=settings.public_url.startswith("https:"),
            admins=admins_of(settings),
        )
        self.access = Access(setting, self._kept, rights, clock)

    def add_to(self, app: web.Application, *, shows: bool) -> None:
        """The guard, which has to be the last middleware that is added; and signing in, where there are pages."""
        settings = self._settings
        if shows and settings.client_id:
            oauth = OAuth(
                site=settings.github_url,
                api=settings.github_api_url,
                client_id=settings.client_id,
                client_secret=settings.client_secret,
                back=f"{settings.public_url.rstrip('/')}{guard.SIGNED_IN}",
                network=network_of(settings),
            )
            Signing(self.access, self._kept, oauth, self._clock).add_to(app)
        app.middlewares.append(Guard(self.access, self._clock).around)
