"""Every way in which a plan can be wrong, and the list in which the parser collects what it found.

The table is the single source of the kinds: the collector refuses a kind that is not in it, and docs/reference/plan.md
is compared with it in a test. A reader of a plan reports everything it sees at once, so that fixing a plan takes one
round.
"""

from collections.abc import Iterable
from typing import Literal, NamedTuple

import msgspec

from services.core import plan_text
from services.core.plan import MAX_TASKS, Problem

MAX_ERRORS = 50
MAX_WARNINGS = 20


class Spot(msgspec.Struct, frozen=True):
    """A piece of the document and where it stands; line and column are 1-based, in the whole document."""

    text: str
    line: int = 0
    column: int = 0


class Kind(NamedTuple):
    """What a kind of problem means, and whether it stops the plan."""

    meaning: str
    severity: Literal["error", "warning"] = "error"


KINDS: dict[str, Kind] = {
    "archived_repo": Kind("A repository is archived, so GitHub lets nobody change anything there."),
    "bad_id": Kind("The id of a task does not have the allowed form, or git could not name a branch after it."),
    "bad_path": Kind(
        "An entry of `paths` is absolute, leaves the repository, reaches into `.git` or is not a pattern."
    ),
    "bad_value": Kind(
        "A value cannot be used: a timeout, priority, budget or name that is not one, or a text too long."
    ),
    "closed_repo": Kind("The owner's `repositories.yaml` has `automation.enabled: false` for a repository."),
    "cycle": Kind("Tasks need each other in a circle; none of them could ever start."),
    "duplicate_id": Kind("Two tasks have the same id; upper and lower case count as the same."),
    "duplicate_key": Kind("A key is given twice, so one of the two values would be lost."),
    "empty": Kind("The document holds no task."),
    "broken_set": Kind("The owner's `repositories.yaml` has errors, so the order of repositories is not known."),
    "missing_file": Kind("The file that an issue names as its plan is not on the default branch, or too large."),
    "missing_field": Kind("A task has no `id`, no `title`, or no repository to work in."),
    "more": Kind("There are more problems than are listed."),
    "not_text": Kind("The file is not text in UTF-8."),
    "self_dependency": Kind("A task needs itself."),
    "title_too_long": Kind("A title has more than 256 characters."),
    "too_deep": Kind("Lists or mappings are nested deeper than 20 levels."),
    "too_large": Kind("The document has more than 1 MB, 20,000 lines or 50,000 values."),
    "too_many_tasks": Kind("The plan has more than 1,000 tasks."),
    "two_plans": Kind("The document holds more than one plan."),
    "unknown_dependency": Kind("A task needs an id that no task has."),
    "unknown_key": Kind("A key is not one of a plan's."),
    "unknown_repo": Kind("A repository is not written as `owner/name`, or Lockstep is not installed on it."),
    "wrong_type": Kind("A list stands where a text is expected, or the other way round."),
    "yaml_alias": Kind("YAML anchors, aliases and merge keys are not read."),
    "yaml_syntax": Kind("The YAML cannot be read."),
    "yaml_unsafe": Kind("YAML tags such as `!!python/object` are not read."),
    "hidden_characters": Kind("Invisible characters were left out of a text.", "warning"),
    "implied_needs": Kind(
        "Needs were added by the order of repositories in the owner's `repositories.yaml`.", "warning"
    ),
    "group_circle": Kind("A group waits for itself through a task outside of it; it could never merge."),
    "implied_tasks": Kind("Follow-ups were added, which the owner's `repositories.yaml` triggers.", "warning"),
    "budget_unused": Kind("A task has a `budget` that nothing here can hold it to.", "warning"),
    "workflow_unused": Kind("A task names a `workflow` and not the agent that starts it.", "warning"),
    "lone_group": Kind("A group has a single task, so it changes nothing.", "warning"),
    "group_apart": Kind(
        "Tasks of one group and repository need each other; the later does not see the earlier one's work.", "warning"
    ),
    "group_rollback": Kind("Tasks of one group say both `revert` and `forward`; `revert` counts.", "warning"),
    "long_chain": Kind("Nearly all tasks wait for each other in one line.", "warning"),
    "looks_like_field": Kind("A text holds something that looks like a field.", "warning"),
    "looks_like_task": Kind("A list entry looks like a task but is not written as one.", "warning"),
    "overlapping_plans": Kind(
        "A task may change the same files as one of another plan that runs; that plan keeps nobody waiting.", "warning"
    ),
    "overlapping_paths": Kind("Two tasks that may run at the same time may change the same files.", "warning"),
    "deploys": Kind("The owner's `repositories.yaml` has what merges in a repository deployed.", "warning"),
    "unknown_agent": Kind("A task names an agent that this Lockstep does not know.", "warning"),
    "no_model": Kind("An agent of the plan asks a model, and none is set.", "warning"),
    "yaml_comment": Kind("A number after `#` is a comment to YAML, so it was cut off a value.", "warning"),
    "reserved_id": Kind("An id is also a word of the commands.", "warning"),
}


TOO_MANY_TASKS = f"A plan has at most {MAX_TASKS:,} tasks; split it into several plans."


class Findings:
    """The problems found so far. Only the first ones are kept: a document of a megabyte may have 100,000."""

    def __init__(self) -> None:
        self._errors: list[Problem] = []
        self._warnings: list[Problem] = []
        self._dropped = 0

    def add(self, kind: str, message: str, spot: Spot | None = None) -> None:
        """Note one problem at `spot`, or in the document as a whole."""
        severity = KINDS[kind].severity
        line, column = (spot.line, spot.column) if spot else (0, 0)
        problem = Problem(kind=kind, message=message, line=line, column=column, severity=severity)
        kept, most = (self._errors, MAX_ERRORS) if severity == "error" else (self._warnings, MAX_WARNINGS)
        if problem in kept:
            return
        if len(kept) < most:
            kept.append(problem)
        elif severity == "error":
            self._dropped += 1

    @property
    def failed(self) -> bool:
        return bool(self._errors)

    @property
    def full(self) -> bool:
        """True when further errors are only counted, so that finding good words for them is wasted."""
        return len(self._errors) >= MAX_ERRORS

    def suggest(self, word: str, options: Iterable[str]) -> str:
        """` Did you mean …?`, or nothing when nothing is near."""
        found = None if self.full else plan_text.nearest(word, options)
        return f" Did you mean {plan_text.quote(found)}?" if found else ""

    def listed(self) -> tuple[Problem, ...]:
        """All problems: errors by place, then warnings by place."""
        errors = sorted(self._errors, key=lambda p: (p.line, p.column))
        if self._dropped:
            more = f"{self._dropped:,} more problems are not listed; please correct these first."
            errors.append(Problem(kind="more", message=more))
        return (*errors, *sorted(self._warnings, key=lambda p: (p.line, p.column)))


def sentence(problem: Problem) -> str:
    """The problem as one sentence with its place, as it stands in a comment: `Line 12: …`."""
    return f"Line {problem.line}: {problem.message}" if problem.line else problem.message
