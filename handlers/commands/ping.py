"""`ping`: is anybody there?"""

from handlers.commands import Context, command
from services.core.commands import Command
from services.core.messages import answers


@command("ping", usage="ping", summary="Say whether I am listening.", needs="read", about="anything")
async def ping(_: Context, __: Command) -> str:
    return answers.PING
