"""Whether a process of the bot is alive. A killed one is not unwound: it never gets another answer, from anybody.

So no `finally` of a dead process does anything that a kill -9 would not have let it do. What it had sent off before its
end goes on without it.
"""

import asyncio
from typing import NoReturn


class Life:
    def __init__(self, name: str) -> None:
        self.name = name
        self.is_over = False

    def end(self) -> None:
        self.is_over = True

    async def never(self) -> NoReturn:
        """Wait for an answer that does not come."""
        await asyncio.get_running_loop().create_future()
        raise AssertionError("an answer came to a dead process")
