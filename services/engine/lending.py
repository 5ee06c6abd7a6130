"""Acting in somebody else's name: who lent which words to whom, and whether that still counts.

Nothing is gained by it that the lender does not have: whoever acts in a name is judged as that person, everywhere, at
that moment. All that is asked of the one who acts is to see the place.
"""

from datetime import datetime

from services.core.delegation import Delegation
from services.core.messages import refusals, usage
from services.core.roles import Tier, suffices
from services.engine.intake import Intake
from services.engine.parts import Parts
from services.errors import NotAllowed, UserError


class Lending:
    """The delegations of all plans."""

    def __init__(self, parts: Parts, intake: Intake) -> None:
        self._parts = parts
        self._intake = intake

    async def of(self, repo: str, number: int) -> list[Delegation]:
        """Those that hold for the plan's text as it was last read."""
        store = self._parts.delegations
        return await store.of(f"{repo}#{number}") if store is not None else []

    async def give(self, repo: str, number: int, given: Delegation, asked_at: datetime) -> None:
        """For the text that the lender could see when saying so."""
        row = await self._intake.seen(repo, number, asked_at, "delegate")
        if given.login.lower() == given.by.lower():
            raise UserError(usage.NOT_TO_ONESELF)
        if await self._role(repo, given.login) == "none":
            raise UserError(usage.sees_nothing(given.login))
        store = self._parts.delegations
        if store is None or not await store.give(row.id, row.hash, given, self._parts.clock.now()):
            raise UserError(refusals.TOO_MUCH_LENT)

    async def take_back(self, repo: str, number: int, login: str, actor: str) -> bool:
        """False when there was nothing to take back."""
        store = self._parts.delegations
        if store is None:
            return False
        return await store.take_back(f"{repo}#{number}", login, actor, self._parts.clock.now())

    async def borrow(
        self, plan: tuple[str, int], where: str, login: str, verb: str, needs: Tier, command: str
    ) -> Delegation | None:
        """In whose name the person may say this in repository `where`, noted in the plan's history; None: in nobody's.
        NotAllowed when it was lent by somebody who may not say it there any more.
        """
        given = next((each for each in await self.of(*plan) if each.login.lower() == login.lower()), None)
        store = self._parts.delegations
        if store is None or given is None or verb not in given.verbs or await self._role(where, login) == "none":
            return None
        role = await self._role(where, given.by)
        if not suffices(role, needs):
            raise NotAllowed(usage.lent_in_vain(given.by, verb, needs, role))
        await store.used(f"{plan[0]}#{plan[1]}", given, command, self._parts.clock.now())
        return given

    async def _role(self, repo: str, login: str) -> str:
        return await self._parts.github.reads.permission(repo, login, fresh=True)
