"""Real runs in which one thing goes wrong: the bot over HTTP, real git, agents' and CI's own processes.

Each is a story as those of `tests/stories`, without a test's assertions: what came of it is the answer.
"""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest

from tests.kit.model import Answer, providing
from tests.kit.story import CI, FILES, NOWHERE, Story, told
from tests.simulation.ailing import Fate

PATIENCE = 120.0
LOST = "echo 'fatal: unable to access https://example.org/: Could not resolve host: example.org'; exit 128"
RED = "echo 'FAILED tests/test_prices.py::test_rounds - AssertionError'; exit 1"
LINT = "echo 'would reformat bad.txt'; echo '1 file would be reformatted'; exit 1"
WRITES = "- [ ] **one** Write · run: echo 1 > one.txt\n"
CODES = "- [ ] **one** Write · agent: coder\n"
BAD = Answer(calls=(("edit", {"path": "bad.txt", "old": "", "new": "bad\n"}),))
GOOD = Answer(calls=(("edit", {"path": "good.txt", "old": "", "new": "good\n"}),))
DONE = Answer(text="Written.")
MODEL = {"model": "openai:gpt-4o", "model_key": "sk-1"}
LIST = "alpha==1\nbravo==1\ndelta==1\necho==1\n"


class Ill(msgspec.Struct, frozen=True, kw_only=True):
    """files: of the repository; plan: its text; during: what happens meanwhile; answers: of a model."""

    files: Mapping[str, str] = {}
    plan: str = WRITES
    recovers: bool = True
    during: Callable[[Story], Awaitable[None]] | None = None
    before: Callable[[Story], Awaitable[None]] | None = None
    answers: tuple[Answer, ...] = ()


def once(failure: str) -> dict[str, str]:
    return {"test.sh": f'test "$GITHUB_RUN_ATTEMPT" != 1 || {{ {failure}; }}\n'}


def while_(file: str, failure: str) -> dict[str, str]:
    return {"test.sh": f"test ! -e {file} || {{ {failure}; }}\n"}


async def _adds_to_the_list(story: Story) -> None:
    await story.until(story.pulls, patience=PATIENCE)
    await story.commit("acme/api", {"requirements.txt": LIST + "golf==1\n"}, by="bea")


async def _writes_the_same(story: Story) -> None:
    await story.until(story.pulls, patience=PATIENCE)
    await story.commit("acme/api", {"one.txt": "something else\n"}, by="bea")


async def _renames(story: Story) -> None:
    await story.until(story.pulls, patience=PATIENCE)
    await story.commit("acme/api", {"a.txt": "head\nprice = 1\nsecond\n"}, by="bea")


async def _breaks_the_base(story: Story) -> None:
    await story.commit("acme/api", {"README.md": "# Changed\n"})
    await story.settled()


async def _mends_the_base(story: Story) -> None:
    await story.until("waits until that is repaired", patience=PATIENCE)
    await story.commit("acme/api", {"test.sh": "true\n"}, by="bea")


async def _merge_fails(story: Story) -> None:
    await story.hub.fault("error", method="PUT", path=r"/pulls/\d+/merge$", status=502, count=3)


async def _github_fails(story: Story) -> None:
    await story.hub.fault("error", method="POST", path=r"/(pulls|check-runs)$", status=502, count=4)


async def _restarts(story: Story) -> None:
    await story.until(story.pulls, patience=PATIENCE)
    await story.stop()
    await story.start()


async def _hears_nothing(story: Story) -> None:
    await story.until(story.pulls, patience=PATIENCE)
    await story.hears(NOWHERE)
    await story.hub.running.idle()
    await story.stop()
    await story.start()


ON_PUSH = CI.replace("on: pull_request", "on: [push, pull_request]")
SLOW = {".github/workflows/ci.yml": CI.replace("sh test.sh", "sleep 1; sh test.sh")}
ILLS: dict[str, Ill] = {
    "network": Ill(files=once(LOST)),
    "flaky test": Ill(files=once(RED)),
    "broken test": Ill(
        files=while_("bad.txt", RED), plan=CODES, answers=(BAD, DONE, GOOD, DONE)
    ),
    "lint": Ill(
        files={**while_("bad.txt", LINT), ".github/lockstep.yml": "recovery:\n  fixer: mv bad.txt good.txt\n"},
        plan="- [ ] **one** Write · run: echo 1 > bad.txt\n",
    ),
    "conflict, by rules": Ill(
        files={"requirements.txt": LIST, **SLOW},
        plan="- [ ] **one** Add · run: echo foxtrot==1 >> requirements.txt\n",
        before=_merge_fails,
        during=_adds_to_the_list,
    ),
    "conflict, begun anew": Ill(
        files={"a.txt": "first\nprice = 1\nsecond\n", **SLOW},
        plan="- [ ] **one** Raise it · run: sed -i 's/price = 1/price = 2/' a.txt\n",
        before=_merge_fails,
        during=_renames,
    ),
    "broken base": Ill(
        files={"test.sh": f"{RED}\n", ".github/workflows/ci.yml": ON_PUSH},
        before=_breaks_the_base,
        during=_mends_the_base,
    ),
    "API faults": Ill(before=_github_fails),
    "process ends": Ill(files=SLOW, during=_restarts),
    "lost webhooks": Ill(files=SLOW, during=_hears_nothing),
    "broken test, script": Ill(
        files=while_("one.txt", RED), recovers=False
    ),
    "broken test, for good": Ill(
        files=while_("bad.txt", RED), plan=CODES, answers=(BAD, DONE, BAD, DONE), recovers=False
    ),
    "conflict, others would lose": Ill(files=SLOW, before=_merge_fails, during=_writes_the_same, recovers=False),
}  # fmt: skip


async def ill(folder: Path, name: str) -> Fate:
    """Live one; what went wrong behind its back is in `wrong`."""
    one = ILLS[name]
    end: Literal["merged", "handed", ""] = ""
    wrong: tuple[str, ...] = ()
    repairs = 0
    try:
        async with told(folder) as story:
            async with providing(*one.answers) as provider:
                settings: dict[str, Any] = {**MODEL, "model_url": provider.url} if one.answers else {}
                await story.begin({"acme/api": {**FILES, **one.files}}, **settings)
                if one.before is not None:
                    await one.before(story)
                await story.run(one.plan)
                if one.during is not None:
                    await one.during(story)
                said = await story.until(_is_over(story), patience=PATIENCE)
            repairs = story.repairs()
            end = "merged" if "**Done.**" in said else "handed" if "/lockstep retry" in said else ""
            if end == "merged" and len(story.merges) != 1:
                wrong = (f"{len(story.merges)} merges",)
    except pytest.fail.Exception as failed:
        wrong = (str(failed).partition("---")[0].strip()[:200],) if end else ()
    return Fate(ailment=f"{name} (real)", recovers=one.recovers, end=end, wrong=wrong, endless=not end, repairs=repairs)


def _is_over(story: Story) -> Callable[[], bool]:
    return lambda: any(word in story.plan_comment() for word in ("**Done.**", "**Stopped:"))
