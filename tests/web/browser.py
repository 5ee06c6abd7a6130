"""A real Chromium, headless, that talks to 127.0.0.1 and to nobody else."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal, get_args

from playwright.async_api import Browser, Page, async_playwright

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
MISSING = "there is no Chromium on this machine (apt install chromium)"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-proxy-server", "--disable-dev-shm-usage",
    "--in-process-gpu", "--renderer-process-limit=1",
]  # fmt: skip

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = get_args(Scheme)


@dataclass
class Tab:
    """A page somebody looks at, and what went on behind it. `trouble`: messages, errors and dialogs nobody wants."""

    page: Page
    asked: list[str] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)

    async def go(self, url: str, *, width: int = 1280, scheme: Scheme = "light") -> None:
        """Another page in the same tab, which costs less than a tab of its own."""
        self.asked.clear()
        self.trouble.clear()
        await self.page.context.clear_cookies()
        await self.page.set_viewport_size({"width": width, "height": 900})
        await self.page.emulate_media(media="screen", color_scheme=scheme)
        await self.page.goto(url)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """The browser, for as many tabs as one likes."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def tab(browser: Browser, url: str, *, width: int = 1280, scheme: Scheme = "light") -> AsyncIterator[Tab]:
    """A tab that has loaded `url`."""
    context = await browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    try:
        shown = Tab(await context.new_page())
        shown.page.on("request", lambda request: shown.asked.append(request.url))
        shown.page.on("console", lambda message: shown.trouble.append(message.text))
        shown.page.on("pageerror", lambda error: shown.trouble.append(str(error)))
        shown.page.on("dialog", lambda dialog: shown.trouble.append(f"dialog: {dialog.message}"))
        await shown.page.goto(url)
        yield shown
    finally:
        await context.close()
