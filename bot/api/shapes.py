"""What the API answers with. These types are its promise: the OpenAPI description is made of them.

Times are ISO 8601 in UTC, "" for never; money is US dollars as text. What belongs to a repository that the asker may
not read is not there, and `hidden` says that something is.
"""

import msgspec


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A plan in short. state: of its newest run, or `planned`.  counts: tasks of that run by state."""

    id: str
    repo: str
    number: int
    title: str
    state: str
    approved: bool
    run: str
    actor: str
    changed_at: str
    started_at: str
    finished_at: str
    counts: dict[str, int]


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is wrong with a plan's text."""

    message: str
    line: int
    severity: str


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """A plan. version: hash of its text, "" while that has problems; approve exactly this one.  critical: the longest
    chain of what is open.  end_at: until when it is expected to be done, "" where nobody knows.  hidden: tasks in
    repositories that the asker may not read.
    """

    id: str
    repo: str
    number: int
    title: str
    author: str
    version: str
    approved: bool
    approved_by: str
    approved_at: str
    file: str
    state: str
    run: str
    actor: str
    started_at: str
    finished_at: str
    counts: dict[str, int]
    critical: list[str]
    end_at: str
    hidden: int
    problems: list[Problem]


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A task as the plan has it, and where it stands. hidden: it is in a repository that the asker may not read."""

    id: str
    title: str
    repo: str
    state: str
    reason: str
    needs: list[str]
    agent: str
    group: str
    priority: float
    model: str
    budget: str
    attempt: int
    issue: int
    pull: int
    head: str
    merged: str
    held: bool
    since: str
    started_at: str
    finished_at: str
    hidden: bool


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One of a group. proven: the head at which nothing of its own was missing, "" while something is; merged: the
    commit it has become; taken_back_by: the pull request that does, 0 for none.
    """

    task: str
    state: str
    pull: int
    proven: str
    merged: str
    taken_back_by: int


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Tasks that merge together, in that order. phase: closed, complete, merging, merged, reverting or forward.
    missing: tasks it waits for.  broke, why: the task that could not be merged after others had.  rollback: revert or
    forward, what happens then.
    """

    name: str
    phase: str
    missing: list[str]
    broke: str
    why: str
    rollback: str
    members: list[Member]


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """Something done outside for a task, under its key: an attempt, a pull request, a merge."""

    key: str
    kind: str
    state: str
    tries: int
    note: str
    began_at: str
    ended_at: str


class Attempt(Effect, frozen=True, kw_only=True):
    """One try of a task. model: "" where its agent has none; chosen: why it had that one, as Markdown."""

    number: int
    model: str
    chosen: str


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """What holds a task back, `depth` needs away. text: Markdown, with who can act and the command to copy."""

    depth: int
    text: str


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a log, from 1."""

    line: int
    text: str


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """What a log says is the matter, how sure that is (0 to 1), and the lines that show it."""

    failure: str
    meaning: str
    confidence: float
    evidence: list[Line]


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a person has to do. task: "" for the plan itself.  others: tasks that stand still for the same
    reason; more: how many of those are not named.  command: what puts all of them right; version: what `approve` takes.
    holds_up: open tasks that wait for it.
    """

    plan: str
    task: str
    others: list[str]
    more: int
    state: str
    why: str
    command: str
    version: str
    holds_up: int
    critical: bool
    since: str


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A step that an attempt has finished."""

    attempt: int
    step: str
    at: str
    seconds: float


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """A line of history. before, after: states; text: why."""

    seq: int
    plan: str
    run: str
    task: str
    at: str
    kind: str
    before: str
    after: str
    actor: str
    text: str


class Recovery(msgspec.Struct, frozen=True, kw_only=True):
    """Repairs that are alike. outcome: worked, failed, superseded, or "" while nobody knows."""

    plan: str
    failure: str
    strategy: str
    outcome: str
    signature: str
    count: int


class Repair(msgspec.Struct, frozen=True, kw_only=True):
    """One repair of a failed check. outcome: worked, failed, superseded, or "" while nobody knows."""

    plan: str
    task: str
    failure: str
    strategy: str
    outcome: str
    signature: str
    at: str


class Pattern(msgspec.Struct, frozen=True, kw_only=True):
    """Attempts that failed alike. share: of all that the agent failed at there, 0 to 1.  trend: `more`, `fewer`, `the
    same`, or "" while they are too few to tell.
    """

    repo: str
    agent: str
    model: str
    failure: str
    signature: str
    count: int
    share: float
    trend: str


class Saving(msgspec.Struct, frozen=True, kw_only=True):
    """What was saved, and how that is counted."""

    name: str
    text: str
    how: str


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """What follows from a plan's accounts, as Markdown."""

    text: str


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What models were called for. repo: lower case, "" in those of one plan by task.  cached: of `input`, tokens that
    were read from a cache.  cost: of the calls of which it
    is known; unpriced: how many others there are; held: what those can have cost at most.  said: both in words, as a
    range.
    """

    day: str
    plan: str
    repo: str
    task: str
    purpose: str
    model: str
    calls: int
    input: int
    cached: int
    output: int
    cost: str
    unpriced: int
    held: str
    said: str


class Lesson(msgspec.Struct, frozen=True, kw_only=True):
    """What a review has taught, for later tasks of its repository."""

    id: str
    repo: str
    text: str
    source: str
    state: str
    by: str
    uses: int


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A repository in the runs that go on: its tasks by state, and the oldest that is not over."""

    repo: str
    counts: dict[str, int]
    oldest_at: str
    plans: list[str]


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook that came, without its body. outcome: "" while it waits."""

    id: int
    guid: str
    event: str
    at: str
    size: int
    outcome: str
    note: str


class Blind(msgspec.Struct, frozen=True, kw_only=True):
    """A time in which webhooks did not come, by GitHub's clock. recovered: brought in from GitHub's log.  unseen: the
    log does not reach back so far, so nobody knows how many there were; everything was looked at anew.
    """

    began: str
    ended: str
    missed: int
    recovered: int
    unseen: bool


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """What GitHub was asked by this process since it began; `hit` and the others are how reads were answered. refused:
    because of a limit.  left: of the hourly budget by resource, of the installation heard of last.
    """

    counts: dict[str, int]
    refused: int
    left: dict[str, int]


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """A command that was given. state: waiting, done, or refused.  answer: Markdown."""

    id: str
    plan: str
    command: str
    why: str
    login: str
    via: str
    at: str
    state: str
    answer: str


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A token of the asker's. secret: only in the answer to its making, and never again."""

    name: str
    scopes: list[str]
    made_at: str
    until: str
    secret: str = ""


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks. login: "" for the machine itself.  csrf: what a browser has to send with what changes something, as
    `X-CSRF-Token`; "" where a token came.
    """

    login: str
    via: str
    scopes: list[str]
    version: str
    csrf: str = ""
