"""What carrying an action out has led to."""

from collections.abc import Mapping

import msgspec

from services.core.board import Wish
from services.core.gate import PullFact
from services.core.task_state import Happening


class Outcome(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What an effect led to. `again_in`: seconds until the next try. `forget`: the action may be decided anew. `look`:
    read the task's pull request again. `wish`: what is to become of the whole run. free: GitHub did not even look at
    it, so the try does not count. facts: what it says of the group `mustered`, all of it. is_away: an attempt goes on
    elsewhere until then.
    """

    happened: tuple[Happening, ...] = ()
    again_in: float | None = None
    forget: bool = False
    look: bool = False
    wish: Wish | None = None
    free: bool = False
    note: str = ""
    log: str = ""
    facts: Mapping[str, PullFact] = msgspec.field(default_factory=dict)
    mustered: str = ""
    is_away: bool = False
