"""What git's part says when something is in the way: on the page of a task, and as the reason of a failure."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.errors import GitError
from services.git.bundle import DamagedBundle, restore, unbundle
from services.git.carry import Merged, lay_out, merge
from services.git.command import Git
from services.git.mirror import Mirrors
from services.git.taken import take_in
from services.git.workspace import Author, RefusedPush, Workspace, open_workspace

REPO, BASE, HEAD = "acme/api", "a" * 40, "b" * 40
WHEN = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def workspace(root: Path, script: str) -> Workspace:
    """One whose git is this script; `$*` is what it is asked."""
    fake = root / "git"
    fake.write_text(f"#!/bin/sh\n{script}\necho 'fatal: broken' >&2; exit 128\n")
    fake.chmod(0o755)
    home = root / "home"
    home.mkdir(parents=True)
    (home / "index").write_text("")
    mirrors = Mirrors(root / "root", "https://example.com", git=Git("https://example.com", executable=str(fake)))
    mirrors.path(REPO).mkdir(parents=True)
    return Workspace(mirrors=mirrors, repo=REPO, base=BASE, home=home)


async def test_a_kept_commit_that_is_damaged(tmp_path: Path) -> None:
    found = workspace(tmp_path, "")
    with pytest.raises(DamagedBundle, match="the kept commit of acme/api cannot be read: fatal: broken"):
        await unbundle(found, HEAD, b"")
    with pytest.raises(DamagedBundle, match="the kept commit of acme/api is not one on top of aaaaaaaaaaaa"):
        await restore(found, HEAD)


async def test_files_that_can_not_be_laid_out(tmp_path: Path) -> None:
    found = workspace(tmp_path, f'case "$*" in *rev-list*) echo {HEAD} {BASE}; exit 0;; *merge-base*) exit 0;; esac')
    with pytest.raises(DamagedBundle, match="the kept files of acme/api cannot be laid out: fatal: broken"):
        await restore(found, HEAD)
    with pytest.raises(GitError, match="the merged files of acme/api cannot be laid out: fatal: broken"):
        await lay_out(found, Merged(tree=HEAD))
    with pytest.raises(GitError, match=f"git could not merge {HEAD[:12]} with its base: fatal: broken"):
        await merge(found, HEAD)
    found.files.mkdir()
    with pytest.raises(GitError, match="the files of acme/api cannot be laid out: File exists"):
        await found.lay_out()
    with pytest.raises(GitError, match="the links and special files cannot be checked: fatal: broken"):
        await found._refuse_odd({"a": "a link"})


async def test_what_is_committed_and_pushed(tmp_path: Path) -> None:
    found = workspace(tmp_path, "echo '! refs/heads/x [remote rejected] (repository rule violations)'; exit 1")
    with pytest.raises(RefusedPush, match=r"git push failed: ! refs/heads/x .*repository rule violations"):
        await found.push(HEAD, "lockstep/p/a", None, "t")
    with pytest.raises(GitError, match="a commit needs a message and an aware date"):
        await found.commit(" ", Author(), WHEN)


async def test_no_room(tmp_path: Path) -> None:
    mirrors = Mirrors(tmp_path, "https://example.com")
    mirrors.attempts.write_text("in the way")
    with pytest.raises(GitError, match=f"there is no room for an attempt in {mirrors.attempts}: "):
        await open_workspace(mirrors, REPO, BASE).__aenter__()
    (tmp_path / "mirrors").mkdir()
    (tmp_path / "mirrors" / "acme").write_text("in the way")
    with pytest.raises(GitError, match="the mirror of api cannot be stored: File exists"):
        await mirrors.fetch(REPO, "main", "t")


async def test_what_was_made_elsewhere_and_can_not_be_laid_out(tmp_path: Path) -> None:
    asked = 'case "$*" in *merge-base*|*diff-tree*|*cat-file*) exit 0;; esac'
    with pytest.raises(GitError, match=f"the files of {HEAD[:12]} cannot be laid out: fatal: broken"):
        await take_in(workspace(tmp_path, asked), HEAD)
