"""pull_chain: what holds a person's pull request back, in words."""

from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from services.core.depends import Need
from services.core.explain import Link
from services.core.pull_chain import MOST, Step, own_of, told
from tests.core.test_explain import FACTS
from tests.kit.harmless import Text, hazards
from tests.kit.plans import check, pull

WEB, API, LIB = (Need(repo=f"acme/{name}", number=n) for n, name in enumerate(("web", "api", "lib"), 1))


def test_a_chain_over_repositories_ends_with_who_can_act() -> None:
    red = pull(checks=(check("test", "failure"), check("test", "failure"), check("lint")), mergeable=False)
    steps = [
        Step(need=WEB, own=own_of("acme/web", pull(draft=True), needs=True)),
        Step(need=API, depth=1, own=own_of("acme/api", red, needs=True)),
        Step(need=LIB, depth=2, task="task `lib` of the plan in acme/lib#9", chain="- is held — somebody\n  - more"),
        Step(need=Need(repo="acme/lib", number=7), depth=2, own=own_of("acme/lib", pull(), needs=False)),
        Step(need=API, depth=1, again=True),
        Step(need=Need(repo="acme/lib", number=8), depth=1, state="closed"),
        Step(need=Need(repo="acme/hidden", number=4), depth=1, elsewhere=True),
        Step(need=Need(repo="acme/lib", number=5), depth=1),
        Step(need=Need(repo="acme/lib", number=6), depth=2, own=own_of("acme/lib", pull(), needs=False)),
    ]
    assert told(steps, ("acme/web#1", "acme/api#2")) == snapshot("""\
`acme/web#1` is open.

- is a draft; it has to be marked ready for review — whoever has the write permission on acme/web
- needs `acme/api#2`, which has not merged yet:
  - conflicts with its base branch — whoever has the write permission on acme/api
  - check `test` failed — whoever has the write permission on acme/api
  - waits for check `lint` — the checks of acme/api have to end
  - needs `acme/lib#3`, task `lib` of the plan in acme/lib#9, which has not merged yet:
    - is held — somebody
      - more
  - needs `acme/lib#7`, which has not merged yet:
    - nothing is missing, and it can be merged — whoever has the write permission on acme/lib
- needs `acme/api#2`, which has not merged yet, as said above
- needs `acme/lib#8`, which was closed without merging; name another one, or remove it — the author of what names it can correct the description
- needs `acme/hidden#4`, which has not merged yet — `/lockstep explain` there says why
- needs `acme/lib#5`, which has not merged yet:
  - needs `acme/lib#6`, which has not merged yet:
    - nothing is missing, and it can be merged — whoever has the write permission on acme/lib
- They need each other, so none of them can merge first: `acme/web#1` → `acme/api#2` → `acme/web#1`. Remove one `Depends-On`.\
""")


def test_what_needs_nothing_stands_for_itself() -> None:
    behind = pull(mergeable_state="behind")
    shown = [
        told([Step(need=WEB, state="merged")]),
        told([Step(need=WEB, state="closed")]),
        told([Step(need=WEB, own=own_of("acme/web", pull(), needs=False))]),
        told([Step(need=WEB, own=own_of("acme/web", behind, needs=False))]),
        told([Step(need=WEB, own=own_of("acme/web", pull(base_ok=False, frozen="a freeze"), needs=False))]),
    ]
    assert shown == snapshot(
        [
            "`acme/web#1` has merged, so nothing holds it back.",
            "`acme/web#1` is closed; whoever has the write permission there can open it again.",
            """\
`acme/web#1` is open.

- nothing is missing, and it can be merged — whoever has the write permission on acme/web\
""",
            """\
`acme/web#1` is open.

- is behind its base branch, which takes only what is up to date — whoever has the write permission on acme/web\
""",
            """\
`acme/web#1` is open.

- nothing is missing, and it can be merged — whoever has the write permission on acme/web\
""",
        ]
    )


def test_a_long_chain_is_cut() -> None:
    held = Link(task="", kind="label", who="triage", where="acme/web")
    steps = [Step(need=WEB, own=(held,)), *(Step(need=API, depth=1) for _ in range(MOST + 4))]
    assert told(steps).endswith("\n- … and 5 more lines")


def test_needs_that_nobody_looked_at_are_said() -> None:
    assert [told([Step(need=WEB)], unread=unread).splitlines()[2:] for unread in (0, 1, 7)] == [
        [],
        ["- … and one more need was not looked at — `/lockstep explain` on what names them does"],
        ["- … and 7 more needs were not looked at — `/lockstep explain` on what names them does"],
    ]


@given(FACTS, st.booleans())
def test_whoever_asks_is_told_who_can_act_and_no_command_of_a_task(fact: object, needs: bool) -> None:
    found = own_of("acme/web", fact, needs=needs)  # type: ignore[arg-type]
    assert all(link.who and not link.command for link in found)
    assert not hazards(Text(where="explain", words=told([Step(need=WEB, own=found)])))
