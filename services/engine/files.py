"""Files of ours that people keep in a repository: what a push or a pull request makes of them is said on its commit, at
their lines.
"""

from collections.abc import Mapping, Sequence

from services.core.config import CONFIG_PATH, read_file
from services.core.names import CHECK_CONFIG, CHECK_PLAN
from services.core.parse import parse
from services.core.plan import Parsed, Problem
from services.core.plan_file import FOLDER, form_of, is_plan_file
from services.core.report import CheckReport, Note
from services.core.reposet import HOME, SET_PATH
from services.core.reposet_read import read_set
from services.core.text import code
from services.engine.parts import Parts
from services.engine.placed import place_of

MOST = 10
"""Plan files of one push that are looked at."""


async def check_settings(parts: Parts, repo: str, sha: str) -> None:
    """Judge the settings, and in an owner's `.github` the set of repositories, as they stand in this commit; where
    there are none, nothing is said.
    """
    owner, _, name = repo.partition("/")
    found: dict[str, Sequence[Problem]] = {}
    text = await parts.github.reads.file(repo, CONFIG_PATH, fresh=True, ref=sha)
    if text is not None:
        found[CONFIG_PATH] = read_file(text).problems
    if name.lower() == HOME:
        text = await parts.github.reads.file(repo, SET_PATH, fresh=True, ref=sha)
        if text is not None:
            found[SET_PATH] = read_set(text, owner).problems
    if found:
        await parts.github.writes.put_check(repo, sha, CHECK_CONFIG, CONFIG_PATH, settings_report(found))


async def check_plans(parts: Parts, repo: str, sha: str, paths: Sequence[str]) -> None:
    """Judge the plans in these files as they stand in this commit, in one check; a file that is gone says nothing.

    What repositories they may name is judged where a plan is read for an issue: here nobody has asked for it yet.
    """
    read: dict[str, Parsed] = {}
    for path in paths[:MOST]:
        text = await parts.github.reads.file(repo, path, fresh=True, ref=sha)
        if text is not None:
            read[path] = parse(text, home=repo, form=form_of(path))
    if read:
        report = plans_report(read, len(paths) - MOST)
        await parts.github.writes.put_check(repo, sha, CHECK_PLAN, FOLDER, report)


async def check_pull(parts: Parts, repo: str, number: int, sha: str) -> None:
    """Judge what of such files a pull request changes, as it stands in its head. On the head of a task's pull request
    `lockstep/plan` says something else already.
    """
    paths = await parts.github.reads.files(repo, number)
    plans = sorted(path for path in paths if is_plan_file(path))
    if plans and not (await place_of(parts, repo, number, "")).task:
        await check_plans(parts, repo, sha, plans)
    if not {CONFIG_PATH, SET_PATH}.isdisjoint(paths):
        await check_settings(parts, repo, sha)


def plans_report(read: Mapping[str, Parsed], unread: int = 0) -> CheckReport:
    """unread: files that were not looked at, if any."""
    errors = sum(len(parsed.errors) for parsed in read.values())
    lines = [f"- {code(path)}: {_told(parsed)}" for path, parsed in read.items()]
    lines += [f"- {unread} more files were not looked at"] if unread > 0 else []
    count = "1 error" if errors == 1 else f"{errors} errors"
    return CheckReport(
        status="completed",
        conclusion="failure" if errors else "success",
        title=f"{count} in plans" if errors else "The plans can be read",
        summary="\n".join(lines),
        notes=_notes({path: parsed.problems for path, parsed in read.items()}),
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
    count = len(parsed.plan.tasks)
    return f"{count} task{'s' * (count != 1)}, {len(parsed.problems)} warning{'s' * (len(parsed.problems) != 1)}"


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
        title=f"{'1 error' if count == 1 else f'{count} errors'} in {' and '.join(wrong)}",
        summary="\n\n".join([*(_MEANS[path] for path in wrong), *(["\n".join(warnings)] if warnings else [])]),
        notes=_notes(found),
    )


_MEANS = {
    CONFIG_PATH: "Until this is corrected, plans of this repository can't be approved, and for everything else "
    "Lockstep goes by what is set where nothing is said.",
    SET_PATH: "Until the set of repositories is corrected, no flow can be started, and where it has plans inherit its "
    "order, plans over several repositories can't be approved.",
}
"""What errors in a file lead to."""
