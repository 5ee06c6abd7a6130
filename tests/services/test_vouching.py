"""engine/vouching.py: who answers for a commit that somebody pushed to a branch of ours, by what GitHub says of it."""

import base64
from typing import Any

import msgspec
import pytest

from services.engine.vouching import MOST_FILES, Branch, answerer
from services.github import GitHub
from tests.kit.fakehub import FakeHub, Reply
from tests.kit.plans import pull
from tests.services.test_github_reads import API, github, hub

__all__ = ["github", "hub"]

OURS, FIRST, HEAD = "a" * 40, "b" * 40, "c" * 40
BRANCH = Branch(name="lockstep/p/a", ours=(OURS,), home="acme/plans")
CONFIG = "/contents/.github/lockstep.yml"


def move(before: str, after: str, actor: str | None = "bea", kind: str = "push", type_: str = "User") -> dict[str, Any]:
    who = {"login": actor, "type": type_} if actor else None
    return {"before": before, "after": after, "activity_type": kind, "actor": who}


ONE = [move(OURS, HEAD)]


async def asked(
    hub: FakeHub,
    github: GitHub,
    moves: list[dict[str, Any]] | Reply,
    *,
    settings: str = "",
    files: tuple[str, ...] | None = ("src/a.py",),
    fork: bool = False,
    reviews: tuple[str, ...] = (),
    may: tuple[str, ...] = ("bea", "cia"),
    alone: bool = True,
) -> str:
    """ana, bea and cia can write, eve can read; `settings` are those of the plan's home, where only `may` maintain."""
    hub.script("GET", f"{API}/activity", moves if isinstance(moves, Reply) else Reply(json=moves))
    for who in ("ana", "bea", "cia", "helper[bot]", "eve"):
        role = "read" if who == "eve" else "write"
        hub.script("GET", f"{API}/collaborators/{who}/permission", Reply(json={"permission": role}))
        role = "maintain" if who in may else "write"
        hub.script("GET", f"/repos/acme/plans/collaborators/{who}/permission", Reply(json={"role_name": role}))
    content = base64.b64encode(settings.encode()).decode()
    text = {"type": "file", "encoding": "base64", "content": content, "size": len(settings), "sha": "1"}
    found = Reply(json=text) if settings else Reply(404, {"message": "Not Found"})
    hub.script("GET", f"/repos/acme/plans{CONFIG}", found)
    hub.script("GET", f"/repos/acme/.github{CONFIG}", Reply(404, {"message": "Not Found"}))
    compared = (
        Reply(404, {"message": "gone"})
        if files is None
        else Reply(json={"files": [{"filename": each} for each in files]})
    )
    hub.script("GET", f"{API}/compare/main...{HEAD}", compared)
    said = [
        {"user": {"login": each, "type": "User"}, "state": "APPROVED", "commit_id": HEAD, "id": n, "body": ""}
        for n, each in enumerate(reviews)
    ]
    hub.script("GET", f"{API}/pulls/5/reviews", Reply(json=said))
    branch = msgspec.structs.replace(BRANCH, alone=alone)
    who, by_push = await answerer(github.reads, "acme/api", pull(HEAD, from_fork=fork, base_ref="main"), branch)
    return who if by_push or not who else f"{who} approved"


@pytest.mark.parametrize(
    ("moves", "who"),
    [
        (ONE, "bea"),
        ([move(OURS, HEAD, kind="force_push")], "bea"),
        ([move(HEAD, "d" * 40, "eve"), *ONE], "bea"),
        ([move(FIRST, HEAD, "cia"), move(OURS, FIRST)], "cia"),
        ([], ""),
        ([move(OURS, "d" * 40)], ""),
        ([move(OURS, HEAD, "eve")], ""),
        ([move(OURS, HEAD, None)], ""),
        ([move(OURS, HEAD, "helper[bot]", type_="Bot")], ""),
        ([move(OURS, HEAD, "helper[bot]", type_="")], ""),
        ([move(OURS, HEAD, kind="pr_merge")], ""),
        ([move("0" * 40, HEAD, kind="branch_creation")], ""),
        ([move(FIRST, HEAD), move(OURS, FIRST, "eve")], ""),
        ([move(FIRST, HEAD), move(OURS, FIRST, "helper[bot]", type_="Bot")], ""),
        ([move(FIRST, HEAD), move(OURS, "d" * 40)], ""),
        ([move(FIRST, HEAD)], ""),
        ([move(OURS, HEAD, "eve"), *ONE], ""),
    ],
    ids=[
        "pushed", "in place of ours", "it moved on", "two of them", "nothing told", "not told yet", "can't write", "gone",
        "a bot", "not said to be a person", "merged into it", "made anew", "on top of a reader's", "on top of a bot's",
        "a gap", "nothing of ours below", "the newest counts",
    ],
)  # fmt: skip
async def test_a_push_is_answered_for_by_people_who_can_write(
    hub: FakeHub, github: GitHub, moves: list[dict[str, Any]], who: str
) -> None:
    assert await asked(hub, github, moves) == who


@pytest.mark.parametrize("status", [403, 404, 422])
async def test_where_it_is_not_told_a_review_is_needed(hub: FakeHub, github: GitHub, status: int) -> None:
    assert await asked(hub, github, Reply(status, {"message": "no"})) == ""


async def test_a_fork_is_not_asked_about(hub: FakeHub, github: GitHub) -> None:
    assert await asked(hub, github, ONE, fork=True) == ""
    assert hub.calls("GET", f"{API}/activity") == []


@pytest.mark.parametrize(
    ("settings", "who"),
    [
        ("approvals:\n  required: 1\n", "bea"),
        ("approvals:\n  required: 2\n", ""),
        ("approvals:\n  self: false\n", ""),
        ("approvals:\n  users: [Bea]\n", "bea"),
        ("approvals:\n  users: [cia]\n", ""),
        ("approvals:\n  teams: [other/crew]\n", ""),
        ("approvals: many\n", ""),
    ],
)
async def test_one_person_is_not_enough_where_plans_ask_for_more(
    hub: FakeHub, github: GitHub, settings: str, who: str
) -> None:
    assert await asked(hub, github, ONE, settings=settings) == who


@pytest.mark.parametrize(
    "files",
    [
        (".github/workflows/ci.yml",),
        ("src/a.py", "web/Package.json"),
        tuple(f"{n}.txt" for n in range(MOST_FILES)),
        None,
    ],
    ids=["a workflow", "in any case", "too many to tell", "not told"],
)
async def test_protected_files_are_looked_at_by_a_person(
    hub: FakeHub, github: GitHub, files: tuple[str, ...] | None
) -> None:
    """Those of the commit itself: what the pull request's head is at by now says nothing of it."""
    assert await asked(hub, github, ONE, files=files) == ""
    assert not hub.calls("GET", f"{API}/pulls/5/files")


@pytest.mark.parametrize(
    ("moves", "may"),
    [(ONE, ()), (ONE, ("cia",)), ([move(FIRST, HEAD, "cia"), move(OURS, FIRST)], ("cia",))],
    ids=["nobody may", "another may", "one before it may not"],
)
async def test_who_may_not_approve_plans_answers_for_no_push(
    hub: FakeHub, github: GitHub, moves: list[dict[str, Any]], may: tuple[str, ...]
) -> None:
    assert await asked(hub, github, moves, may=may) == ""


async def test_all_who_pushed_are_held_against_who_is_named(hub: FakeHub, github: GitHub) -> None:
    both = [move(FIRST, HEAD, "cia"), move(OURS, FIRST)]
    assert await asked(hub, github, both, settings="approvals:\n  users: [cia]\n") == ""
    assert await asked(hub, github, ONE, alone=False) == ""


TWO = "approvals:\n  required: 2\n"
OTHER = "approvals:\n  self: false\n"
UNTOLD = Reply(404, {"message": "no"})
BOTH = [move(FIRST, HEAD, "helper[bot]", type_="Bot"), move(OURS, FIRST)]


@pytest.mark.parametrize(
    ("moves", "settings", "reviews", "who"),
    [
        (ONE, "", ("cia",), "cia approved"),
        (ONE, "", ("Bea",), ""),
        (ONE, "", ("eve",), ""),
        (BOTH, "", ("bea",), ""),
        (BOTH, "", ("bea", "cia"), "cia approved"),
        (ONE, OTHER, ("bea",), ""),
        (ONE, OTHER, ("cia",), "cia approved"),
        (ONE, TWO, ("bea", "cia"), ""),
        (ONE, TWO, ("cia", "ana"), "cia approved"),
        (UNTOLD, "", ("cia",), "cia approved"),
        (UNTOLD, "", ("ana",), ""),
        (UNTOLD, OTHER, ("cia",), ""),
        (UNTOLD, TWO, ("cia", "ana"), ""),
        (ONE, "approvals: many\n", ("cia",), ""),
    ],
    ids=[
        "another", "their own", "a reader", "their own below a bot's", "another than both", "their own, another is asked for",
        "another is asked for", "one and their own", "two others", "not told, may alone", "not told, may not",
        "not told, another is asked for", "not told, two are asked for", "not read what it takes",
    ],
)  # fmt: skip
async def test_an_approval_counts_of_who_has_not_pushed(
    hub: FakeHub,
    github: GitHub,
    moves: list[dict[str, Any]] | Reply,
    settings: str,
    reviews: tuple[str, ...],
    who: str,
) -> None:
    found = await asked(hub, github, moves, settings=settings, reviews=reviews, files=(".github/a.yml",), may=("cia",))
    assert found == who
