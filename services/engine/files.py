"""Files of ours that people keep in a repository: what a push made of them is said on its commit, at their lines."""

from services.core.config import CONFIG_PATH, read_file
from services.core.names import CHECK_CONFIG
from services.core.report import CheckReport, Note
from services.engine.parts import Parts


async def check_settings(parts: Parts, repo: str, sha: str) -> None:
    """Judge the settings as they stand in this commit; where there are none, nothing is said."""
    text = await parts.github.reads.file(repo, CONFIG_PATH, fresh=True, ref=sha)
    if text is None:
        return
    report = settings_report(text)
    await parts.github.writes.put_check(
        repo,
        sha,
        CHECK_CONFIG,
        CONFIG_PATH,
        status=report.status,
        conclusion=report.conclusion,
        title=report.title,
        summary=report.summary,
        notes=report.notes,
    )


def settings_report(text: str) -> CheckReport:
    problems = read_file(text).problems
    if not problems:
        return CheckReport(
            status="completed",
            conclusion="success",
            title="The settings are valid",
            summary=f"`{CONFIG_PATH}` is valid.",
        )
    count = "1 error" if len(problems) == 1 else f"{len(problems)} errors"
    return CheckReport(
        status="completed",
        conclusion="failure",
        title=f"{count} in {CONFIG_PATH}",
        summary="Until this is corrected, plans of this repository can't be approved, and for everything else Lockstep "
        "goes by what is set where nothing is said.",
        notes=tuple(Note(path=CONFIG_PATH, line=max(each.line, 1), text=each.message) for each in problems),
    )
