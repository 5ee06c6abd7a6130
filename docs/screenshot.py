"""Takes the picture of a finished plan for the README: plays the demo, starts the bot once more on what it left, and looks.

Usage: python docs/screenshot.py [OUT.png]; needs Chromium. What is shown is a real run, so times and numbers differ each time.
"""

import asyncio
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

import msgspec
from playwright.async_api import async_playwright

from bot import logs
from bot.app import running
from bot.clock import SystemClock
from bot.demo import show, stage, story
from bot.settings import Settings

OUT = Path(__file__).parent / "images" / "plan.png"
WIDTH, HEIGHT = 1280, 960


async def picture(root: Path, out: Path, chromium: str) -> None:
    """Play, start again, take the picture of the plan's page."""
    secret = secrets.token_hex(32)
    scene = stage.own_stage(root, secret)
    settings = Settings(
        app_id=str(scene.app.app_id),
        private_key=scene.app.private_key,
        webhook_secret=secret,
        data_dir=str(root / "bot"),
        port=0,
        sandbox="none",
        comment_interval=0.2,
    )
    ending = await story.tell(scene, settings, SystemClock(), show.audience(as_json=True), "", 300.0)
    if ending.run is None:
        raise SystemExit(f"the demo did not end well: {ending.said}")
    settings = msgspec.structs.replace(settings, github_url="https://github.com")
    async with running(settings) as bot, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = await browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        await page.goto(f"{bot.url}/plans/{ending.run.repo}/{ending.run.number}")
        await page.screenshot(path=out)
        await browser.close()


def main(arguments: list[str]) -> int:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        sys.stderr.write("there is no Chromium on this machine\n")
        return 2
    out = Path(arguments[0]) if arguments else OUT
    with tempfile.TemporaryDirectory(prefix="lockstep-picture-") as folder:
        root = Path(folder)
        with (root / "lockstep.log").open("w") as log:
            logs.set_up(style="json", level="INFO", redactor=logs.Redactor([]), stream=log)
            asyncio.run(picture(root, out, chromium))
    sys.stdout.write(f"{out}: {out.stat().st_size // 1000} kB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
