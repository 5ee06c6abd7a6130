"""A second plan in the same world: other tasks, which want the same worker and change the same repositories.

ana starts it and helps it to its end as she does the first. Nobody edits it; what people do to pull requests and
repositories meets it too.
"""

import asyncio

from tests.simulation import plans
from tests.simulation.people import People


class Beside(People):
    def draw(self, repos: list[str]) -> list[plans.Draft]:
        return plans.beside(self.chance, repos)

    async def begin(self) -> None:
        await asyncio.sleep(self.chance.uniform(0.0, 60.0))
        self.write()
        await super().begin()
