"""Overrides: what people lifted counts no longer for one head, and for that head alone."""

import msgspec

from services.core import overrides
from services.core.gate import rule
from services.core.judging import ruling_for
from services.core.task_state import Override
from tests.kit.plans import after, check, happen, in_review, pull, task

HEAD = "a" * 40
RED = pull(checks=(check("CI / build (3.11)", "failure"), check("lint")))


def test_a_check_is_named_without_blanks_and_only_what_is_missing_can_be_named() -> None:
    assert overrides.slug("CI / build (3.11)") == "ci-build-3.11"
    assert overrides.named("ci-build-3.11", (), RED) == "check:CI / build (3.11)"
    assert overrides.named("LINT", (), RED) == "check:lint"
    assert overrides.named("Schema", ("schema",), RED) == "need:schema"
    assert overrides.named("test", (), pull()) == "", "it has passed"
    assert overrides.named("gate", (), pull(checks=(check("gate", "failure", ours=True),))) == ""


def test_the_refusal_names_what_there_is() -> None:
    assert (
        overrides.choices(("schema",), RED)
        == "That is none of what is missing here: `schema`, `ci-build-3.11`, `lint`."
    )
    assert overrides.choices((), pull()) == "Nothing of it is missing that could be overridden."
    nothing = "That task has no open pull request, so there is no head of which something could not count."
    assert overrides.choices((), None) == overrides.choices((), pull(state="closed")) == nothing


def test_a_check_that_was_lifted_fails_nothing_and_is_waited_for_no_more() -> None:
    current = in_review(task("a"))
    red = after(current, facts={"a": RED}).run
    assert red.tasks["a"].state == "needs_human"
    one = happen(red, "a", "overridden", sha=HEAD, name="check:CI / build (3.11)", actor="ana").run
    assert ruling_for(one, one.tasks["a"], RED).reason == "waits for check `lint`"
    both = happen(one, "a", "overridden", sha=HEAD, name="check:lint", actor="ana").run
    judged = after(both, facts={"a": RED})
    assert [action.kind for action in judged.actions if action.kind == "merge"] == ["merge"]


def test_a_need_that_was_lifted_is_not_waited_for_and_a_new_head_waits_again() -> None:
    current = in_review(task("a"), task("b", "a"))
    state = msgspec.structs.replace(
        current.tasks["b"], state="in_review", pull=5, head_sha=HEAD, heads=(HEAD,),
        overrides=(Override(kind="need", name="a", sha=HEAD),),
    )  # fmt: skip
    assert ruling_for(current, state, pull()).verdict == "merge"
    moved = msgspec.structs.replace(state, head_sha="b" * 40)
    assert ruling_for(current, moved, pull("b" * 40)).reason == "waits for `a` to merge"


def test_our_own_checks_and_another_head_are_left_as_they_are() -> None:
    current = in_review(task("a"))
    lifted = msgspec.structs.replace(current.tasks["a"], overrides=(Override(kind="check", name="test", sha=HEAD),))
    ours = pull(checks=(check("test", "failure", ours=True), check("test", "success")))
    assert overrides.counting(lifted, ours).checks[0].conclusion == "failure"
    other = pull("b" * 40, checks=(check("test", "failure"),))
    assert rule(overrides.counting(lifted, other), ()).verdict == "failed"


def test_who_said_it_and_why_stands_beside_it() -> None:
    each = Override(kind="check", name="lint", sha=HEAD, actor="ana", why="known to be @broken")
    said = overrides.told(each)
    assert said.startswith("check `lint` does not count for aaaaaaa, says `ana`: known to be ")
    assert "@broken" not in said
