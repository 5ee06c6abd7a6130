"""A chain in words: every kind of link has some, long chains stay readable, and nothing hidden is named."""

from datetime import timedelta
from typing import get_args

import msgspec
from inline_snapshot import snapshot

from services.core.explain import Link, LinkKind, Who, ends, explain
from services.core.explained import MOST, ended_by, told
from services.core.patience import Patience
from services.core.task_state import State
from tests.core.test_explain import shaped
from tests.kit.plans import NOW, check, pull, run, task


def test_a_chain_over_two_repositories() -> None:
    current = shaped(
        {"schema": "in_review", "docs": "failed", "api": "blocked", "web": "blocked"},
        {"api": ("schema",), "web": ("api", "docs", "schema")},
    )
    current.tasks["docs"] = msgspec.structs.replace(current.tasks["docs"], reason="The script ended with exit code 1")
    fact = pull(checks=(check("test", "failure"), check("lint")), objections=("ben",))
    chain = explain(current, "web", facts={"schema": fact}, patience=Patience(review=timedelta(days=30)))
    assert told(current, "web", chain) == snapshot("""\
⏸ `web` (acme/web) is blocked.

- needs `api` (acme/api#1), which is blocked:
  - needs `schema` (acme/schema#5), which is in review:
    - check `test` failed — whoever has the write permission on acme/schema: `/lockstep retry schema`
    - waits for check `lint` — the checks of acme/schema have to end
    - changes were requested by `ben` — they can approve it, or their reviews can be dismissed
    - a person is told on 2026-03-31 12:00 UTC if it still waits then
- needs `docs` (acme/docs#1), which failed:
  - it did not work: The script ended with exit code 1 — whoever has the write permission on acme/docs: `/lockstep retry docs`
- needs `schema` (acme/schema#5), which is in review, as said above\
""")
    assert ended_by(ends(current)["web"], current) == snapshot("`schema` (in review), `docs` (failed)")


def test_every_kind_of_link_has_its_words() -> None:
    current = shaped({"a": "failed"}, {})
    lanes = {"lane": ("repo", "acme/a")}
    links = [
        Link(task="a", kind=kind, who="write", where="acme/a", names=lanes.get(kind, ("x",)), text="failed", at=NOW)
        for kind in get_args(LinkKind)
    ]
    said = [told(current, "a", part).partition("\n\n")[2] for part in (links[:30], links[30:])]
    assert "\n".join(said) == snapshot("""\
- needs `a` (x), which failed: — whoever has the write permission on acme/a
- needs `a` (x), which failed, as said above — whoever has the write permission on acme/a
- the whole run is held — whoever has the write permission on acme/a
- is held — whoever has the write permission on acme/a
- its tracking issue is being made — whoever has the write permission on acme/a
- is to be tried again, and no place is free in `acme/a` — whoever has the write permission on acme/a
- is ready, and starts when its turn comes, not before 2026-03-01 12:00 UTC — whoever has the write permission on acme/a
- needs nothing more — whoever has the write permission on acme/a
- attempt failed is running with `x`, until 2026-03-01 12:00 UTC at most — whoever has the write permission on acme/a
- it did not work: failed — whoever has the write permission on acme/a
- somebody has to decide: failed — whoever has the write permission on acme/a
- was cancelled — whoever has the write permission on acme/a
- its pull request can't be seen any more — whoever has the write permission on acme/a
- its pull request was closed without merging — whoever has the write permission on acme/a
- somebody else pushed failed to its branch; look at it and merge it, or delete the branch and retry — whoever has the write permission on acme/a
- was turned to the branch `x`, which nobody approved; turn it back, or merge it by hand — whoever has the write permission on acme/a
- is held by the label do-not-merge/hold — whoever has the write permission on acme/a
- is a draft; it has to be marked ready for review — whoever has the write permission on acme/a
- conflicts with its base branch — whoever has the write permission on acme/a
- check `x` failed — whoever has the write permission on acme/a
- waits for check `x` — whoever has the write permission on acme/a
- waits for its checks to start — whoever has the write permission on acme/a
- no check has begun on it; close it and open it again, push to it, or set `checks: none` — whoever has the write permission on acme/a
- no checks will come; add a workflow, or set `checks: none` in .github/lockstep.yml — whoever has the write permission on acme/a
- waits for the rest of its checks — whoever has the write permission on acme/a
- changes were requested by `x` — whoever has the write permission on acme/a
- waits for a review or a required check — whoever has the write permission on acme/a
- failed — whoever has the write permission on acme/a
- is behind its base branch, which takes only what is up to date; it is brought up to that in its turn — whoever has the write permission on acme/a
- nothing is missing, and it is merged next: failed — whoever has the write permission on acme/a
- its pull request is being looked at: failed — whoever has the write permission on acme/a
- a person is told on 2026-03-01 12:00 UTC if it still waits then
- failed
- failed — whoever has the write permission on acme/a
- is ready, and `x` goes first, because both may change `failed` — whoever has the write permission on acme/a
- of it and `x`, the one that merges second may conflict: both change `failed`
- its group waits for `a` (x), which failed: — whoever has the write permission on acme/a
- failed — whoever has the write permission on acme/a
- failed — whoever has the write permission on acme/a
- is stacked on `a` (x), which failed: — whoever has the write permission on acme/a
- is behind its base branch, which takes only what is up to date — whoever has the write permission on acme/a
- nothing is missing, and it can be merged — whoever has the write permission on acme/a
- is ready, and nothing begins in `x` until fewer attempts there wait for their next try — whoever has the write permission on acme/a\
""")


def test_who_else_acts_on_it() -> None:
    current = shaped({"a": "failed"}, {})
    who: tuple[Who, ...] = ("lockstep", "agent", "checks", "reviewers")
    links = [Link(task="a", kind="held", who=each, where="acme/a") for each in who]
    links.append(Link(task="a", kind="held", who="lockstep", where="acme/a", command="/lockstep merge a"))
    assert told(current, "a", links) == snapshot("""\
❌ `a` (acme/a) failed.

- is held — Lockstep goes on by itself
- is held — it goes on when that ends
- is held — the checks of acme/a have to end
- is held — they can approve it, or their reviews can be dismissed
- is held — Lockstep goes on by itself, or sooner with: `/lockstep merge a`\
""")


def test_each_full_lane_is_named() -> None:
    current = shaped({"a": "ready"}, {})
    lanes = [
        ("total", ""),
        ("run", "r"),
        ("installation", "acme"),
        ("repo", "acme/a"),
        ("agent", "script"),
        ("group", "r g"),
    ]
    links = [Link(task="a", kind="lane", who="lockstep", names=lane) for lane in lanes]
    said = [told(current, "a", [link]).partition("free ")[2] for link in links]
    assert [text.partition(" — ")[0] for text in said] == snapshot(
        [
            "(`LOCKSTEP_WORKERS`)",
            "(`LOCKSTEP_WORKERS`)",
            "for `acme`",
            "in `acme/a`",
            "for the agent `script`",
            "in its group `g`",
        ]
    )


def test_of_a_very_long_chain_only_what_can_be_acted_on_is_shown() -> None:
    states: dict[str, State] = {f"t{n}": "blocked" for n in range(MOST + 5)}
    states["t0"] = "failed"
    current = shaped(states, {f"t{n}": (f"t{n - 1}",) for n in range(1, MOST + 5)})
    assert told(current, f"t{MOST + 4}", explain(current, f"t{MOST + 4}")) == snapshot("""\
⏸ `t44` (acme/t44) is blocked. 44 tasks stand between it and what can be acted on:

- `t0` it did not work — whoever has the write permission on acme/t0: `/lockstep retry t0`\
""")


def test_what_must_not_be_mentioned_is_not() -> None:
    begun = run(task("secret", repo="acme/vault"), task("api", "secret", repo="acme/api"))
    said = told(begun, "api", explain(begun, "api"), {"acme/vault", "acme/platform"})
    assert "vault" not in said
    assert "secret" not in said
    assert said == snapshot("""\
⏸ `api` (acme/api) is blocked.

- needs work elsewhere
  - waits there\
""")


def test_what_is_over_is_held_back_by_nothing() -> None:
    current = shaped({"a": "done"}, {})
    assert told(current, "a", explain(current, "a")) == "✅ `a` (acme/a) is done. Nothing holds it back."


def test_of_a_hidden_task_it_is_only_told_that_it_waits() -> None:
    current = shaped({"lib": "failed", "pub": "blocked"}, {"pub": ("lib",)})
    assert told(current, "lib", explain(current, "lib"), {"acme/lib"}) == "❌ `lib` failed.\n\n- waits there"
    said = told(current, "pub", explain(current, "pub"), {"acme/lib"})
    assert said == "⏸ `pub` (acme/pub) is blocked.\n\n- needs work elsewhere\n  - waits there"
