"""`Depends-On`: every spelling that is read, and a sentence for each that is not."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from services.checks.gate import BUTTONS
from services.core.depends import MOST, Need, State, beside, depends_on, meant, names_any, report
from services.core.report import CheckReport
from services.core.task_state import Override
from tests.kit.harmless import Text, hazards

SITE = "https://github.com"


def places(body: str) -> list[str]:
    return [f"{need.wrong}:{need.text}" if need.wrong else need.place for need in depends_on(body, "acme/web", SITE)]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("Depends-On: #4", ["acme/web#4"]),
        ("depends-on: acme/api#4", ["acme/api#4"]),
        ("Depends-On: https://github.com/acme/api/pull/4", ["acme/api#4"]),
        ("Depends-On: https://github.com/acme/api/pull/4/files#diff", ["acme/api#4"]),
        ("Words.\n\nDepends-On: #4, acme/api#5\nDepends-On: #6", ["acme/web#4", "acme/api#5", "acme/web#6"]),
        ("Depends-On: #4\nDepends-On: acme/web#4", ["acme/web#4"]),
        ("Depends-On: https://gitlab.com/acme/api/pull/4", ["host:https://gitlab.com/acme/api/pull/4"]),
        ("Depends-On: I0123abc", ["unread:I0123abc"]),
        ("Depends-On:", []),
        ("`Depends-On: #4`", []),
        ("> Depends-On: #4", []),
        ("```\nDepends-On: #4\n```", []),
        ("<!-- Depends-On: #4 -->", []),
        ("it Depends-On: #4", []),
        ("DEPENDS-ON:#4", ["acme/web#4"]),
        ("Depends-On: #4 and acme/api#5.", ["acme/web#4", "acme/api#5"]),
        ("Depends-On: GH-4", ["acme/web#4"]),
        ("Depends-On: ana_acme/tools#4", ["ana_acme/tools#4"]),
        ("Depends-On: `acme/api#4`", ["acme/api#4"]),
        ("Depends-On: <https://github.com/acme/api/pull/4>", ["acme/api#4"]),
        ("Depends-On: [the schema](https://github.com/acme/api/pull/4)", ["acme/api#4"]),
        ("Depends-On: http://www.github.com/acme/api/pull/4/", ["acme/api#4"]),
        ("Depends-On: github.com/acme/api/pull/4", ["acme/api#4"]),
        (
            "Depends-On: https://github.com.evil.test/acme/api/pull/4",
            ["host:https://github.com.evil.test/acme/api/pull/4"],
        ),
        (
            "Depends-On: https://github.com@evil.test/acme/api/pull/4",
            ["unread:https://github.com@evil.test/acme/api/pull/4"],
        ),
        ("**Depends-On:** #4\n**Depends-On**: #5", ["acme/web#4", "acme/web#5"]),
        ("- Depends-On: #4\n- [ ] depends on #5\n\n1. Depends-On: #6", ["acme/web#4", "acme/web#5", "acme/web#6"]),
        ("- Why:\n  - Depends-On: #4\n- ```\n  Depends-On: #4\n  ```\n- > Depends-On: #4\n- # Depends-On: #4", []),
        ("Depends on #4", ["acme/web#4"]),
        ("depends on: acme/api#4, #5", ["acme/api#4", "acme/web#5"]),
        ("Depends-on #4 and https://github.com/acme/api/pull/5.", ["acme/web#4", "acme/api#5"]),
        ("Depends on: #4 (schema)", ["acme/web#4", "unread:schema"]),
        ("Depends on #4 in spirit\nDepends on the API\nDepends on: nothing\nDepends on", []),
        ("Depends-Only: #4\nDepends-On-Demand: #4\nDepends-Onto #4", []),
    ],
)
def test_what_is_named(body: str, named: list[str]) -> None:
    assert places(body) == named


def test_whether_any_is_named_is_known_without_the_site() -> None:
    assert names_any("Depends-On: https://github.com/acme/api/pull/4", "acme/web")
    assert not names_any("It depends on the API.\n\nDepends on the API.\n\nDepends-On:", "acme/web")


def test_too_many_are_said_to_be() -> None:
    found = depends_on("\n".join(f"Depends-On: #{n}" for n in range(1, 60)), "acme/web", SITE)
    assert len(found) == MOST + 1
    assert found[-1].wrong == "many"


def test_what_a_maintainer_has_lifted_counts_as_met_and_is_said() -> None:
    needs = (Need(repo="acme/api", number=4), Need(wrong="host", text="https://elsewhere.test/a/b/pull/1"))
    lifted = {
        "acme/api#4": Override(kind="need", name="acme/api#4", sha="abcdef0123", actor="ana", why="in place"),
        needs[1].text: Override(kind="need", name=needs[1].text, sha="abcdef0123", actor="ana"),
    }
    told = report(needs, {"acme/api#4": "lifted"}, (), {"acme/api#4": lifted["acme/api#4"]})
    assert (told.conclusion, told.title) == ("action_required", "A need has to be put right")
    told = report(needs, {"acme/api#4": "lifted"}, (), lifted)
    assert (told.conclusion, told.title, told.summary) == snapshot(
        (
            "success",
            "Nothing that counts is missing",
            """\
- need `acme/api#4` does not count for abcdef0, says `ana`: in place
- need `https://elsewhere.test/a/b/pull/1` does not count for abcdef0, says `ana`\
""",
        )
    )


def test_a_need_is_meant_by_its_place_its_number_here_or_as_it_is_written() -> None:
    needs = (Need(repo="acme/Web", number=4), Need(wrong="host", text="https://elsewhere.test/a/b/pull/1"))
    assert meant("#4", needs, "acme/web") is needs[0]
    assert meant("ACME/web#4", needs, "acme/web") is needs[0]
    assert meant("https://elsewhere.test/a/b/pull/1", needs, "acme/web") is needs[1]
    assert meant("#4", needs, "acme/api") is None


def test_green_once_all_have_merged() -> None:
    needs = (Need(repo="acme/api", number=4), Need(repo="acme/web", number=5))
    waits = report(needs, {"acme/api#4": "merged", "acme/web#5": "open"})
    assert (waits.status, waits.conclusion, waits.title) == ("in_progress", "", "Waits for 1 of 2 needs")
    assert waits.summary == snapshot("- `acme/api#4` has merged\n- `acme/web#5` has not merged yet")
    assert report(needs, {"acme/api#4": "open", "acme/web#5": "open"}).title == "Waits for all 2 needs"
    assert report(needs[:1], {"acme/api#4": "open"}).title == "Waits for what it needs"
    done = report(needs, {"acme/api#4": "merged", "acme/web#5": "merged"})
    assert (done.conclusion, done.title) == ("success", "All 2 needs have merged")
    assert report((), {}).conclusion == "success"


def test_what_a_plan_says_and_what_is_named_besides_have_to_be_met_both() -> None:
    needs = (Need(repo="acme/api", number=4),)
    green = CheckReport(status="completed", conclusion="success", title="Plan", summary="Plan.", buttons=BUTTONS)
    waits = CheckReport(status="in_progress", title="Plan waits", summary="Plan waits.")
    met, unmet = report(needs, {"acme/api#4": "merged"}), report(needs, {"acme/api#4": "closed"})
    both = [beside(green, met), beside(green, unmet), beside(waits, met), beside(waits, unmet)]
    assert [(each.title, each.conclusion, each.buttons) for each in both] == [
        (met.title, "success", BUTTONS),
        (unmet.title, "action_required", ()),
        ("Plan waits", "", ()),
        ("Plan waits", "", ()),
    ]
    assert both[1].summary == f"Plan.\n\n{unmet.summary}"


def test_what_somebody_has_to_put_right_is_said() -> None:
    needs = depends_on("Depends-On: #1 #2 #3 #4 https://x.y/a/b/pull/1 what", "acme/web", SITE)
    told = report(needs, {"acme/web#1": "closed", "acme/web#2": "issue", "acme/web#3": "unseen", "acme/web#4": "self"})
    assert told.conclusion == "action_required"
    assert told.summary == snapshot("""\
- `acme/web#1` was closed without merging; name another one, or remove it
- `acme/web#2` is an issue; name the pull request that closes it
- `acme/web#3` can't be seen: it is not there, Lockstep is not installed there, or its author can't read it
- `acme/web#4` is this pull request itself; remove it
- `https://x.y/a/b/pull/1` lies on another host; only pull requests of this GitHub can be waited for
- `what` can't be read; write `#1`, `owner/repo#1` or the address of a pull request\
""")


def test_a_circle_is_named() -> None:
    told = report((Need(repo="acme/api", number=4),), {"acme/api#4": "open"}, ("acme/api#4", "acme/web#2"))
    assert told.title == "The needs form a circle"
    assert "`acme/api#4` → `acme/web#2` → `acme/api#4`" in told.summary
    told = report((Need(repo="acme/api", number=4),), {"acme/api#4": "open"}, ("acme/api#4", "", "acme/web#2"))
    assert "`acme/api#4` → one in another repository → `acme/web#2` → `acme/api#4`" in told.summary


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60), max_size=30))
def test_any_description_is_read_and_what_is_said_of_it_is_harmless(words: list[str]) -> None:
    needs = depends_on("\n".join(f"Depends-On: {word} @ana closes #1" for word in words), "acme/web", SITE)
    told = report(needs, dict.fromkeys((need.place for need in needs), "open"))
    assert not hazards(Text(where="gate", words=told.summary))


STATES: tuple[State, ...] = get_args(State)


def test_every_state_in_words() -> None:
    needs = [Need(repo="acme/api", number=n) for n, _ in enumerate(STATES, 1)]
    told = {need.place: state for need, state in zip(needs, STATES, strict=True)}
    merged = [Need(repo="acme/api", number=1)]
    reports = [
        report(needs, told),
        report(merged, {"acme/api#1": "merged"}),
        report(merged, {"acme/api#1": "open"}, ("acme/api#1", "acme/api#2")),
        report((), {}),
    ]
    assert [(each.conclusion, each.title, each.summary) for each in reports] == snapshot(
        [
            (
                "action_required",
                "A need has to be put right",
                """\
- `acme/api#1` has merged
- `acme/api#2` does not count any more
- `acme/api#3` has not merged yet
- `acme/api#4` was closed without merging; name another one, or remove it
- `acme/api#5` is an issue; name the pull request that closes it
- `acme/api#6` can't be seen: it is not there, Lockstep is not installed there, or its author can't read it
- `acme/api#7` is this pull request itself; remove it
- `acme/api#8` lies on another host; only pull requests of this GitHub can be waited for
- `acme/api#9` can't be read; write `#1`, `owner/repo#1` or the address of a pull request
- `acme/api#10` are too many; 20 are looked at\
""",
            ),
            ("success", "Its need has merged", "- `acme/api#1` has merged"),
            (
                "action_required",
                "The needs form a circle",
                """\
- `acme/api#1` has not merged yet

They need each other, so none of them can merge first: `acme/api#1` → `acme/api#2` → `acme/api#1`. Remove one `Depends-On`.\
""",
            ),
            ("success", "Needs nothing", "The description names no other pull request with `Depends-On`."),
        ]
    )
