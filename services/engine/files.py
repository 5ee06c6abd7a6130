"""Files of ours that people keep in a repository: what a push or a pull request makes of them is said on its commit, at
their lines.
"""

from collections.abc import Collection, Sequence

from services.core.aliases import idle_aliases
from services.core.config import CONFIG_PATH, read_file
from services.core.messages.verdicts import plans_report, settings_report
from services.core.names import CHECK_CONFIG, CHECK_PLAN
from services.core.parse import parse
from services.core.plan import Parsed, Problem
from services.core.plan_file import FOLDER, form_of, is_plan_file
from services.core.reposet import SET_PATH, is_home
from services.core.reposet_read import read_set
from services.engine.parts import Parts
from services.engine.placed import place_of
from services.engine.reposets import work_at

MOST = 10
"""Plan files of one push that are looked at."""


async def check_settings(parts: Parts, repo: str, sha: str, verbs: Collection[str]) -> None:
    """Judge the settings, and in an owner's `.github` the set of repositories, as they stand in this commit; where
    there are none, nothing is said. verbs: the commands that aliases may stand for.
    """
    owner = repo.partition("/")[0]
    found: dict[str, Sequence[Problem]] = {}
    text = await parts.github.reads.file(repo, CONFIG_PATH, fresh=True, ref=sha)
    if text is not None:
        found[CONFIG_PATH] = read_file(text).problems or idle_aliases(text, verbs)
    if is_home(repo):
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
    home = await work_at(parts.github.reads, repo)
    for path in paths[:MOST]:
        text = await parts.github.reads.file(repo, path, fresh=True, ref=sha)
        if text is not None:
            read[path] = parse(text, home=home, form=form_of(path))
    if read:
        report = plans_report(read, len(paths) - MOST)
        await parts.github.writes.put_check(repo, sha, CHECK_PLAN, FOLDER, report)


async def check_pull(parts: Parts, repo: str, number: int, sha: str, verbs: Collection[str]) -> None:
    """Judge what of such files a pull request changes, as it stands in its head. On the head of a task's pull request
    `lockstep/plan` says something else already.
    """
    paths = await parts.github.reads.files(repo, number)
    plans = sorted(path for path in paths if is_plan_file(path))
    if plans and not (await place_of(parts, repo, number, "")).task:
        await check_plans(parts, repo, sha, plans)
    if not {CONFIG_PATH, SET_PATH}.isdisjoint(paths):
        await check_settings(parts, repo, sha, verbs)
