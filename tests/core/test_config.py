"""A repository's own settings: what is read, and that a mistake is said, with its line, rather than ignored."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.config import Approvals, Issues, RepoConfig, combined, config_schema, read_config, read_file
from services.core.strategies import Step
from services.errors import UserError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", RepoConfig()),
        ("# nothing yet\n", RepoConfig()),
        ("checks: none\nmerge: rebase\n", RepoConfig(checks="none", merge="rebase")),
        ("approvals:\n", RepoConfig()),
        (
            "approvals:\n  required: 2\n  self: false\n  users: [ann, bob]\n",
            RepoConfig(approvals=Approvals(required=2, own=False, users=("ann", "bob"))),
        ),
        (
            'aliases:\n  "r+": approve\n  lgtm: approve\n  r-: unapprove\n',
            RepoConfig(aliases={"r+": "approve", "lgtm": "approve", "r-": "unapprove"}),
        ),
        (
            "issues:\n  assign: codeowners\n  labels: [one, Two words]\n  blocked_by: true\n  text: |\n    - [ ] a\n    - [ ] b\n",
            RepoConfig(
                issues=Issues(
                    assign="codeowners", labels=("one", "Two words"), blocked_by=True, text="- [ ] a\n- [ ] b\n"
                )
            ),
        ),
    ],
)
def test_reads(text: str, expected: RepoConfig) -> None:
    assert read_config(text) == expected


ALIAS = "an alias is a word such as 'r+' or 'lgtm', and stands for a command's word such as 'approve'"
APPROVERS = "'users' are logins and 'teams' are 'organisation/team', both without an @"
LABEL = "a label has 1 to 50 characters and no comma; those that begin with 'lockstep:' are Lockstep's own"
STRATEGY = (
    "write a list such as `[{strategy: retry}]`; a strategy is `fix_dependency`, `fix_format`, `fix_tests`, `manual`, "
)
FAILURE = "a 'text' has a word of three letters or more, five '*' at most, and not both '#' and digits"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("merge: squash\ncheks: none", 2, "Did you mean `checks`?"),
        ("xyzzy: 1", 1, "`xyzzy` is not a setting. Keys are `checks`, `merge`"),
        ("checks: never", 1, "`checks`: 'never' is none of its values; write `none` or `required`"),
        ("- checks", 1, "Settings are `key: value` lines; this is something else."),
        ("checks: [", 1, ""),
        ("merge: !!python/object:os.system x", 1, "YAML tag, which settings don't use"),
        ("x" * 70_000, 0, " bytes; keep only Lockstep's own settings in it."),
        ("[" * 3_000, 1, "nested deeper"),
        ("checks: none\nchecks: required", 2, "given twice"),
        ("approvals:\n  required: 2\n  selv: no", 3, "Did you mean `self`?"),
        ("approvals:\n  self: true\n  required: 0", 3, "write a number, at least 1"),
        ("approvals:\n  required: many", 2, "write a whole number"),
        ("approvals:\n  users:\n    - ann\n    - '@bob'", 4, APPROVERS),
        ("approvals:\n  teams: [acme/leads, bob]", 2, APPROVERS),
        ("issues:\n  labels: ['lockstep:plan']", 2, LABEL),
        ("issues:\n  asign: codeowners", 2, "Did you mean `assign`?"),
        ("issues:\n  assign: everybody", 2, "write `codeowners` or `nobody`"),
        ("approvals: 2", 1, "write its keys below it"),
        ("aliases:\n  ok: approve\n  R+: approve", 3, "`aliases.R+`: " + ALIAS),
        ("aliases:\n  lgtm: /lockstep approve", 2, "`aliases.lgtm`: " + ALIAS),
        ("aliases:\n  ok: approve\n  none:\n  lgtm: [approve]", 4, "`aliases.lgtm`: write a text"),
        ("recovery:\n  policy:\n    lint: []\n    lnt: []", 4, "'lnt'; did you mean 'lint'"),
        (
            "recovery:\n  policy:\n    lint:\n      - strategy: retry\n      - strategy: pray",
            5,
            "`manual`, `rerun_failed`",
        ),
        (
            "recovery:\n  policy:\n    unknown: []\n    lint:\n      - {strategy: retry, most: 99}",
            5,
            "number, at most 10",
        ),
        (
            "recovery:\n  policy:\n    lint:\n      - {strategy: retry, mots: 2}",
            4,
            "'mots' is none of its keys; write `strategy`",
        ),
        ("recovery:\n  policy: {test_failure: [nope]}", 2, STRATEGY),
        ("recovery:\n  policy:\n    lint: []\n    test_failure: retry", 4, STRATEGY),
        ("recovery:\n  generated:\n    a: make a\n    b: [make]", 4, "write a text"),
        ("integration: a/b", 1, "its value does not have the allowed form"),
        ("failures:\n  - text: used up quota\n    class: runer", 3, "; did you mean 'runner'"),
        ("failures:\n  - text: used up quota\n    class: xyzzyx", 3, "there is no such class"),
        ("failures:\n  - {text: used up quota, class: lint}\n  - txt: x", 3, "Did you mean `text`?"),
        ("failures:\n  - text: a*b*cde*f*g*h*i\n    class: lint", 2, FAILURE),
        ("failures:\n  - text: '12 * 34'\n    class: lint", 2, FAILURE),
        ("failures:\n  - text: '# of 12 failed'\n    class: lint", 2, FAILURE),
        ("failures:\n  - text: used up quota", 2, "it has no `class`; add it"),
        ("failures: used up", 1, "write a list, such as"),
        ("aliases:\n" + "".join(f"  a{n}: approve\n" for n in range(21)), 1, "write at most 20 entries"),
    ],
)
def test_mistakes_are_named_with_their_line(text: str, line: int, said: str) -> None:
    found = read_file(text).problems
    assert found
    assert said in found[0].message
    assert found[0].line == line
    with pytest.raises(UserError, match=r"lockstep\.yml") as caught:
        read_config(text)
    assert said in str(caught.value)


def test_what_a_repository_says_counts_over_its_owners_defaults() -> None:
    defaults = "checks: none\napprovals:\n  required: 2\n  self: false\naliases: {lgtm: approve, go: run}\n"
    own = "merge: rebase\napprovals:\n  required: 3\naliases: {go: status}\n"
    assert read_config(own, defaults=defaults) == RepoConfig(
        checks="none",
        merge="rebase",
        approvals=Approvals(required=3, own=False),
        aliases={"lgtm": "approve", "go": "status"},
    )


def test_to_its_own_failures_the_owners_are_added() -> None:
    own = "failures:\n  - {text: quota used up, class: runner}\n"
    defaults = "failures:\n  - {text: no licence left, class: budget}\n"
    found = read_config(own, defaults=defaults).failures
    assert [(known.text, known.cls) for known in found] == [("quota used up", "runner"), ("no licence left", "budget")]
    assert read_config("", defaults=defaults).failures == found[1:]


def test_of_broken_defaults_what_is_sound_counts() -> None:
    assert read_config("", defaults="checks: never\nmerge: merge\n") == RepoConfig(merge="merge")


def test_too_many_aliases_together_are_the_repositorys_own() -> None:
    many = {f"a{n}": "approve" for n in range(20)}
    assert combined({"aliases": {"lgtm": "approve"}}, {"aliases": many}).aliases == many


def test_the_schema_knows_every_key() -> None:
    schema = config_schema()
    assert set(schema["properties"]) == set(RepoConfig.__struct_fields__)
    assert set(schema["$defs"]["Approvals"]["properties"]) == {"required", "self", "users", "teams"}
    assert set(schema["$defs"]["KnownFailure"]["properties"]) == {"text", "class"}
    assert schema["additionalProperties"] is False


@given(st.text(max_size=200))
def test_any_text_is_settings_or_one_sentence(text: str) -> None:
    said = ""
    try:
        read_config(text)
    except UserError as error:
        said = str(error)
    assert "\n" not in said


def test_what_is_done_about_failures_is_a_repositorys_own_over_its_owners() -> None:
    text = (
        "recovery:\n  fixer: sed -i 's/x/\\\\0/' a.txt && mv bad.txt good.txt\n  most: 0\n"
        "  policy:\n    unknown: [{strategy: rerun_failed, most: 2, first: 60}]\n    lint: []\n"
    )
    found = read_config(text, defaults="recovery:\n  verify: make test\n  most: 4\n").recovery
    assert (found.fixer[-12:], found.verify, found.most) == ("txt good.txt", "make test", 0)
    assert found.policy == {"unknown": (Step("rerun_failed", 2, 60.0),), "lint": ()}


@pytest.mark.parametrize(
    "text",
    [
        "recovery: {fixr: x}",
        "recovery: {most: 51}",
        "recovery: {policy: {lnt: []}}",
        "recovery: {policy: {lint: [{strategy: pray}]}}",
        "recovery: {policy: {lint: [{strategy: retry, most: 99}]}}",
        "recovery: {policy: {lint: [{strategy: retry, mots: 2}]}}",
    ],
)
def test_a_misspelt_word_about_failures_is_said(text: str) -> None:
    with pytest.raises(UserError):
        read_config(text)


def test_lines_are_counted_as_editors_do() -> None:
    for end in ("\n", "\r\n", "\r"):
        (problem,) = read_file(f"merge: squash{end}checks: maybe{end}").problems
        assert (problem.line, problem.column) == (2, 9)
