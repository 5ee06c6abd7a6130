"""GitHub's stand-in and the bot, kept open for a person who writes issues and comments by hand (docs/how-to/by-hand.md).

Usage: python docs/by_hand.py FOLDER. The repositories are the demo's; `ana` may maintain them, `ben` may only read.
"""

import asyncio
import secrets
import sys
from pathlib import Path

import msgspec

from bot import logs
from bot.app import running
from bot.demo import cast, stage
from bot.settings import read_settings
from services.errors import LockstepError
from services.sandbox import server
from services.sandbox.scenario import Scenario

READER = "ben"


async def play(root: Path) -> None:
    secret = secrets.token_hex(32)
    scene = stage.own_stage(root, secret)
    scenario, state = Scenario(scene.sandbox), scene.sandbox.state
    own = scenario.repo("acme/.github", {"README.md": "What counts for all repositories of acme.\n"})
    scenario.collaborator(own, cast.PERSON, "maintain")
    for repo in state.repos.values():
        scenario.collaborator(repo, READER, "read")
    tokens = {"ANA": scene.person_token, "BEN": scenario.user_token(READER)}
    stage.name_repositories(root, scene.sandbox)
    hub = await server.start(scene.sandbox, pages=True)
    settings = read_settings()
    settings = msgspec.structs.replace(
        settings,
        app_id=str(scene.app.app_id),
        private_key=scene.app.private_key,
        webhook_secret=secret,
        data_dir=str(root / "bot"),
        github_api_url=hub.url,
        github_url=hub.url,
        # With an address of the pages people sign in there, and the stand-in asks only who they are.
        client_id=scene.app.client_id if settings.public_url else "",
        client_secret=state.apps[scene.app.app_id].client_secret if settings.public_url else "",
        comment_interval=1.0,
        api_pacing=False,
    )
    try:
        async with running(settings) as bot:
            await hub.think(setattr, state.apps[scene.app.app_id], "webhook_url", f"{bot.url}/webhook")
            told = {"GITHUB": hub.url, "PAGES": bot.url, **tokens, "LOCKSTEP_DATA_DIR": settings.data_dir}
            (root / "env").write_text("".join(f"export {name}={value}\n" for name, value in told.items()))
            print(f"GitHub's stand-in: {hub.url}\nLockstep's pages:  {bot.url}\nIn another shell:  . {root}/env", flush=True)
            await asyncio.Event().wait()
    finally:
        await hub.close()


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: python docs/by_hand.py FOLDER")
    root = Path(sys.argv[1]).absolute()
    if root.exists():
        sys.exit(f"{root} is there already; name a new folder.")
    root.mkdir(mode=0o711, parents=True)  # the box's own user must be able to pass through
    with (root / "lockstep.log").open("w") as log:
        logs.set_up(style="json", level="INFO", redactor=logs.Redactor([]), stream=log)
        try:
            asyncio.run(play(root))
        except LockstepError as error:
            sys.exit(f"lockstep: {error}")
        except OSError as error:
            sys.exit(f"lockstep: can't listen or write there: {error.strerror}.")
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
