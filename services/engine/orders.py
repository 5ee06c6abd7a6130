"""What an attempt is asked for, and what became of it: the words between those who decide and those who work."""

from datetime import datetime
from typing import Literal

import msgspec

from services.core.paths import Change
from services.core.plan import Task

Kind = Literal["pushed", "unchanged", "failed", "timed_out", "refused"]


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to try. base: branch to start from, and `at` its commit, where that may be no other; branch: where it goes;
    when: the commit's date, the same if repeated. key: of the effect it is.

    replaces: commits of earlier attempts that may stand on the branch and be overwritten. protected: hold changes of
    protected paths back for a person (False once somebody has allowed them). note: what an earlier attempt ran into.
    lessons: what reviews of other tasks have taught.  past: what like it has merged before.

    carry: a head of an earlier attempt whose work is taken over onto the base, fork: on which commit that was made,
    where that is another task's; fixer: what is then run in place of the
    agent.  proves: what has to pass where the task itself has no `verify`.  generated: commands that make files anew
    which conflict.

    source: the branch on which the work was done elsewhere, on top of the commit `since`, or where that is "", of the
    one at which it left the base.  tip: where it has to stand, "" for wherever it does.  adopts: its commit itself is
    the result, and not one of ours with the same files.  trace: the span it is asked for in, where another process
    carries it out, and remaining: seconds of the longest chain from its task on.
    """

    key: str
    run_id: str
    task: Task
    attempt: int
    fence: int
    base: str
    branch: str
    message: str
    when: datetime
    replaces: tuple[str, ...] = ()
    protected: bool = True
    note: str = ""
    lessons: str = ""
    past: str = ""
    plan_id: str = ""
    at: str = ""
    carry: str = ""
    fork: str = ""
    fixer: str = ""
    proves: str = ""
    generated: dict[str, str] = {}
    source: str = ""
    since: str = ""
    tip: str = ""
    adopts: bool = False
    trace: str = ""
    remaining: float = 0.0


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it. reason: one sentence that may quote foreign text; log: plain and bounded; seconds: in all.

    pushed: head_sha stands on the branch, on top of base_sha; files: what changed, () when an earlier try had pushed it
    already. unchanged: the agent was content and changed nothing.
    failed: by the agent or by `verify`, with its exit code; over: because that budget was.  refused: a person has to
    look, nothing was pushed.
    conflicts: files that could not be merged with the base, when that is why it failed.  is_hopeless: it can't be done
    as it was asked for, so another try comes to the same.  is_for_a_person: no agent does such work.  is_ours: the
    reason is a sentence of ours, with what it quotes made harmless already.
    """

    kind: Kind
    fence: int
    head_sha: str = ""
    base_sha: str = ""
    files: tuple[Change, ...] = ()
    exit_code: int = 0
    reason: str = ""
    log: str = ""
    seconds: float = 0.0
    over: str = ""
    conflicts: tuple[str, ...] = ()
    is_hopeless: bool = False
    is_for_a_person: bool = False
    is_ours: bool = False


class Over(Exception):
    """Ends an attempt early with a result; never leaves it."""

    def __init__(self, kind: Kind, reason: str, exit_code: int = 0, conflicts: tuple[str, ...] = ()) -> None:
        super().__init__(reason)
        self.conflicts = conflicts
        self.kind: Kind = kind
        self.reason = reason
        self.exit_code = exit_code
