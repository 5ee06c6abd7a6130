"""The one error tree.

    LockstepError
    ├── UserError          shown to people as one helpful sentence; nothing has changed
    │   ├── NotAllowed     the sender lacks a permission
    │   └── NotPossible    a model can't be asked that, or its provider refuses
    │       └── BudgetUsedUp   there is no money left for it
    ├── StoreError         the database refused or is gone
    │   ├── StoreBusy      too many writes wait already; nothing was queued
    │   └── Fenced         another process conducts this run by now; nothing was stored
    ├── Unreadable         what is stored can't be decoded: a newer version wrote it, or it is damaged
    ├── GitError           a git command failed
    ├── AgentError         an attempt could not be carried out (no result, not "the script failed")
    │   └── ModelBusy      the model gave no usable answer now; ask again later
    └── ApiError           GitHub answered with an error
        ├── NotFound       404 or 410, or not visible to the App
        ├── Refused        403 or 422: asking again changes nothing
        ├── RateLimited    a primary or secondary limit: nothing was done, ask again after `retry_after`
        ├── Withdrawn      nothing was sent: what it was decided on is no longer so
        └── Unreachable    no usable answer: a timeout, a reset, a 5xx; a write MAY have happened

Everything else is a bug: dispatch logs it with its context and goes on with the next delivery.
"""


class LockstepError(Exception):
    """The root; never raised itself."""


class UserError(LockstepError):
    """One calm sentence for a person, with the fix in it. Safe to post: it quotes no foreign text unescaped."""


class NotAllowed(UserError):
    """The sender's permission on GitHub is too low for what was asked."""


class NotPossible(UserError):
    """A model can't be asked, and asking again changes nothing: no budget left, no price known, or refused."""


class BudgetUsedUp(NotPossible):
    """There is no money left for a call. scope: whose budget that is."""

    def __init__(self, message: str, scope: str) -> None:
        super().__init__(message)
        self.scope = scope


class StoreError(LockstepError):
    """The database refused a statement or is not reachable."""


class StoreBusy(StoreError):
    """Too many writes wait already. This one was not queued; say so to whoever asked, and go on."""


class Fenced(StoreError):
    """This process has lost the shard of the run it decided about. What it knows of the run is out of date."""


class Unreadable(LockstepError):
    """What is stored can't be decoded, and asking again changes nothing. It must hold up nothing else."""


class GitError(LockstepError):
    """A git command failed; the message is its last lines, without credentials."""


class AgentError(LockstepError):
    """An attempt could not be carried out at all, for example because there is no box to run it in."""


class Unheard(AgentError):
    """Nobody could ask what becomes of an attempt, which may be under way somewhere."""


class ModelBusy(AgentError):
    """No usable answer of a model: a limit, an outage, a cut or endless answer. `retry_after` when it was told.

    free: it was refused before anything was made of it, so it cost nothing.
    """

    def __init__(self, message: str, *, retry_after: float | None = None, free: bool = False) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.free = free


class ApiError(LockstepError):
    """GitHub answered with an error.

    status: the HTTP status, 0 when there was no answer.  message: GitHub's own text.
    """

    def __init__(self, status: int, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(f"GitHub answered {status}: {message}" if status else f"GitHub did not answer: {message}")
        self.status = status
        self.message = message
        self.retry_after = retry_after


class NotFound(ApiError):
    """404 or 410: it isn't there, or the App may not see it (GitHub does not tell the two apart)."""


class Refused(ApiError):
    """403, 405, 409, 422 and their kin: the request was understood and refused."""


class RateLimited(ApiError):
    """A primary or secondary limit (403 or 429). Nothing was done; `retry_after` says how many seconds to wait."""


class Withdrawn(ApiError):
    """Nothing was sent: whoever asked for it does not want it any more, or would have to decide it anew."""

    def __init__(self) -> None:
        super().__init__(0, "it was not sent: it is to be decided anew")


class Unreachable(ApiError):
    """No usable answer. After a write, look before repeating it: it may have happened."""
