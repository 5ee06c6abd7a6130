"""Clients that other people wrote for GitHub read and write the sandbox, and each reads what the others wrote.

They check what a schema cannot: that links lead back to the caller's host, that pages follow each other, that an App's
key becomes a token, that a push can be cloned. PyGithub and githubkit's sync half block, so they run in a thread.
"""

import asyncio
import os
from pathlib import Path
from typing import Any

import github
import pytest
from githubkit import AppAuthStrategy, AppInstallationAuthStrategy, GitHub, TokenAuthStrategy
from githubkit.cache import MemCacheStrategy
from githubkit.exception import RequestFailed

from tests.contract.world import OWNER, REPO, World

FULL = f"{OWNER}/{REPO}"
PYGITHUB: dict[str, Any] = {"seconds_between_requests": 0, "seconds_between_writes": 0, "retry": None}


def pygithub_app(world: World, base: str) -> Any:
    integration = github.GithubIntegration(
        auth=github.Auth.AppAuth(world.app.app_id, world.app.private_key), base_url=base, **PYGITHUB
    )
    installation = integration.get_repo_installation(OWNER, REPO)
    assert installation.id == world.installation
    assert integration.get_app().slug == world.app.slug
    return integration.get_github_for_installation(installation.id)


def pygithub_person(world: World, **options: Any) -> Any:
    return github.Github(auth=github.Auth.Token(world.person), base_url=world.url, **PYGITHUB, **options)


def githubkit(world: World, auth: Any, base: str = "") -> Any:
    """A cache of its own, since githubkit's is one per process and remembers the token of another sandbox's App."""
    return GitHub(auth, base_url=world.url + base, cache_strategy=MemCacheStrategy(), auto_retry=False)


def installation_auth(world: World) -> Any:
    return AppInstallationAuthStrategy(world.app.app_id, world.app.private_key, world.installation)


async def git(*args: str, cwd: Path) -> str:
    """git's output; fails with what it said."""
    quiet = {"GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    names = {f"GIT_{role}_{kind}": "ada@example.org" for role in ("AUTHOR", "COMMITTER") for kind in ("NAME", "EMAIL")}
    run = await asyncio.create_subprocess_exec(
        "git",
        *args,
        cwd=cwd,
        env={"PATH": os.environ["PATH"], "HOME": str(cwd), **quiet, **names},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await run.communicate()
    if run.returncode:
        raise AssertionError(f"git {' '.join(args)}: {said.decode()}")
    return said.decode().strip()


@pytest.mark.parametrize("base", ["", "/api/v3"])
async def test_pygithub_takes_a_task_from_issue_to_merge(world: World, base: str) -> None:
    def story() -> None:
        repo = pygithub_app(world, world.url + base).get_repo(FULL)
        assert (repo.full_name, repo.default_branch) == (FULL, "main")

        issue = repo.create_issue("Serve currency", body="In orders.", labels=["bug"])
        child = repo.create_issue("Add the column")
        issue.add_to_labels("lockstep:ready", "bug")
        issue.remove_from_labels("bug")
        issue.add_sub_issue(child)
        issue.add_blocked_by(child)
        comment = issue.create_comment("Started.")
        comment.edit("Under way.")
        comment.create_reaction("eyes")
        assert [i.number for i in repo.get_issues(labels=["lockstep:ready"])] == [issue.number]
        assert (
            [i.number for i in issue.get_sub_issues()] == [i.number for i in issue.get_blocked_by()] == [child.number]
        )
        assert [c.body for c in issue.get_comments()] == ["Under way."]
        assert [r.content for r in comment.get_reactions()] == ["eyes"]

        main = repo.get_git_ref("heads/main")
        branch = repo.create_git_ref("refs/heads/lockstep/p/api", main.object.sha)
        made = repo.create_file("orders/currency.py", "Add currency", "EUR = 1\n", branch="lockstep/p/api")
        found = repo.get_contents("orders/currency.py", ref="lockstep/p/api")
        assert found.decoded_content == b"EUR = 1\n"
        assert repo.compare("main", "lockstep/p/api").ahead_by == 1
        head = made["commit"].sha

        pull = repo.create_pull("main", "lockstep/p/api", title="Serve currency", body=f"Closes #{issue.number}")
        check = repo.create_check_run("lockstep/gate", head, status="in_progress", external_id="p/api")
        check.edit(status="completed", conclusion="success", output={"title": "May merge", "summary": "Needs are met."})
        repo.get_commit(head).create_status("success", context="ci/unit")
        assert [c.conclusion for c in repo.get_commit(head).get_check_runs()] == ["success"]
        assert repo.get_commit(head).get_combined_status().state == "success"
        assert [f.filename for f in pull.get_files()] == ["orders/currency.py"]
        assert [c.sha for c in pull.get_commits()] == [head]

        reviewer = pygithub_person(world).get_repo(FULL).get_pull(pull.number)
        reviewer.create_review(body="Good.", event="APPROVE")
        assert [(r.user.login, r.state) for r in pull.get_reviews()] == [("ada", "APPROVED")]
        assert pull.merge(merge_method="squash", sha=head).merged
        assert pull.is_merged()
        branch.delete()
        child.edit(state="closed", state_reason="completed")
        issue.update()
        assert (issue.state, issue.closed_by is None) == ("closed", False)
        assert "closed" in [e.event for e in issue.get_timeline()]
        assert repo.get_contents("orders/currency.py").decoded_content == b"EUR = 1\n"

    await asyncio.to_thread(story)


async def test_pygithub_follows_pages_and_names_errors(world: World) -> None:
    def story() -> None:
        repo = pygithub_person(world, per_page=2).get_repo(FULL)
        for n in range(5):
            repo.create_issue(f"Issue {n}")
        pages = repo.get_issues(direction="asc")
        assert pages.totalCount == 5
        assert [i.title for i in pages] == [f"Issue {n}" for n in range(5)]
        with pytest.raises(github.UnknownObjectException):
            repo.get_issue(99)
        with pytest.raises(github.GithubException) as refused:
            repo.create_git_ref("refs/heads/main", repo.get_git_ref("heads/main").object.sha)
        assert refused.value.status == 422
        assert "Reference already exists" in refused.value.data["message"]
        stranger = github.Github(auth=github.Auth.Token("ghp_no"), base_url=world.url, **PYGITHUB)
        with pytest.raises(github.BadCredentialsException):
            stranger.get_repo(FULL)

    await asyncio.to_thread(story)


async def test_githubkit_sync_takes_a_task_from_issue_to_merge(world: World) -> None:
    def story() -> None:
        app = githubkit(world, AppAuthStrategy(world.app.app_id, world.app.private_key), "/api/v3")
        assert app.rest.apps.get_authenticated().parsed_data.slug == world.app.slug
        assert [i.id for i in app.rest.apps.list_installations().parsed_data] == [world.installation]

        client = githubkit(world, installation_auth(world), "/api/v3")
        rest = client.rest
        assert [r.full_name for r in rest.apps.list_repos_accessible_to_installation().parsed_data.repositories] == [
            FULL
        ]
        issue = rest.issues.create(OWNER, REPO, title="Serve currency").parsed_data
        child = rest.issues.create(OWNER, REPO, title="Add the column").parsed_data
        rest.issues.add_labels(OWNER, REPO, issue.number, labels=["lockstep:ready"])
        rest.issues.add_sub_issue(OWNER, REPO, issue.number, sub_issue_id=child.id)
        rest.issues.add_blocked_by_dependency(OWNER, REPO, issue.number, issue_id=child.id)
        blocked = rest.issues.list_dependencies_blocked_by(OWNER, REPO, issue.number).parsed_data
        assert [i.number for i in blocked] == [child.number]
        assert rest.issues.get(OWNER, REPO, issue.number).parsed_data.sub_issues_summary.total == 1

        base = rest.git.get_ref(OWNER, REPO, "heads/main").parsed_data.object_.sha
        blob = rest.git.create_blob(OWNER, REPO, content="EUR = 1\n", encoding="utf-8").parsed_data
        entry = {"path": "orders/currency.py", "mode": "100644", "type": "blob", "sha": blob.sha}
        tree = rest.git.create_tree(OWNER, REPO, base_tree=base, tree=[entry]).parsed_data
        head = rest.git.create_commit(
            OWNER, REPO, message="Add currency", tree=tree.sha, parents=[base]
        ).parsed_data.sha
        rest.git.create_ref(OWNER, REPO, ref="refs/heads/lockstep/p/api", sha=head)
        pull = rest.pulls.create(OWNER, REPO, title="Serve", head="lockstep/p/api", base="main").parsed_data
        run = rest.checks.create(OWNER, REPO, name="lockstep/gate", head_sha=head, status="in_progress").parsed_data
        rest.checks.update(OWNER, REPO, run.id, status="completed", conclusion="success")
        assert rest.checks.list_for_ref(OWNER, REPO, head).parsed_data.check_runs[0].conclusion == "success"
        merged = rest.pulls.merge(OWNER, REPO, pull.number, merge_method="merge", sha=head).parsed_data
        assert merged.merged
        assert rest.pulls.get(OWNER, REPO, pull.number).parsed_data.merged_by.login == f"{world.app.slug}[bot]"
        parents = rest.git.get_commit(OWNER, REPO, merged.sha).parsed_data.parents
        assert [p.sha for p in parents] == [base, head]

    await asyncio.to_thread(story)


async def test_githubkit_async_reads_and_writes_with_a_token(world: World) -> None:
    async with githubkit(world, TokenAuthStrategy(world.person)) as client:
        rest = client.rest
        assert (await rest.users.async_get_authenticated()).parsed_data.login == "ada"
        issue = (await rest.issues.async_create(OWNER, REPO, title="Serve currency", body="")).parsed_data
        comment = (await rest.issues.async_create_comment(OWNER, REPO, issue.number, body="Started.")).parsed_data
        await rest.reactions.async_create_for_issue_comment(OWNER, REPO, comment.id, content="+1")
        await rest.issues.async_update(OWNER, REPO, issue.number, state="closed", state_reason="not_planned")
        again = await rest.issues.async_get(OWNER, REPO, issue.number)
        assert (again.parsed_data.state_reason, again.parsed_data.comments) == ("not_planned", 1)
        for n in range(3):
            await rest.issues.async_create(OWNER, REPO, title=f"Issue {n}")
        pages = client.rest.paginate(rest.issues.async_list_for_repo, owner=OWNER, repo=REPO, per_page=2, state="all")
        assert len([i async for i in pages]) == 4
        with pytest.raises(RequestFailed) as missing:
            await rest.issues.async_get(OWNER, REPO, 99)
        assert missing.value.response.status_code == 404


async def test_githubkit_async_as_an_app(world: World) -> None:
    async with githubkit(world, installation_auth(world)) as client:
        issue = (await client.rest.issues.async_create(OWNER, REPO, title="Serve currency")).parsed_data
        assert issue.user.login == f"{world.app.slug}[bot]"
        assert issue.performed_via_github_app.slug == world.app.slug
        answer = await client.async_graphql(
            "query($owner: String!, $repo: String!) { repository(owner: $owner, name: $repo) { nameWithOwner } }",
            {"owner": OWNER, "repo": REPO},
        )
        assert answer == {"repository": {"nameWithOwner": FULL}}


async def test_git_clones_and_pushes_and_the_api_sees_it(world: World, tmp_path: Path) -> None:
    remote = world.url.replace("://", f"://x-access-token:{world.person}@") + f"/{FULL}.git"
    await git("clone", "--quiet", remote, "work", cwd=tmp_path)
    work = tmp_path / "work"
    assert (work / "README.md").read_text() == "# api\n"
    await git("switch", "--quiet", "--create", "lockstep/p/api", cwd=work)
    (work / "orders" / "currency.py").write_text("EUR = 1\n" * 10_000)
    (work / "noise.bin").write_bytes(os.urandom(2_000_000))  # more than git sends in one piece
    await git("add", ".", cwd=work)
    await git("commit", "--quiet", "--message", "Add currency", cwd=work)
    await git("push", "--quiet", "origin", "lockstep/p/api", cwd=work)
    head = await git("rev-parse", "HEAD", cwd=work)

    def story() -> str:
        repo = pygithub_app(world, world.url).get_repo(FULL)
        pull = repo.create_pull("main", "lockstep/p/api", title="Serve currency")
        assert pull.head.sha == head
        assert pull.additions == 10_000
        return str(pull.merge(sha=head).sha)

    merged = await asyncio.to_thread(story)
    await git("pull", "--quiet", "origin", "main", cwd=work)
    assert await git("rev-parse", "HEAD", cwd=work) == merged
    assert await git("ls-remote", "origin", "refs/pull/1/head", cwd=work) == f"{head}\trefs/pull/1/head"


async def test_git_is_refused_without_credentials(world: World, tmp_path: Path) -> None:
    repo = world.sandbox.repo_named(FULL)
    assert repo is not None
    repo.private = True
    with pytest.raises(AssertionError, match=r"could not read Username|Authentication failed|not found"):
        await git("clone", "--quiet", f"{world.url}/{FULL}.git", cwd=tmp_path)
    header = f"http.extraHeader=Authorization: Bearer {world.person}"
    await git("-c", header, "clone", "--quiet", f"{world.url}/{FULL}.git", "work", cwd=tmp_path)
    assert (tmp_path / "work" / "README.md").exists()


async def test_each_client_reads_what_the_others_wrote(world: World) -> None:
    def write() -> int:
        issue = pygithub_app(world, world.url).get_repo(FULL).create_issue("Grüße", body="äöü 🚀\r\n- [ ] one")
        return int(issue.number)

    number = await asyncio.to_thread(write)
    async with githubkit(world, TokenAuthStrategy(world.person), "/api/v3") as client:
        found = (await client.rest.issues.async_get(OWNER, REPO, number)).parsed_data
        assert (found.title, found.body) == ("Grüße", "äöü 🚀\r\n- [ ] one")
        assert found.url == f"{world.url}/api/v3/repos/{FULL}/issues/{number}"
        await client.rest.issues.async_add_labels(OWNER, REPO, number, labels=["grün/ja nein"])

    def read() -> None:
        issue = pygithub_person(world).get_repo(FULL).get_issue(number)
        assert [label.name for label in issue.labels] == ["grün/ja nein"]
        issue.remove_from_labels("grün/ja nein")
        assert list(issue.get_labels()) == []

    await asyncio.to_thread(read)
