"""What carrying an action out has led to."""

from collections.abc import Mapping

import msgspec

from services.core.board import Wish
from services.core.elsewhere import Away
from services.core.gate import PullFact
from services.core.keyless import Trail
from services.core.task_state import Happening


class Outcome(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What an effect led to. `again_in`: seconds until the next try. `forget`: the action may be decided anew. `look`:
    read the task's pull request again. `wish`: what is to become of the whole run. free: GitHub did not even look at
    it, so the try does not count. facts: what it says of the group `mustered`, all of it. is_away: an attempt goes on
    elsewhere until then.  keeps: a worker may still be at it. trail: what is known of something without a key.
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
    keeps: bool = False
    trail: Trail | None = None


def for_a_person(fence: int, text: str) -> Outcome:
    """Somebody has to look at it."""
    return Outcome(happened=(Happening(kind="refused", text=text, fence=fence),))


def sent(away: Away, text: str) -> Outcome:
    """Work goes on elsewhere. It is looked at once more at once: it may have ended before anybody waited for that."""
    told = Happening(kind="sent", fence=away.fence, away=away, text=text)
    return Outcome(happened=(told,), again_in=0.0, free=True, is_away=True)
