"""Scripts in bubblewrap, started by a plan: what they try outside of their files fails or is left out."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from services.agents.bubblewrap import BubblewrapBox
from tests.kit.story import Story, told

WHY_NOT = asyncio.run(BubblewrapBox().probe()) or ""
if "bwrap is not on this machine" in WHY_NOT or "user namespace" in WHY_NOT:
    pytest.skip(WHY_NOT, allow_module_level=True)
pytestmark = pytest.mark.bubblewrap


@pytest.fixture
def ground() -> Iterator[Path]:
    """A directory that the box's user can pass through, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="lockstep-test-") as top:
        Path(top).chmod(0o711)
        yield Path(top)


@pytest.fixture
async def boxed(ground: Path) -> AsyncIterator[Story]:
    async with told(ground) as story:
        await story.begin(sandbox="bwrap")
        yield story


async def test_the_main_job_in_the_box(boxed: Story) -> None:
    story = boxed
    await story.run("- [ ] **one** Write · run: id -un > who.txt; ls -A / > root.txt; env > env.txt\n")
    await story.until("**Done.**")
    assert await story.file("acme/api", "who.txt") == "agent\n"
    assert "TOKEN" not in str(await story.file("acme/api", "env.txt"))


@pytest.mark.parametrize(
    "script",
    [
        "echo gotcha > ../outside.txt",
        "echo gotcha > /etc/outside.txt",
        "rm -rf /usr/bin/env",
        "cat /proc/1/root/etc/shadow",
    ],
)
async def test_writing_outside_the_files_fails(boxed: Story, script: str) -> None:
    story = boxed
    await story.run(f"- [ ] **one** Get out · run: echo 1 > one.txt; {script}\n")
    await story.until("**Stopped:", "❌ failed: The script ended with exit code")
    await story.settled()
    assert not story.pulls()


async def test_what_goes_into_its_own_scratch_space_is_not_kept(boxed: Story, ground: Path) -> None:
    story = boxed
    await story.run(
        "- [ ] **one** Scratch · run: echo gotcha > /tmp/outside.txt; echo gotcha > $HOME/x; echo 1 > one.txt\n"
    )
    await story.until("**Done.**")
    assert await story.git("acme/api", "show", "--name-only", "--format=", "main") == "one.txt"
    assert not await asyncio.to_thread(lambda: [*ground.rglob("outside.txt"), *Path("/tmp").glob("outside.txt")])


@pytest.mark.parametrize(
    "script", ["ln -s /etc/passwd link", "ln -s ../../../secrets link", "ln README.md /dev/shm/x && ln -s .git link"]
)
async def test_a_link_that_leads_out_goes_to_a_person(boxed: Story, script: str) -> None:
    story = boxed
    await story.run(f"- [ ] **one** Link · run: {script} || ln -s / link\n")
    await story.until("**Stopped:", "needs a person")
    await story.settled()
    assert not story.pulls()


async def test_there_is_no_network(boxed: Story) -> None:
    story = boxed
    port = story.hub.url.rpartition(":")[2]
    connect = f"import socket; socket.create_connection(('127.0.0.1', {port}), 2)"
    await story.run(f'- [ ] **one** Call home · run: `/usr/bin/python3 -c "{connect}" && echo 1 > one.txt`\n')
    await story.until("**Stopped:", "❌ failed: The script ended with exit code")


async def test_what_a_script_leaves_running_is_ended(boxed: Story) -> None:
    """The result is read only after every process of the box has ended, so a late writer changes nothing."""
    story = boxed
    await story.run("- [ ] **one** Linger · run: `(sleep 600; echo late > one.txt) & echo 1 > one.txt`\n")
    await story.until("**Done.**")
    assert await story.file("acme/api", "one.txt") == "1\n"


async def test_what_a_model_changes_is_verified_in_the_box(ground: Path) -> None:
    check = 'test "$(id -un)" = agent && test -w lockstep-coder.txt && test ! -e /root'
    async with told(ground) as story:
        await story.begin(sandbox="bwrap", model="test")
        await story.run(f"- [ ] **one** Write · agent: coder · verify: {check}\n")
        await story.until("**Done.**")
        assert await story.file("acme/api", "lockstep-coder.txt") == "The test model wrote this.\n"
