"""plan_rules: repositories, ids, needs and circles of a whole plan."""

import pytest

from services.core.plan_rules import MAX_NAMED, Repos, is_repo
from services.core.problems import Findings, Spot
from tests.core.drawn import found, read


def listed(*entries: str) -> str:
    return "".join(f"- [ ] {entry}\n" for entry in entries)


@pytest.mark.parametrize("name", ["a/b", "acme/api", "A-1/b.c_d-e", "a_b/.github", "a/" + "b" * 100])
def test_names_of_repositories(name: str) -> None:
    assert is_repo(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a",
        "/",
        "a/",
        "/b",
        "a/b/c",
        "a/..",
        "a/.",
        "-a/b",
        "a b/c",
        "a/b c",
        "https://x/a/b",
        "a/b#1",
        "ä/b",
        "a/b\n",
        "a/" + "b" * 101,
        "a@b/c",
    ],
)
def test_not_names_of_repositories(name: str) -> None:
    assert not is_repo(name)


def resolved(name: str, *installed: str) -> tuple[str | None, str]:
    findings = Findings()
    repo = Repos("acme/web", installed or None).resolve(Spot(name), findings)
    return repo, "".join(problem.message for problem in findings.listed())


def test_repositories_are_found_without_regard_to_case() -> None:
    assert resolved("ACME/API", "acme/api") == ("acme/api", "")
    assert resolved("any/thing") == ("any/thing", "")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("acmee/api", "acme/api"),
        ("api", "acme/api"),
        ("station", "orbit/station"),
        ("acme\\api", "acme/api"),
        ("acme/ap", "acme/api"),
    ],
)
def test_the_repository_that_was_probably_meant_is_named(name: str, meant: str) -> None:
    repo, message = resolved(name, "acme/api", "other/api", "orbit/station")
    assert repo is None
    assert f"Did you mean `{meant}`?" in message


def test_without_a_home_every_task_names_its_repository() -> None:
    findings = Findings()
    assert Repos("", None).home == ""
    assert not findings.failed
    assert found("- [ ] **a** A") == []


def test_ids_are_one_without_regard_to_case() -> None:
    problems = read(listed("**api** A", "**web** W", "**API** B", "**Api** C")).errors
    assert [(problem.kind, problem.line) for problem in problems] == [("duplicate_id", 3), ("duplicate_id", 4)]
    assert all("line 1" in problem.message for problem in problems)


def test_needs_are_exact_and_reported_once_each() -> None:
    text = listed(
        "**Schema** S", "**a** A · needs: schema, Schema, Schema, a, gone", "**b c** B", "**d** D · needs: b c"
    )
    assert found(text) == [("unknown_dependency", 2), ("self_dependency", 2), ("unknown_dependency", 2), ("bad_id", 3)]
    assert "Did you mean `Schema`?" in read(text).errors[0].message


def test_each_circle_is_one_problem_that_names_all_its_tasks() -> None:
    text = listed(
        "**a** A · needs: b",
        "**b** B · needs: c",
        "**c** C · needs: a, d",
        "**d** D · needs: c",
        "**e** E · needs: a",
        "**x** X · needs: y",
        "**y** Y · needs: x",
    )
    first, second = read(text).errors
    assert (first.kind, first.line, second.kind, second.line) == ("cycle", 1, "cycle", 6)
    assert "`a` needs `b` needs `c` needs `a`" in first.message
    assert "`d` is caught in it too" in first.message
    assert "`e`" not in first.message


def test_a_circle_of_hundreds_names_some() -> None:
    text = listed(*(f"**t{n}** T · needs: t{(n + 1) % 300}" for n in range(300)))
    (problem,) = read(text).errors
    assert problem.message.count(" needs ") == MAX_NAMED
    assert f" ({300 - MAX_NAMED} more between them). Remove one of these needs." in problem.message


def test_a_circle_is_found_beside_other_mistakes() -> None:
    text = listed("**a** A (nope) · needs: b", "**b** · needs: a, gone")
    assert [kind for kind, _ in found(text)] == ["unknown_repo", "cycle", "missing_field", "unknown_dependency"]


def test_a_wrong_default_is_reported_once() -> None:
    text = "defaults: {repo: nope}\ntasks: [{id: a, title: A}, {id: b, title: B, repo: acme/api}]"
    assert found(text, "yaml") == [("unknown_repo", 1)]
    assert [task.id for task in read(text, "yaml").tasks] == ["b"]


def test_too_many_paths_are_refused() -> None:
    assert found(listed("**a** A · paths: " + ", ".join(f"p{n}" for n in range(201)))) == [("bad_value", 1)]


def test_a_group_that_waits_for_itself_over_somebody_else_is_refused() -> None:
    text = (
        "- [ ] **a** A · group: g\n- [ ] **between** B · needs: a\n- [ ] **c** C · needs: between · group: g\n"
        "- [ ] **d** D · group: h\n- [ ] **e** E · needs: c, d · group: h\n"
    )
    (problem,) = [each for each in read(text).problems if each.severity == "error"]
    assert problem.kind == "group_circle"
    assert "the group `g` needs `between` needs the group `g`." in problem.message
    assert not read(text.replace("needs: a", "needs: a · group: g")).errors
