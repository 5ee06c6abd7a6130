"""Where the demo plays: GitHub on this machine with the repositories, the App and the person, all on free ports of
127.0.0.1.

The user's own repositories are copied; nothing here writes to the originals.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from bot.demo import cast
from services.core.parse import parse_bytes
from services.core.plan import Plan
from services.errors import UserError
from services.sandbox.git import Git
from services.sandbox.sandbox import Sandbox
from services.sandbox.scenario import AppCredentials, Scenario

TEST_WORKFLOW = (
    "name: test\non: [push, pull_request]\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n"
)
SLUG = "lockstep"


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """The sandbox and who is in it. `home`: where the plan issue is written; `body` its text."""

    sandbox: Sandbox
    app: AppCredentials
    person_token: str
    home: str
    title: str
    body: str
    repos: tuple[str, ...]


def own_stage(root: Path, secret: str) -> Stage:
    """The built-in repositories and plan."""
    sandbox = Sandbox(Git(root / "repositories"))
    scenario = Scenario(sandbox)
    for name, files in cast.repositories().items():
        scenario.repo(name, files)
    return _peopled(sandbox, scenario, cast.HOME, cast.TITLE, cast.PLAN, secret)


def users_stage(root: Path, secret: str, plan_file: Path, folders: Sequence[Path], test: str) -> Stage:
    """Copies of the user's repositories and the user's plan; `test` replaces their workflows by one command."""
    sandbox = Sandbox(Git(root / "repositories"))
    scenario = Scenario(sandbox)
    places = {folder.resolve().name: folder for folder in folders}
    try:
        data = plan_file.read_bytes()
    except OSError as error:
        raise UserError(f"I can't read the plan {plan_file}: {error.strerror}.") from None
    home_name = next(iter(places))
    plan = _plan(data, f"local/{home_name}")
    names = _match(plan, places)
    for name, folder in names.items():
        if not (folder / ".git").exists() and not (folder / "HEAD").exists():
            raise UserError(f"{folder} is not a git repository.")
        repo = scenario.adopt(name, folder)
        if test:
            _replace_workflows(sandbox, scenario, name, repo.id, test)
    home = next((name for name, folder in names.items() if folder == places[home_name]), next(iter(names)))
    text = data.decode("utf-8", "replace")
    body = f"```yaml\n{text}\n```\n" if plan_file.suffix in {".yaml", ".yml"} else text
    return _peopled(sandbox, scenario, home, plan.title or plan_file.stem, body, secret)


def _plan(data: bytes, home: str) -> Plan:
    parsed = parse_bytes(data, home=home)
    if parsed.plan is None:
        said = "; ".join(f"line {problem.line}: {problem.message}" for problem in parsed.errors[:3])
        raise UserError(f"The plan can't be run: {said}")
    return parsed.plan


def _match(plan: Plan, places: Mapping[str, Path]) -> dict[str, Path]:
    """Which folder stands for which repository of the plan: the one of that name."""
    found = {}
    for repo in plan.repos:
        name = repo.partition("/")[2]
        if name not in places:
            raise UserError(f"The plan names {repo}, but none of the --repo folders is called {name}.")
        found[repo] = places[name]
    owners = {repo.partition("/")[0] for repo in found}
    if len(owners) > 1:
        raise UserError(
            "The plan reaches over several owners; one installation of the App covers one owner, so use one here too."
        )
    return found


def _replace_workflows(sandbox: Sandbox, scenario: Scenario, name: str, repo_id: int, test: str) -> None:
    repo = sandbox.state.repos[repo_id]
    old = [
        entry.path
        for entry in sandbox.git.tree(repo_id, "HEAD", recursive=True)
        if entry.path.startswith(".github/workflows/")
    ]
    command = "\n".join(f"          {line}" for line in test.splitlines())
    files: dict[str, str | bytes | None] = {path: None for path in old if re.search(r"\.ya?ml$", path)}
    files[".github/workflows/test.yml"] = f"{TEST_WORKFLOW}{command}\n"
    scenario.commit(repo, files, f"Test {name} with one command")


def name_repositories(root: Path, sandbox: Sandbox) -> None:
    """Give the kept repositories their names: `repositories/owner/name.git`, beside the ids they are filed under."""
    for repo in sandbox.state.repos.values():
        place = root / "repositories" / repo.full_name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.with_name(f"{repo.name}.git").symlink_to(Path("..") / f"{repo.id}.git")


def _peopled(sandbox: Sandbox, scenario: Scenario, home: str, title: str, body: str, secret: str) -> Stage:
    repos = tuple(repo.full_name for repo in sandbox.state.repos.values())
    app = scenario.app(SLUG, webhook_secret=secret)
    scenario.install(app, home.partition("/")[0])
    for repo in sandbox.state.repos.values():
        scenario.collaborator(repo, cast.PERSON, "maintain")
    return Stage(
        sandbox=sandbox,
        app=app,
        person_token=scenario.user_token(cast.PERSON),
        home=home,
        title=title,
        body=body,
        repos=repos,
    )
