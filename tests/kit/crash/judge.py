"""What a tour of crashes has done to GitHub: counted in the sandbox and on the wire, never asked of the bot.

lost: tasks without a merged pull request.  doubled: whatever there should be one of and is more: tracking issues of a
task, kept-up-to-date comments of an issue, pull requests of a branch, merges of a task, check runs of one name on a
head, commits on the base, answers to people.  repeated: a step of an attempt that ran again although the bot had gone
on to the next step before, or a push that GitHub already had.
"""

import re
from collections import Counter
from collections.abc import Iterable

from services.core.names import STICKY
from tests.kit.crash.stage import GRAPH, Stage, ids, left_behind
from tests.kit.sight import BOT

_KEY = re.compile(r"<!-- lockstep:key=([^ ]+) -->")
_ORDER = ("agent began", "verify began", "push", "pull")
"""The steps of an attempt as seen from outside; the beginning of one proves the end of the one before."""


class Steps:
    """Follows every task's attempt through its steps. runs: how often each step began."""

    def __init__(self) -> None:
        self.runs: Counter[tuple[str, str]] = Counter()
        self._furthest: dict[str, int] = {}
        self._pushed: set[str] = set()
        self.repeated: list[str] = []

    def began(self, step: str, task: str) -> None:
        """A step of a task began (a script said so, or its request arrived)."""
        if step not in _ORDER or not task:
            return
        self.runs[step, task] += 1
        place = _ORDER.index(step)
        if place < self._furthest.get(task, 0):
            self.repeated.append(f"{task}: {step} again, after {_ORDER[self._furthest[task]]}")
        self._furthest[task] = max(place, self._furthest.get(task, 0))

    def pushed(self, task: str) -> None:
        """GitHub has taken a push."""
        if task in self._pushed:
            self.repeated.append(f"{task}: pushed again")
        self._pushed.add(task)


def lost(stage: Stage) -> list[str]:
    """Tasks that were not merged, and plans that were not brought to their end."""
    return [what for plan in range(1, len(stage.plans) + 1) for what in left_behind(stage, plan)]


def doubled(stage: Stage) -> list[str]:
    """Everything that is there more than once."""
    state = stage.hub.sandbox.state
    issues = [issue for issue in state.issues.values() if issue.user == BOT]
    comments = [comment for comment in state.comments.values() if comment.user == BOT]
    branches = [(i.repo_id, i.pull.head_ref) for i in issues if i.pull is not None]
    merged = [i.pull.head_ref.rpartition("/")[2] for i in issues if i.pull is not None and i.pull.merged]
    checks = [(run.name, run.head_sha) for run in state.check_runs.values() if run.name.startswith("lockstep/")]
    answers = [(row.subject, row.content) for row in state.reactions.values() if row.user == BOT]
    found = _twice("tracking issue or pull request", (key for i in issues for key in _KEY.findall(i.body or "")))
    found += _twice("issue titled", ((i.repo_id, i.title) for i in issues if i.pull is None))
    found += _twice("kept-up-to-date comment of", (c.issue_id for c in comments if STICKY in c.body))
    found += _twice("comment of", (c.id for c in comments if STICKY not in c.body for _ in range(2)))
    found += _twice("pull request of", branches)
    found += _twice("merge of", merged)
    found += _twice("check", checks)
    found += _twice("reaction", answers)
    return found + _twice("commit on a base branch", _commits(stage))


def out_of_order(stage: Stage) -> list[str]:
    """Tasks that were merged before something they need."""
    state = stage.hub.sandbox.state
    places = {line.partition(" ")[0]: number for number, line in enumerate(state.merges)}
    merged = {
        issue.pull.head_ref.rpartition("/")[2]: places.get(f"{state.repos[issue.repo_id].full_name}#{issue.number}", -1)
        for issue in state.issues.values()
        if issue.pull is not None and issue.pull.merged
    }
    found = []
    for plan in range(1, len(stage.plans) + 1):
        for name, (_, needs) in GRAPH.items():
            for need in needs:
                task, other = f"p{plan}-{name}", f"p{plan}-{need}"
                if task in merged and merged[task] < merged.get(other, len(places)):
                    found.append(f"{task} was merged before {other}")
    return found


def _commits(stage: Stage) -> list[str]:
    """The tasks whose commits stand on the default branches, one entry a commit."""
    sandbox = stage.hub.sandbox
    wanted = {f"Write {task}.txt" for plan in range(1, len(stage.plans) + 1) for task in ids(plan)}
    found = []
    for repo in sandbox.state.repos.values():
        head = sandbox.git.refs(repo.id).get(f"refs/heads/{repo.default_branch}", "")
        for commit in sandbox.git.log(repo.id, head):
            title = re.sub(r" \(#\d+\)$", "", commit.message.partition("\n")[0])
            found += [title] if title in wanted else []
    return found


def _twice(what: str, things: Iterable[object]) -> list[str]:
    return [f"{what} {thing}: {n} times" for thing, n in Counter(things).items() if n > 1]
