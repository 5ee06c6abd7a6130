"""What check runs say of files that people keep for us, and of a merge queue's commit; those of tasks are in
services/checks.
"""

from collections.abc import Mapping, Sequence

from services.core.config import CONFIG_PATH
from services.core.messages.answers import counted
from services.core.plan import Parsed, Problem
from services.core.report import CheckReport, Note
from services.core.reposet import SET_PATH
from services.core.text import code

MEANS = {
    CONFIG_PATH: "Until this is corrected, plans of this repository can't be approved, and for everything else "
    "Lockstep goes by what is set where nothing is said.",
    SET_PATH: "Until the set of repositories is corrected, no flow can be started, and where it has plans inherit its "
    "order, plans over several repositories can't be approved.",
}
"""What errors in a file lead to."""


def plans_report(read: Mapping[str, Parsed], unread: int = 0) -> CheckReport:
    """unread: files that were not looked at, if any."""
    errors = sum(len(parsed.errors) for parsed in read.values())
    lines = [f"- {code(path)}: {_told(parsed)}" for path, parsed in read.items()]
    lines += (
        [f"- {counted(unread, 'more file')} {'was' if unread == 1 else 'were'} not looked at"] if unread > 0 else []
    )
    return CheckReport(
        status="completed",
        conclusion="failure" if errors else "success",
        title=f"{counted(errors, 'error')} in plans" if errors else "The plans can be read",
        summary="\n".join(lines),
        notes=_notes({path: parsed.problems for path, parsed in read.items()}),
    )


def settings_report(found: Mapping[str, Sequence[Problem]]) -> CheckReport:
    """found: path -> what is wrong with that file."""
    errors = {path: [each for each in problems if each.severity == "error"] for path, problems in found.items()}
    wrong = [path for path, problems in errors.items() if problems]
    warnings = [
        f"- {code(path)}, line {each.line}: {each.message}"
        for path, problems in found.items()
        for each in problems
        if each.severity == "warning"
    ]
    if not wrong:
        valid = [f"{code(path)} is valid." for path in found]
        return CheckReport(
            status="completed",
            conclusion="success",
            title="The settings are valid",
            summary="\n".join([*valid, *(["", *warnings] if warnings else [])]),
            notes=_notes(found),
        )
    count = sum(len(problems) for problems in errors.values())
    return CheckReport(
        status="completed",
        conclusion="failure",
        title=f"{counted(count, 'error')} in {' and '.join(wrong)}",
        summary="\n\n".join([*(MEANS[path] for path in wrong), *(["\n".join(warnings)] if warnings else [])]),
        notes=_notes(found),
    )


def group_report(number: int, *, is_green: bool) -> CheckReport:
    """The gate of a merge queue's commit, which is that of the pull request's head."""
    return CheckReport(
        status="completed",
        conclusion="success" if is_green else "failure",
        title="All it needs has merged" if is_green else "What it needs has not merged",
        summary=f"As on the head of #{number}.",
    )


def _notes(found: Mapping[str, Sequence[Problem]]) -> tuple[Note, ...]:
    """Errors first: of very many the last ones are not shown."""
    notes = [
        Note(
            path=path,
            line=max(each.line, 1),
            text=each.message,
            level="failure" if each.severity == "error" else "warning",
        )
        for path, problems in found.items()
        for each in problems
    ]
    return tuple(sorted(notes, key=lambda note: note.level != "failure"))


def _told(parsed: Parsed) -> str:
    if parsed.plan is None:
        return f"{len(parsed.errors)} to correct"
    return f"{counted(len(parsed.plan.tasks))}, {counted(len(parsed.problems), 'warning')}"
