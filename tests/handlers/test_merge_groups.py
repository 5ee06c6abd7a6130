"""handlers/merge_groups.py: what left a merge queue, and who took it out."""

import json
from typing import Any, cast

import pytest

from handlers.merge_groups import on_dequeued
from handlers.reading import parse

PULL = {"number": 5, "state": "open", "head": {"sha": "a" * 40, "ref": "b"}, "base": {"ref": "main", "sha": "b" * 40}}


class Engine:
    def __init__(self) -> None:
        self.left: list[tuple[str, int, str, str]] = []

    async def is_own(self, *, login: str) -> bool:
        return login == "lockstep[bot]"

    async def left_queue(self, repo: str, number: int, sha: str, reason: str) -> None:
        self.left.append((repo, number, sha, reason))


@pytest.mark.parametrize("sender", ["ana", "github-merge-queue[bot]", "lockstep[bot]"])
async def test_what_we_took_out_ourselves_is_no_news(sender: str) -> None:
    """Heard late it would count as thrown out, though we have put it back since."""
    payload = {
        "action": "dequeued", "number": 5, "reason": "MANUAL", "pull_request": PULL,
        "repository": {"id": 1, "full_name": "acme/api", "default_branch": "main"},
        "sender": {"login": sender, "id": 2, "type": "Bot"},
    }  # fmt: skip
    engine = Engine()
    await on_dequeued(parse("pull_request", "guid-1", json.dumps(payload).encode()), cast("Any", engine))
    assert engine.left == ([] if sender == "lockstep[bot]" else [("acme/api", 5, "a" * 40, "MANUAL")])
